"""data/sightings/: a line when an article appears on a list, one when it went, none in between."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from crawler.coverage.sightings import KEYS, MOST_PLACED, changes, differs
from crawler.ledger.rows import Placement
from crawler.lists.links import ListLink
from tests.channel import FAST
from tests.column_site import HOST, Column
from tests.conftest import PROJECT
from tests.processes import crawl, defects
from tests.scrapy_process import KILLER
from tests.spiders.test_list_sources import articles_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.channel import Archive
    from tests.conftest import RunScrapy

SCHEMA = json.loads((PROJECT / "crawler" / "coverage" / "sighting.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
YW, JJ = f"http://{HOST}/lb/yw.htm", f"http://{HOST}/lb/jj.htm"
KILL = "crawler.storage:publish:{}:1"


def lines_of(data_dir: Path) -> list[list[dict[str, Any]]]:
    """The lines of each file, in the order of the runs, each held against the schema."""
    files = sorted(data_dir.glob("sightings/*/*/*.jsonl"), key=lambda path: path.name)
    found = [[json.loads(line) for line in file.read_bytes().splitlines()] for file in files]
    for line in (line for lines in found for line in lines):
        VALIDATOR.validate(line)
    return found


class Lists:
    """Two columns of a site, and the crawls over them."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.urls = articles_of(archive)
        self.yw = Column("/lb/yw.htm", self.urls[:4], per_page=4)
        self.jj = Column("/lb/jj.htm", self.urls[2:5], per_page=5)
        archive.site.columns = [self.yw, self.jj]

    def run(self, lists: str = f"{YW},{JJ}") -> list[dict[str, Any]]:
        """The lines of one crawl."""
        before = len(lines_of(self.archive.data_dir))
        done = self.archive.run("-a", f"lists={lists}")
        found = lines_of(self.archive.data_dir)[before:]
        assert len(found) <= 1
        names = [row["path"] for row in done.report["files"] if "sightings/" in row["path"]]
        assert len(names) == len(found)
        return found[0] if found else []


@pytest.fixture
def lists(archive_of: Callable[..., Archive]) -> Lists:
    return Lists(archive_of(articles=40))


def test_what_lists_show_over_five_crawls(lists: Lists) -> None:
    urls, moved = lists.urls, lists.yw
    first = lists.run()
    assert tuple(first[0]) == KEYS
    assert Counter((one["event"], one["list"]) for one in first) == {
        ("appeared", YW): 4, ("appeared", JJ): 3,
    }  # fmt: skip
    own = [one for one in first if one["list"] == YW]
    assert [(one["url"], one["position"], one["page"]) for one in own] == [
        (url, number, 1) for number, url in enumerate(urls[:4], 1)
    ]
    # the site's headlines are "要闻0", "要闻1", …: none is an article's title
    assert {one["differs"] for one in own} == {True}
    assert {one["region"] for one in first} == {"js"}

    assert lists.run() == []

    # a new one on top: the last goes to the second page, all others have another headline now
    moved.items[:0] = [urls[10]]
    second = lists.run(YW)
    assert Counter(one["event"] for one in second) == {"appeared": 4, "gone": 4}
    went = [one for one in second if one["event"] == "gone"]
    assert {one["url"] for one in went} == set(urls[:4])
    assert {one["last_shown_at"] < one["at"] for one in went} == {True}
    assert {one["position"] for one in went} == {None}

    # the same article at another address is a placement of its own
    mirror = urls[10].replace("www.js.xinhuanet.com", "js.news.cn")
    mirror = mirror if mirror != urls[10] else urls[10].replace("js.news.cn", "www.js.news.cn")
    moved.items[0] = mirror
    third = [one for one in lists.run(YW) if one["event"] == "appeared"]
    assert [one["url"] for one in third] == [mirror]
    assert urls[10] in third[0]["also_at"]

    # a list that can't be read says nothing of what it shows
    lists.archive.site.columns = [lists.jj]
    assert lists.run(YW) == []
    assert defects(lists.archive.data_dir) == []


