"""Certificates that their own reasons, sums or places deny."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from crawler.data_dir import certificate_name
from crawler.verification.certificate_files import check_certificates

if TYPE_CHECKING:
    from pathlib import Path

DAY, RUN = date(2026, 3, 4), "20260307T040000Z-0a1b"
REGION: dict[str, Any] = {
    "verdict": "complete", "reasons": [], "seen": 3, "archived": 2, "refused": ["a"], "owed": [],
    "implied": [], "sources": [], "hours_without_look": [], "found_later": [],
}  # fmt: skip
CERTIFICATE: dict[str, Any] = {
    "schema_version": 1, "day": "2026-03-04", "number": 0, "closed": "2026-03-07T04:00:00Z",
    "run_id": RUN, "regions": {"js": REGION},
}  # fmt: skip
LATER = CERTIFICATE | {"number": 1, "regions": {"js": {"added": ["b"]}}}


def found(data_dir: Path, *certificates: dict[str, Any]) -> list[str]:
    paths = []
    for number, told in enumerate(certificates):
        paths.append(data_dir / certificate_name(DAY, number))
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        paths[-1].write_text(json.dumps(told))
    findings, runs = check_certificates(data_dir, paths, is_whole=True)
    assert len(findings) + len(runs) == len(certificates)
    assert {one.code for one in findings} <= {"bad_certificate"}
    return [one.message for one in findings]


def region(**values: Any) -> dict[str, Any]:
    return CERTIFICATE | {"regions": {"js": REGION | values}}


def test_what_is_right(tmp_path: Path) -> None:
    hole = [{"covered": False}]
    assert found(tmp_path, CERTIFICATE, LATER) == []
    incomplete = {"verdict": "incomplete", "reasons": ["a hole"], "implied": hole}
    assert found(tmp_path, region(**incomplete)) == []


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (CERTIFICATE | {"more": 1}, "its keys"),
        (CERTIFICATE | {"day": "2026-03-05"}, "it is of 2026-03-05"),
        (CERTIFICATE | {"run_id": "me"}, "its run is 'me'"),
        (CERTIFICATE | {"closed": "2026-03-06T04:00:00Z"}, "before two days had passed"),
        (CERTIFICATE | {"closed": "2026-03-07T04:00:00"}, "before two days had passed"),
        (region(more=1), "its keys"),
        (region(verdict="perfect"), "perfect"),
        (region(reasons=["none"]), "with 1 reasons"),
        (region(seen=4), "4 were seen, 3 are told of"),
        (region(verdict="incomplete", reasons=["x"]), "0 addresses and holes"),
        (region(owed=["b"], seen=4), "1 addresses and holes"),
    ],
)
def test_what_contradicts_itself(tmp_path: Path, told: dict[str, Any], why: str) -> None:
    (message,) = found(tmp_path, told)
    assert why in message


def test_a_file_on_what_was_found_later(tmp_path: Path) -> None:
    nothing = LATER | {"regions": {"js": {"added": []}}}
    assert found(tmp_path, CERTIFICATE, nothing) == ["region js: nothing was added"]
    path = tmp_path / certificate_name(DAY, 0)
    path.unlink()
    later = tmp_path / certificate_name(DAY, 1)
    later.write_text(json.dumps(LATER))
    (finding,), _ = check_certificates(tmp_path, [later], is_whole=True)
    assert finding.message == f"{certificate_name(DAY, 0)} isn't there"
    assert check_certificates(tmp_path, [later], is_whole=False)[0] == []
