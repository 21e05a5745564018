"""Summaries of lines: the outcome that a run counts, and their order once they are taken."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from crawler.verification.line_summaries import Summaries, outcome_of, spooled, summary_of
from tests.ledger.conftest import gone_line, line

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.verification.line_summaries import LineSummary

FLAGGED = [{"flag": "unknown_layout", "detail": None}]
CORRECTS = {"line": "20260101T080000Z-r1:1", "keys": ["title"], "reason": "another extractor"}


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        (line(), "published"),
        (line(flags=FLAGGED), "unknown_layout"),
        (line(version=2, flags=FLAGGED), "changed"),
        (line(status="restored", version=2), "restored"),
        (gone_line(), "gone"),
        (line(revision=1, corrects=CORRECTS), None),
    ],
)
def test_the_outcome(told: dict[str, Any], outcome: str | None) -> None:
    assert outcome_of(told) == outcome


def summary(told: dict[str, Any], jsonl: str = "jsonl/a.jsonl", number: int = 1) -> LineSummary:
    return summary_of(told, jsonl, number=number, offset=100 * number, derived=None)


def taken(folder: Path, *told: LineSummary) -> Summaries:
    spool = folder / "spool"
    spool.write_text("".join(map(spooled, told)))
    summaries = Summaries()
    summaries.take(spool)
    assert not spool.exists()
    return summaries


def test_the_lines_of_an_article_stand_together_oldest_first(tmp_path: Path) -> None:
    """A correction stands behind the line that it corrects, whatever file it is in."""
    at = "2026-01-02T08:00:00Z"
    correction = summary(line(revision=1, corrects=CORRECTS), "jsonl/0.jsonl")
    later, first = summary(line(at=at, version=2)), summary(line())
    gone = summary(gone_line())
    other = summary(line(2), number=2)
    with closing(taken(tmp_path, gone, other, later, correction, first)) as summaries:
        told = dict(summaries.by_article())
    assert told == {
        b"1120000001": [first, correction, later, gone],
        b"1120000002": [other],
    }


def test_versions_of_one_second_stand_in_their_order(tmp_path: Path) -> None:
    """Of two runs that began in one second the later may have the lesser id."""
    first, second = summary(line(), "jsonl/b.jsonl"), summary(line(version=2), "jsonl/a.jsonl")
    with closing(taken(tmp_path, second, first)) as summaries:
        assert dict(summaries.by_article()) == {b"1120000001": [first, second]}


def test_lines_that_share_a_key(tmp_path: Path) -> None:
    """The same line twice is told elsewhere."""
    one, other = summary(line()), summary(line(title="春灌"), number=2)
    same = summary(line(3)), summary(line(3), "jsonl/b.jsonl")
    with closing(taken(tmp_path, one, other, *same)) as summaries:
        assert list(summaries.sharing_keys()) == [[one, other]]


@pytest.mark.parametrize(
    "values",
    [{"revision": -1}, {"revision": "1"}, {"line": 7}, {"corrects": {"keys": []}},
     {"corrects": CORRECTS | {"keys": ["url"]}}, {"corrects": CORRECTS | {"reason": None}}],
)  # fmt: skip
def test_what_is_not_of_the_format(values: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        summary(line(**values))
