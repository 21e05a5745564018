"""What a line says, as rows: times, pages, addresses, the outcome it was counted as."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from crawler.items import as_line
from crawler.ledger import line_rows
from crawler.outcomes import Outcome
from tests.ledger.conftest import T0, at_site, gone_line, line, pointer

FIRST = line()


def test_the_digest_is_of_the_line_as_written() -> None:
    assert line_rows.digest(FIRST) == hashlib.sha256(as_line(FIRST)).hexdigest()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-01", datetime(2025, 12, 31, 16, tzinfo=UTC)),
        ("2026-01-01T08:00", datetime(2026, 1, 1, 0, 0, tzinfo=UTC)),
        ("2026-01-01T08:00:00+08:00", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01T08:00:00Z", T0),
    ],
)
def test_a_time_without_a_zone_is_beijings(text: str, moment: datetime) -> None:
    assert line_rows.moment(text) == moment


def test_pages_are_all_or_the_one_or_none() -> None:
    first = FIRST["warc"]
    assert line_rows.pages(FIRST) == (pointer(),)
    both = line_rows.pages(FIRST | {"warc_pages": [first, first | {"offset": 7}]})
    assert [page.offset for page in both] == [100, 7]
    assert line_rows.pages(gone_line()) == ()


def test_addresses_of_a_line() -> None:
    mirror = at_site(1, "js.news.cn").url
    own, other = line_rows.addresses(FIRST | {"also_at": [mirror, at_site(1).url]})
    assert (own["url"], own["region"], own["position"]) == (at_site(1).url, "js", 1)
    assert (other["url"], other["region"], other["result"]) == (mirror, None, None)
    assert own["first_seen_at"] == other["first_seen_at"] == T0 - timedelta(minutes=1)


@pytest.mark.parametrize(
    ("record", "outcome"),
    [
        (FIRST, Outcome.PUBLISHED),
        (line(version=2), Outcome.CHANGED),
        (line(revision=1), Outcome.PUBLISHED),
        (line(version=2, status="restored"), Outcome.RESTORED),
        (gone_line(version=1), Outcome.GONE),
    ],
)
def test_the_outcome_of_a_line(record: dict[str, object], outcome: Outcome) -> None:
    assert line_rows.addresses(record)[0]["result"] == outcome


def test_the_next_check_follows_publication() -> None:
    state = line_rows.state(FIRST | {"published_at": "2026-01-01"}, [timedelta(days=1)])
    assert state["next_check_at"] == datetime(2026, 1, 1, 16, 0, tzinfo=UTC)
    assert line_rows.state(gone_line(), [timedelta(days=9)])["next_check_at"] is None


@pytest.mark.parametrize("broken", [{}, {"id": "1"}, line(fetched_at="today"), line(warc="x")])
def test_what_is_no_line_is_an_error(broken: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        line_rows.version(broken, 1, "a.jsonl")
