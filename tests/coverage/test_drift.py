"""Drift of pages: sixty normal days raise nothing, a shift is told of by the second run."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from crawler.coverage import drift
from crawler.ledger.rows import PageMeasures
from tests.column_site import ColumnSite
from tests.new_ledgers import new_ledger
from tests.pipelines.drafts import whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from crawler.alarms import Alarm
    from crawler.ledger.ledger import Ledger
    from tests.channel import Archive
    from tests.site.answer import Answer
    from tests.site.server import Entry

# Spring Festival 2026 was on the seventeenth of February.
FIRST = date(2026, 1, 5)
FESTIVAL = {date(2026, 2, 14) + timedelta(days=n) for n in range(14)}
RUNS_A_DAY = 6

EXAMPLE = re.compile(r"(http://\S+) \((warc/\S+) at (\d+)\)")

Page = dict[str, int]
Change = "Callable[[Page], Page]"


def same(page: Page) -> Page:
    return page


def halved(page: Page) -> Page:
    """Only the beginning of the text is read."""
    return page | {"paragraphs": 1, "body_length": min(page["body_length"], 20)}


def swollen(page: Page) -> Page:
    """The text of the page around it is taken for the article's."""
    return page | {"paragraphs": page["paragraphs"] + 90, "body_length": page["body_length"] + 9000}


def without_pictures(page: Page) -> Page:
    return page | {"images": 0}


def heavier(page: Page) -> Page:
    """A new template around the same text."""
    return page | {"page_bytes": page["page_bytes"] * 9}


class Days:
    """Runs of days, each with the pages that a region publishes: dispatches, stories in pictures,
    short notices; fewer at weekends, few and mostly pictures at the festival."""

    def __init__(self, ledger: Ledger, seed: int) -> None:
        self.ledger = ledger
        self.rng = Random(seed)
        self.held: set[str] = set()
        self.told: list[tuple[date, int, Alarm]] = []

    def play(self, first: date, days: int, change: Callable[[Page], Page] = same) -> None:
        for number in range(days):
            for run in range(RUNS_A_DAY):
                self.run(first + timedelta(days=number), run, change)

    def run(self, day: date, run: int, change: Callable[[Page], Page]) -> list[Alarm]:
        at = datetime(day.year, day.month, day.day, 1 + run * 3, tzinfo=UTC)
        run_id = f"{at:%Y%m%dT%H%M%SZ}-0000"
        for number in range(self._count(day)):
            counts = change(self._page(day))
            self.ledger.measures.add("js", "Cms2022", page(run_id, number, at, counts))
        alarms = drift.watch_drift(self.ledger, at, ["js"])
        self.held = {one.id for one in alarms}
        self.told += [(day, run, one) for one in alarms]
        return alarms

    def _count(self, day: date) -> int:
        usual = 1 if day in FESTIVAL else 2 if day.weekday() > 4 else 4
        return max(0, round(self.rng.gauss(usual, 1)))

    def _page(self, day: date) -> Page:
        pictures = 0.6 if day in FESTIVAL else 0.3 if day.weekday() > 4 else 0.2
        kind = self.rng.random()
        if kind < pictures:
            text, images = self.rng.randint(1, 3), self.rng.randint(4, 15)
        elif kind < pictures + 0.1:
            text, images = 1, 0
        else:
            text, images = self.rng.randint(4, 18), self.rng.choice((0, 0, 1, 1, 2))
        length = sum(round(self.rng.lognormvariate(4.6, 0.5)) for _ in range(text))
        size = round(9000 + 2 * length + self.rng.gauss(0, 300))
        return {"paragraphs": text, "body_length": length, "images": images, "page_bytes": size}


def page(run_id: str, number: int, at: datetime, counts: Page) -> PageMeasures:
    record: dict[str, Any] = {
        "paragraphs": ["x"] * counts["paragraphs"], "body": "x" * counts["body_length"],
        "images": [{}] * counts["images"], "title": "x", "published_at": "x", "source": "x",
        "reporters": ["x"] if number % 2 else [], "editors": ["x"], "channel": ["x"],
        "keywords": [], "summary": None,
    }  # fmt: skip
    return PageMeasures(
        run_id=run_id,
        url=f"http://js.news.cn/{run_id}/{number}",
        at=at,
        weekday=at.weekday(),
        measures=drift.measures_of(record, [{"length": counts["page_bytes"]}]),
        warc_file=f"warc/2026/01/xinhua-{run_id}-00000.warc.gz",
        warc_offset=number,
    )


