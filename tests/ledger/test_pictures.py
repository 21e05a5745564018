"""Pictures in the ledger: noted once an article, owed until they are had or were tried enough."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crawler.items import WarcPointer
from crawler.ledger.rows import PictureCapture, PictureRow
from crawler.ledger.schedule import PICTURE_TRIES, RETRY_SCHEDULE
from crawler.outcomes import PictureOutcome
from tests.ledger.conftest import HOUR, RUN, T0

if TYPE_CHECKING:
    from crawler.ledger.ledger import Ledger

AT = "http://js.news.cn/pics"
LATER = "20260101T090000Z-ffff"
CAPTURE = PictureCapture(
    T0, f"{AT}/1.jpg", "image/jpeg", 300, "0a" * 32,
    WarcPointer("warc/2026/01/a.warc.gz", 7, 9, "<urn:uuid:1>", "sha1:A", "0b" * 32),
)  # fmt: skip


def note(ledger: Ledger, *names: str, article: str = "1121600001", version: int = 1) -> None:
    shown = [name if ":" in name else f"{AT}/{name}.jpg" for name in names]
    ledger.pictures.note(article, shown, version=version, region="js", run_id=RUN, at=T0)


def owed(
    ledger: Ledger,
    run_id: str = LATER,
    *,
    at: timedelta = HOUR,
    regions: tuple[str, ...] | None = ("js",),
    after: PictureRow | None = None,
    limit: int = 100,
) -> list[PictureRow]:
    return ledger.pictures.owed(
        run_id=run_id, at=T0 + at, regions=regions, after=after, limit=limit
    )


def names(rows: list[PictureRow]) -> list[str]:
    return [row.url.rsplit("/", 1)[1].removesuffix(".jpg") for row in rows]


def test_each_is_noted_once_for_its_first_version(ledger: Ledger) -> None:
    note(ledger, "1", "2", "1")
    note(ledger, "2", "3", version=2)
    note(ledger, "1", article="1121600002")
    rows = ledger.pictures.of_article("1121600001")
    assert [(row.version, name) for row, name in zip(rows, names(rows), strict=True)] == [
        (1, "1"), (1, "2"), (2, "3"),
    ]  # fmt: skip
    assert names(owed(ledger)) == ["1", "2", "3", "1"]


def test_they_are_owed_in_chunks_by_region_or_run(ledger: Ledger) -> None:
    note(ledger, "1", "2", "3")
    first = owed(ledger, limit=2)
    assert names(first) == ["1", "2"]
    assert names(owed(ledger, after=first[-1])) == ["3"]
    assert owed(ledger, regions=("he",)) == []
    assert names(owed(ledger, RUN, regions=None)) == ["1", "2", "3"]
    assert owed(ledger, LATER, regions=None) == []


def test_out_of_scope_is_an_outcome_at_once(ledger: Ledger) -> None:
    note(ledger, "http://cdn.example.org/a.jpg", "1")
    assert names(owed(ledger)) == ["1"]
    counts = ledger.pictures.counts(RUN)
    assert (counts.noted, counts.owed, counts.outcomes) == (2, 1, {"refused_address": 1})


def test_one_that_fails_is_given_up_in_the_end(ledger: Ledger) -> None:
    note(ledger, "1")
    at = timedelta()
    for number in range(PICTURE_TRIES):
        run_id = f"run-{number}"
        (row,) = owed(ledger, run_id, at=at)
        ledger.pictures.failed(
            row, PictureOutcome.MISSING, run_id=run_id, at=T0 + at, detail="HTTP 404"
        )
        assert owed(ledger, run_id, at=timedelta(days=99)) == []
        assert owed(ledger, "another", at=at) == []
        at += RETRY_SCHEDULE[number]
    assert owed(ledger, "last", at=timedelta(days=99)) == []
    assert ledger.pictures.owed_count() == 0


@pytest.mark.parametrize("outcome", [PictureOutcome.TOO_LARGE])
def test_what_would_end_the_same_is_not_tried_again(
    ledger: Ledger, outcome: PictureOutcome
) -> None:
    note(ledger, "1")
    (row,) = owed(ledger)
    ledger.pictures.failed(row, outcome, run_id=LATER, at=T0, detail="why")
    assert ledger.pictures.owed_count() == 0


def test_what_is_archived_is_known_by_its_address(ledger: Ledger) -> None:
    note(ledger, "1", "2")
    first, _ = owed(ledger)
    assert ledger.pictures.captured(f"{AT}/1.jpg") is None
    ledger.pictures.archived(first, CAPTURE, run_id=LATER)
    assert ledger.pictures.captured(f"{AT}/1.jpg") == CAPTURE
    assert names(owed(ledger, "next")) == ["2"]
    assert ledger.pictures.archiving_runs() == {LATER}
    assert [row.capture for row in ledger.pictures.of_run(LATER)] == [CAPTURE]
    counts = ledger.pictures.counts(LATER)
    assert (counts.bytes, counts.outcomes, counts.owed) == (300, {"archived": 1}, 1)
    assert not ledger.pictures.is_concerned("next")
    assert ledger.pictures.is_concerned(RUN)
    assert ledger.pictures.is_concerned(LATER)
