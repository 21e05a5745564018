"""The ledger held against lines and reports, both ways."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from crawler.clock import iso
from crawler.data_dir import report_file
from crawler.ledger.ledger import Ledger
from crawler.ledger.rows import Ending
from crawler.outcomes import Outcome
from crawler.verification.across_warcs import RecordIds
from crawler.verification.ledger_rows import LedgerProof
from crawler.verification.line_summaries import Summaries, spooled, summary_of
from crawler.verification.manifests import Manifest
from tests.ledger.conftest import HOUR, RUN, T0, at_site, line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

JSONL = f"jsonl/2026/01/xinhua-{RUN}.jsonl"
SEEN = replace(at_site(1), title="春灌开闸")
TOLD: dict[str, Any] = {
    "run_id": RUN, "started_at": iso(T0), "finished_at": iso(T0 + HOUR), "exit_code": 0,
    "command": "scrapy crawl xinhua", "reason": "finished", "outcomes": {"published": 1},
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ledger that a run of one article leaves."""
    path = tmp_path_factory.mktemp("made") / "ledger.sqlite"
    with closing(Ledger.open(path)) as opened:
        opened.runs.start(RUN, T0, TOLD["command"])
        opened.addresses.see([SEEN], run_id=RUN, at=T0 - HOUR / 60)
        opened.articles.add_line(line(), jsonl=JSONL)
        opened.settling.finish(Ending(SEEN.url, Outcome.PUBLISHED, RUN, T0))
        opened.runs.finish(RUN, T0 + HOUR, 0, "finished", TOLD["outcomes"])
        opened.commit()
    return path


@pytest.fixture
def ledger(made: Path, tmp_path: Path) -> Iterator[Ledger]:
    """A copy of it."""
    path = tmp_path / "state" / "ledger.sqlite"
    path.parent.mkdir()
    shutil.copy(made, path)
    with closing(Ledger.open(path)) as opened:
        yield opened


def found(
    data_dir: Path,
    ledger: Ledger,
    lines: Sequence[dict[str, Any]] = (line(),),
    *,
    names: Sequence[str] = (JSONL,),
    is_whole: bool = True,
    is_busy: bool = False,
) -> list[str]:
    spool = data_dir / "spool"
    made = [
        summary_of(one, JSONL, number=number, offset=0, derived=None)
        for number, one in enumerate(lines, start=1)
    ]
    spool.write_text("".join(map(spooled, made)))
    report = report_file(data_dir, RUN)
    report.parent.mkdir(exist_ok=True)
    report.write_text(json.dumps(TOLD | {"regions": {"js": TOLD["outcomes"]}}))
    manifest = Manifest(report, told=TOLD)
    proof = LedgerProof(
        data_dir, ledger, names, {RUN: manifest}, (), is_whole=is_whole, is_busy=is_busy,
        version="1.0",
    )  # fmt: skip
    with closing(Summaries()) as summaries, closing(RecordIds()) as ids:
        summaries.take(spool)
        return [f"{one.code}: {one.message}" for one in proof.check(summaries, ids)]


def test_what_agrees(tmp_path: Path, ledger: Ledger) -> None:
    assert found(tmp_path, ledger) == []
    assert found(tmp_path, ledger, is_whole=False) == []


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE versions SET title = 'x'", "ledger_mismatch: line 1: "),
        ("UPDATE versions SET jsonl = 'x'", "the ledger has it in x"),
        ("UPDATE versions SET line_sha256 = 'x', version = 2", "the ledger differs in version, "),
        ("UPDATE articles SET etag = 'x'", "of the article the ledger differs in etag"),
        ("UPDATE articles SET version = 2", "of the article the ledger differs in version"),
        ("UPDATE articles SET content_sha256 = 'x'", "differs in content_sha256"),
        ("UPDATE articles SET last_checked_at = first_seen_at", "differs in last_checked_at"),
        ("DELETE FROM articles", "the ledger has no row of the article"),
        ("DELETE FROM addresses", "the ledger doesn't have it at http"),
        ("UPDATE addresses SET found_on = 'x'", "the ledger found its addresses elsewhere"),
        ("UPDATE runs SET exit_code = 3", "ledger_mismatch: the ledger differs in exit_code"),
        ("UPDATE runs SET counts = '{}'", "ledger_mismatch: the ledger differs in outcomes"),
        ("DELETE FROM runs", "not_in_ledger: the ledger knows no such run"),
    ],
)
def test_rows_that_say_otherwise(
    tmp_path: Path, ledger: Ledger, statement: str, expected: str
) -> None:
    ledger.connection.raw.exec_driver_sql(statement)
    assert any(expected in one for one in found(tmp_path, ledger)), found(tmp_path, ledger)


def test_a_line_or_a_row_alone(tmp_path: Path, ledger: Ledger) -> None:
    (unknown,) = found(tmp_path, ledger, [line(), line(2)])
    assert unknown.startswith("not_in_ledger: line 2: ")
    missing = found(tmp_path, ledger, [])
    assert missing[0].startswith("missing_line: 1120000001: the ledger has its version 1, live")
    lost = found(tmp_path, ledger, [], names=())
    assert lost[-1] == "missing_line: the ledger knows 1 line of it, and it is not there"
    assert found(tmp_path, ledger, [], names=(), is_whole=False) == []


def test_a_run_that_is_on(tmp_path: Path, ledger: Ledger) -> None:
    """The lines of its open file aren't missing."""
    other = "20260101T090000Z-r2"
    ledger.runs.start(other, T0 + HOUR, TOLD["command"])
    later = line(2, "2026-01-01T09:00:00Z", run_id=other, line=f"{other}:1")
    ledger.articles.add_line(later, jsonl=JSONL.replace(RUN, other))
    assert found(tmp_path, ledger, is_busy=True) == []
    assert found(tmp_path, ledger) != []


def test_a_report_that_is_not_there(tmp_path: Path, ledger: Ledger) -> None:
    ledger.runs.start("20251231T080000Z-r0", T0 - 24 * HOUR, TOLD["command"])
    ledger.runs.finish("20251231T080000Z-r0", T0 - 23 * HOUR, 0, "finished", {})
    assert found(tmp_path, ledger) == ["missing_report: the ledger knows of the run"]