def test_an_address_first_shown_by_a_further_page_has_one_line(
    archive_of: Callable[..., Archive],
) -> None:
    lists = Lists(archive_of(articles=40))
    lists.yw.items = lists.urls[:9]
    first = lists.run(YW)
    assert [(one["page"], one["url"]) for one in first] == [
        (1 + number // 4, url) for number, url in enumerate(lists.urls[:9])
    ]
    lists.yw.items[:0] = lists.urls[20:24]
    second = Counter((one["event"], one["page"]) for one in lists.run(YW))
    assert second == {("appeared", 1): 4, ("gone", 1): 4}


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_at_publication_loses_and_doubles_nothing(
    archive_of: Callable[..., Archive], moment: str
) -> None:
    lists = Lists(archive_of(articles=20))
    env = {
        **lists.archive.site.environment,
        "PYTHONPATH": str(KILLER),
        "XINHUA_KILL": KILL.format(moment),
    }
    done = crawl("-a", f"lists={YW}", *FAST, data_dir=lists.archive.data_dir, env=env)
    assert done.exitcode == -9
    env.pop("XINHUA_KILL")
    again = crawl("-a", f"lists={YW}", *FAST, data_dir=lists.archive.data_dir, env=env)
    assert again.exitcode == 0
    (lines,) = lines_of(lists.archive.data_dir)
    assert len(lines) == 4
    assert defects(lists.archive.data_dir) == []


def test_repair_makes_the_placements_again(lists: Lists, scrapy_cmd: RunScrapy) -> None:
    """And what no file of articles knows is owed again."""
    data_dir = lists.archive.data_dir
    assert lists.run()
    shutil.rmtree(data_dir / "state")
    made = scrapy_cmd("repair", "--ledger", data_dir=data_dir)
    assert made.returncode == 0, made.stdout + made.stderr
    assert defects(data_dir) == []
    assert lists.run() == []


@pytest.mark.parametrize(
    ("headline", "title", "expected"),
    [
        ("南京开放夜游", "南京开放夜游", False),
        ("南京 开放夜游!", "南京开放夜游！", False),
        ("南京开放…", "南京开放夜游", False),
        ("南京开放...", "南京开放夜游", False),
        ("苏州开放…", "南京开放夜游", True),
        ("南京开放", "南京开放夜游", True),
        ("图集", "南京开放夜游", True),
        (None, "南京开放夜游", None),
        ("南京开放夜游", None, None),
    ],
)
def test_whether_a_headline_differs(
    headline: str | None, title: str | None, expected: bool | None
) -> None:
    assert differs(headline, title) is expected


def test_the_schema_has_the_keys_in_their_order() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert (tuple(SCHEMA["properties"]), SCHEMA["required"]) == (KEYS, list(KEYS))
    assert SCHEMA["additionalProperties"] is False


def link(number: int, title: str | None = "要闻", position: int = 1) -> ListLink:
    url = f"http://js.news.cn/2026-03/05/c_112{number:07}.htm"
    return ListLink(url, url, title, position)


def placed(number: int, headline: str | None = "要闻") -> Placement:
    return Placement(link(number).url, headline)


@pytest.mark.parametrize(
    ("before", "now", "appeared", "gone"),
    [
        ([], [link(1), link(2)], [1, 2], []),
        ([placed(1)], [link(1)], [], []),
        ([placed(1)], [link(1, position=7)], [], []),
        ([placed(1), placed(2)], [link(3), link(1)], [3], [placed(2)]),
        ([placed(1)], [link(1, "另题")], [1], [placed(1)]),
        ([placed(1, None)], [link(1, None)], [], []),
        ([placed(1)], [], [], [placed(1)]),
    ],
)
def test_changes(
    before: list[Placement], now: list[ListLink], appeared: list[int], gone: list[Placement]
) -> None:
    found = changes(before, now)
    assert [one.url for one in found.appeared] == [link(number).url for number in appeared]
    assert found.gone == set(gone)


def test_a_page_of_a_hundred_thousand_links_is_followed_in_part() -> None:
    assert len(changes([], [link(n) for n in range(100_000)]).appeared) == MOST_PLACED
