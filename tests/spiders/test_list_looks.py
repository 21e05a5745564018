"""Which lists a run asks: front pages always, the others as often as they bring news; how far back
they go, and which regions' lists are silent."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from crawler.ledger.schedule import LEARNING_DAYS
from crawler.lists.links import ListLink
from crawler.spiders.list_looks import ListReach
from tests.spiders.conftest import HOST, ROOT, page

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.channel import Archive
    from tests.spiders.conftest import Walks

BUSY, QUIET, DEAD = f"{HOST}/yw.htm", f"{HOST}/ldhd.htm", f"{HOST}/old.htm"
A_DAY = 4
# midnight in Beijing
START = datetime(2025, 12, 31, 16, tzinfo=UTC)


class Days:
    """Walks through days of four runs: the busy list has a new article at each run, which the front
    page doesn't show; `asked` are the lists of each run."""

    def __init__(self, walks: Walks, monkeypatch: pytest.MonkeyPatch) -> None:
        self.walks = walks
        self.at = START
        self.number = 0
        self.asked: list[set[str]] = []
        self.alarms: list[str] = []
        for module in ("list_walk", "list_looks", "frontier"):
            monkeypatch.setattr(f"crawler.spiders.{module}.now", lambda: self.at)
        links = {"要闻": BUSY, "领导": QUIET, "旧闻": DEAD}
        walks.site = {ROOT: page([1], **links), QUIET: page([2]), DEAD: page([3])}

    def run(self, runs: int = 1, **arguments: str) -> set[str]:
        for _ in range(runs):
            self.number += 1
            newest = range(1000 + self.number, 990 + self.number, -1)
            self.walks.site[BUSY] = page(newest)
            walk = self.walks.run(**arguments)
            self._admit()
            walk.finish()
            self.alarms = [alarm.text for alarm in walk._publisher.alarms()]
            self.asked.append(set(self.walks.asked))
            self.at += timedelta(days=1) / A_DAY
        return self.asked[-1]

    def _admit(self) -> None:
        """Tell the ledger the addresses, as the frontier does with each answer."""
        from crawler.spiders.frontier import sighting

        found = [sighting(url) for url in sorted(self.walks.seen)]
        self.walks.ledger.addresses.see(found, run_id=f"run-{self.number}", at=self.at)


@pytest.fixture
def days(walks: Walks, monkeypatch: pytest.MonkeyPatch) -> Days:
    return Days(walks, monkeypatch)


def test_a_list_is_asked_as_often_as_it_brings_news(days: Days) -> None:
    days.run(LEARNING_DAYS * A_DAY)
    assert all({ROOT, BUSY, QUIET} <= asked for asked in days.asked)
    days.asked.clear()
    days.run(3 * A_DAY)
    assert all({ROOT, BUSY} <= asked for asked in days.asked)
    assert sum(QUIET in asked for asked in days.asked) == 6
    days.run(20 * A_DAY)
    days.asked.clear()
    days.run(3 * A_DAY)
    assert sum(QUIET in asked for asked in days.asked) == 3
    assert all({ROOT, BUSY} <= asked for asked in days.asked)


def test_always_with_lists_or_since(days: Days) -> None:
    days.run((LEARNING_DAYS + 1) * A_DAY)
    assert QUIET not in days.run() & days.run()
    assert QUIET in days.run(since="2026-01-10")
    assert days.run(lists=QUIET) == {QUIET}


def test_a_list_that_fails_is_asked_until_it_answers(days: Days) -> None:
    days.run((LEARNING_DAYS + 1) * A_DAY)
    shown = days.walks.site.pop(QUIET)
    days.walks.site[QUIET] = 503
    days.asked.clear()
    days.run(A_DAY)
    first = next(n for n, asked in enumerate(days.asked) if QUIET in asked)
    assert all(QUIET in asked for asked in days.asked[first:])
    days.walks.site[QUIET] = shown
    days.run()
    assert QUIET not in days.run()


def test_a_list_that_died_is_asked_once_a_day_and_told_of_if_it_brought_news(days: Days) -> None:
    days.run(2)
    days.walks.site[DEAD] = page([4, 3])
    days.run(LEARNING_DAYS * A_DAY)
    days.walks.site[DEAD] = days.walks.site[QUIET] = 404
    days.run(2 * A_DAY)
    assert [DEAD in alarm for alarm in days.alarms] == [True]
    assert "1 list of region gz" in days.alarms[0]
    days.asked.clear()
    days.run(2 * A_DAY)
    assert [sum(url in asked for asked in days.asked) for url in (DEAD, QUIET)] == [2, 2]
    assert DEAD in days.run(since="2026-01-10") & days.run(since="2026-01-10")
    days.walks.site[DEAD] = page([5, 4])
    days.run(A_DAY)
    assert days.alarms == []


def test_over_the_budget_the_longest_overdue_come_first(days: Days) -> None:
    for number in range(30):
        url = f"{HOST}/l{chr(97 + number % 26)}{number}.htm"
        days.walks.site[url] = page([100 + number])
        days.walks.ledger.lists.remember(url, region="gz", depth=1)
    budget = {"LIST_MAX_COLUMNS": 16}
    asked = set()
    for _ in range(3):
        days.walks.run(settings=budget)
        asked |= {url for url in days.walks.asked if "/l" in url}
        days.at += timedelta(hours=1)
    assert len(asked) >= 30


def test_a_region_whose_columns_all_move_is_followed(archive_of: Callable[..., Archive]) -> None:
    """Within two runs, with nothing but the site itself to go by."""
    archive = archive_of(articles=6, daily=2)
    for day in (0, 0.5):
        archive.site.day = day
        alarms = archive.run("-a", "regions=js").report["alarms"]
        # a server's clock isn't shifted
        assert [one for one in alarms if "ledger's server" not in one] == []
    archive.site.world.moves["js"] = archive.site.day = 1.0
    archive.run("-a", "regions=js")
    archive.site.day = 2.4
    archive.run("-a", "regions=js")
    columns = {one.path for one in archive.asked if one.path.startswith("/lanmu/")}
    assert len(columns) >= 4
    assert {one.status for one in archive.asked if one.path in columns} <= {200, 304}
    kept = {line["id"] for line in archive.lines()}
    listed = {
        one["id"] for one in archive.site.truth()["articles"]
        if one["listed_on"] and one["state"] == "live" and not one["hidden"]
    }  # fmt: skip
    assert listed <= kept


def link(day: str | None) -> ListLink:
    folder = f"{day[:7]}/{day[8:]}" if day else "a"
    url = f"http://www.js.xinhuanet.com/{folder}/c_1121600001.htm"
    return ListLink(url, url, "云溪镇", 1)


def test_regions_none_of_whose_lists_answered() -> None:
    reach = ListReach(None, None)
    for region in ("js", "he", None):
        reach.asked(region)
    reach.answered("js")
    assert (reach.silent(), reach.unreached()) == (["he"], {})


def test_days_no_list_went_back_to() -> None:
    reach = ListReach(date(2017, 9, 1), date(2017, 9, 30))
    for region in ("js", "he", "hn"):
        reach.asked(region)
    reach.read("js", [link("2017-09-29"), link("2017-09-11")])
    reach.read("he", [link("2017-09-29"), link("2017-08-31")])
    reach.read("hn", [link(None)])
    assert reach.unreached() == {
        "js": ["2017-09-01", "2017-09-10"],
        "hn": ["2017-09-01", "2017-09-30"],
    }