@pytest.fixture
def ledger(memory: Path) -> Iterator[Ledger]:
    with closing(new_ledger(memory / "ledger.sqlite")) as ledger:
        yield ledger


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.nightly) for seed in range(1, 6))]
)
def test_sixty_normal_days_raise_nothing(ledger: Ledger, seed: int) -> None:
    """Weekends and the quiet weeks around the Spring Festival among them."""
    days = Days(ledger, seed)
    days.play(FIRST, 60)
    assert days.told == []
    assert len(ledger.measures.pages("js", "Cms2022")) <= 200
    assert sum(len(counts) for counts in ledger.measures.baseline("js", "Cms2022").values()) < 2000


@pytest.mark.parametrize(
    ("change", "measure", "way"),
    [
        (halved, "body_length", "less"),
        (swollen, "paragraphs", "more"),
        (heavier, "page_bytes", "more"),
    ],
)
def test_a_shift_is_told_of_by_the_second_run_that_meets_it(
    ledger: Ledger, change: Callable[[Page], Page], measure: str, way: str
) -> None:
    days = Days(ledger, 7)
    days.play(FIRST, 30)
    assert days.told == []
    monday = FIRST + timedelta(days=35)
    met = 0
    for run in range(RUNS_A_DAY):
        alarms = days.run(monday, run, change)
        met += 1
        if alarms:
            break
    assert met == 2
    (found,) = [one for one in alarms if f":{measure}:" in one.id]
    assert f"{measure} is {way} than usual" in found.text
    assert found.text.count("http://js.news.cn/") == 3
    assert found.text.count("warc/2026/") == 3
    assert (found.region, found.layout) == ("js", "Cms2022")


def test_a_field_that_is_lacking(ledger: Ledger) -> None:
    """Pictures aren't on every page: more pages are needed to tell that none has any."""
    days = Days(ledger, 3)
    days.play(FIRST, 30)
    monday = FIRST + timedelta(days=35)
    days.play(monday, 3, without_pictures)
    assert {one.id for _, _, one in days.told} == {"drift:js:Cms2022:has_images:down"}


def test_an_alarm_holds_until_pages_are_as_before_or_three_weeks_have_passed(
    ledger: Ledger,
) -> None:
    days = Days(ledger, 5)
    days.play(FIRST, 30)
    first = FIRST + timedelta(days=30)
    days.play(first, 2, heavier)
    assert days.held
    days.play(first + timedelta(days=2), 3)
    assert not days.held
    days.play(first + timedelta(days=40), 20, heavier)
    assert days.held
    days.play(first + timedelta(days=60), 5, heavier)
    assert not days.held


def test_the_measures_of_a_record() -> None:
    record = whole()
    from crawler.items import as_record

    found = drift.measures_of(as_record(record), [{"length": 1000}])
    counts = {"paragraphs", "body_length", "images", "page_bytes"}
    assert set(found) == counts | {f"has_{name}" for name in drift.FILLS}
    assert all(type(value) is int and value >= 0 for value in found.values())


@pytest.mark.parametrize(
    ("published_at", "expected"),
    [
        (None, False),
        ("2026-01-05T08:00:00+08:00", True),
        ("2025-12-20T08:00:00+08:00", False),
        ("2017-09-28T12:53:36+08:00", False),
    ],
)
def test_which_articles_count(published_at: str | None, expected: bool) -> None:
    assert drift.is_news(published_at, datetime(2026, 1, 5, 3, tzinfo=UTC)) is expected


@pytest.fixture
def swollen_from(monkeypatch: pytest.MonkeyPatch) -> set[float]:
    """From the least of these days on an article has thrice as much markup around the same text."""
    days: set[float] = set()
    answer = ColumnSite._answer

    def larger(site: ColumnSite, entry: Entry, target: str) -> Answer:
        given = answer(site, entry, target)
        if not (days and site.day >= min(days) and target.endswith("/c.html")):
            return given
        noise = Random(target).randbytes(9000).hex()
        body = given.body.replace(b"</body>", f"<!-- {noise} --></body>".encode())
        return replace(given, body=body)

    monkeypatch.setattr(ColumnSite, "_answer", larger)
    return days


def test_pages_of_a_real_crawl_that_take_another_form(
    archive_of: Callable[..., Archive], swollen_from: set[float]
) -> None:
    archive = archive_of(articles=0, daily=30)
    told = {}
    swollen_from.add(7.5)
    for day in (3.5, 6.5, 7.5, 8.5):
        archive.site.day = day
        done = archive.run("-a", "regions=js")
        told[day] = [one for one in done.report["alarm_states"] if one["id"].startswith("drift:")]
    assert {day for day, alarms in told.items() if alarms} == {8.5}
    (alarm,) = told[8.5]
    assert alarm["id"].endswith(":page_bytes:up")
    assert (alarm["region"], alarm["is_new"]) == ("js", True)
    examples = EXAMPLE.findall(alarm["text"])
    assert len(set(examples)) == 3
    lines = {(one["url"], one["warc"]["file"], one["warc"]["offset"]) for one in archive.lines()}
    assert {(url, name, int(offset)) for url, name, offset in examples} <= lines
