"""Originals of revisits are found without reading every index there is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from crawler.verification import revisit_originals
from crawler.verification.findings import Original, WarcReport
from crawler.verification.moved_months import MovedMonths
from crawler.verification.revisit_originals import check_originals

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

URL = "http://www.js.xinhuanet.com/2026-03/02/c_1121650001.htm"
CAPTURED = "2026-03-02T10:20:30Z"
RUNS = ["20260301T000000Z-0001", "20260302T100000Z-0002", "20260302T110000Z-0003"]


def folder(data_dir: Path, *, holding: int) -> Path:
    """Three runs with an index each; one holds the capture."""
    months = data_dir / "warc" / "2026" / "03"
    months.mkdir(parents=True)
    for number, run_id in enumerate(RUNS):
        fields = {"url": URL, "mime": "text/html", "digest": "sha1:A"}
        stamp = "20260302102030" if number == holding else "20260101000000"
        line = f"cn,xinhua)/ {stamp} {json.dumps(fields)}\n"
        (months / f"xinhua-{run_id}-00000.cdxj").write_text(line)
    return months


def found(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, digest: str = "sha1:A"
) -> tuple[list[str], list[str]]:
    """The codes of what is found, and the indexes that were read."""
    read: list[str] = []
    captures = revisit_originals._captures

    def noted(path: Path, wanted: set[revisit_originals.Key]) -> set[revisit_originals.Key]:
        read.append(path.name[len("xinhua-") : -len("-00000.cdxj")])
        return captures(path, wanted)

    monkeypatch.setattr(revisit_originals, "_captures", noted)
    original = Original(0, URL, CAPTURED, digest)
    report = WarcReport(data_dir / "one.warc.gz", originals=[original])
    return [one.code for one in check_originals(data_dir, [report], MovedMonths())], read


def test_only_the_run_of_that_time_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path, holding=1)
    assert found(tmp_path, monkeypatch) == ([], [RUNS[1]])


def test_the_others_are_read_before_it_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    months = folder(tmp_path, holding=2)
    (months / "others.cdxj").write_text("")
    codes, read = found(tmp_path, monkeypatch)
    assert (codes, read) == ([], [RUNS[1], RUNS[0], RUNS[2]])
    monkeypatch.undo()
    codes, read = found(tmp_path, monkeypatch, "sha1:B")
    assert codes == ["revisit_of_nothing"]
    assert len(read) == 4
