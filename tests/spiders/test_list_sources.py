"""List sources of every kind over several runs of the real process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from crawler.ledger.ledger import Ledger
from tests import scrapy_process
from tests.channel import FAST
from tests.column_site import HOST, Column
from tests.cron import until
from tests.processes import defects
from tests.site.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.channel import Archive
    from tests.processes import Crawl

QUIET = f"http://{HOST}/lb/quiet.htm"
DATA = f"http://{HOST}/lb/ds_{'0a' * 16}.json"
NODE = "http://qc.wa.news.cn/nodeart/list?nid=117309&pgnum=1&cnt=5&tp=1&orderby=1"
BROKEN = f"http://{HOST}/lb/ds_{'0b' * 16}.json"
NO_LIST = f"http://{HOST}/lb/nolist.htm"
MISSING = f"http://{HOST}/lb/missing.htm"
MOVED = f"http://{HOST}/lb/moved.htm"
CYCLE = f"http://{HOST}/lb/cycle.htm"
FOREIGN = f"http://{HOST}/lb/foreign.htm"

# No column of the site: quiet has no validators, moved is redirected, cycle's pager leads in a
# circle, foreign has links of other regions and other sites.
LISTS = (QUIET, DATA, NODE, BROKEN, NO_LIST, MISSING, MOVED, CYCLE, FOREIGN)


def path_of(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def articles_of(archive: Archive) -> list[str]:
    """Addresses of articles that stand and may be fetched, the newest first."""
    standing = [
        one for one in archive.site.truth()["articles"]
        if one["state"] == "live" and not one["hidden"]
    ]  # fmt: skip
    standing.sort(key=lambda one: str(one["expected"]["published_at"]), reverse=True)
    return [one["url"] for one in standing]


@pytest.fixture(scope="module")
def archive(archive_of: Callable[..., Archive]) -> Archive:
    archive = archive_of(articles=40)
    site, urls = archive.site, articles_of(archive)
    site.columns = [
        Column("/lb/quiet.htm", urls[:8], per_page=4, has_validators=False),
        Column("/lb/real.htm", urls[8:12]),
    ]
    rows = [{"contentId": "", "title": "要闻", "publishUrl": url} for url in urls[12:16]]
    data = json.dumps({"datasource": rows}).encode()
    site.made = {
        (HOST, path_of(DATA)): data,
        (HOST, path_of(BROKEN)): data[:-7],
        (HOST, path_of(NO_LIST)): b"<html><body><p>\xff\xfe\x00<<<</table>",
        (HOST, path_of(MOVED)): Answer(301, b"", location=f"http://{HOST}/lb/real.htm"),
        (HOST, path_of(CYCLE)): page(urls[16:18], "cycle_2.htm"),
        (HOST, "/lb/cycle_2.htm"): page(urls[18:20], "cycle_3.htm"),
        (HOST, "/lb/cycle_3.htm"): page(urls[20:22], "cycle_2.htm"),
        (HOST, path_of(FOREIGN)): page([
            *urls[22:24],
            "http://www.he.xinhuanet.com/2017-09/28/c_1121738858.htm",
            "http://www.xinhuanet.com/politics/2017-09/28/c_1121738859.htm",
            "http://www.djxinhuanet.com/2017-09/28/c_1121738857.htm",
        ], ""),
    }  # fmt: skip
    return archive


def page(links: list[str], following: str) -> bytes:
    rows = "".join(f'<li><a href="{url}">要闻</a></li>' for url in links)
    pager = f'<a href="{following}">下一页</a>' if following else ""
    return f"<html><body><ul>{rows}</ul>{pager}</body></html>".encode()


@pytest.fixture(scope="module")
def first(archive: Archive) -> Crawl:
    return archive.run("-a", f"lists={','.join(LISTS)}", "-a", "regions=js")


def test_every_kind_of_list_gives_its_articles(archive: Archive, first: Crawl) -> None:
    wanted = {one["id"] for one in archive.site.truth()["articles"]}
    by_url = {one["url"]: one["id"] for one in archive.site.truth()["articles"]}
    listed = {by_url[url] for url in articles_of(archive)[:24]}
    found = {line["id"] for line in first.lines}
    assert listed <= found <= wanted
    nodes = [line for line in first.lines if "nodeart" in line["discovered_from"]["url"]]
    assert len({line["discovered_from"]["url"] for line in nodes}) > 1  # it was paged


def test_lists_that_are_none_are_counted(archive: Archive, first: Crawl) -> None:
    assert first.report["lists"] == {"asked": 9, "answered": 8, "failed": 1, "unreadable": 2}
    assert first.exitcode == 0  # they never were lists: no alarm


def test_a_pager_that_leads_in_a_circle_ends(first: Crawl) -> None:
    asked = [entry.path for entry in first.asked if "/lb/cycle" in entry.path]
    assert asked == ["/lb/cycle.htm", "/lb/cycle_2.htm", "/lb/cycle_3.htm"]


def test_links_of_other_regions_are_refused_and_counted(first: Crawl) -> None:
    """The look-alike is no link of Xinhua's at all."""
    assert first.report["links_refused"] == 2
    assert all(line["region"]["code"] == "js" for line in first.lines)
    assert not [entry for entry in first.asked if entry.host == "www.he.xinhuanet.com"]


@pytest.fixture(scope="module")
def second(archive: Archive, first: Crawl) -> Crawl:
    return archive.run("-a", f"lists={','.join(LISTS)}", "-a", "regions=js")


def test_without_news_only_lists_are_asked_conditionally(second: Crawl) -> None:
    statuses = {entry.path: entry.status for entry in second.asked}
    unconditional = {path_of(url) for url in (QUIET, BROKEN, NO_LIST, MISSING, MOVED)}
    assert {path for path, status in statuses.items() if status != 304} == unconditional
    assert set(statuses) == {path_of(url) for url in LISTS} | {"/lb/real.htm"}
    assert second.lines == []


def test_an_unchanged_list_is_a_revisit(archive: Archive, second: Crawl) -> None:
    """Of an answer in a file that the first run published."""
    unchanged = [entry for entry in second.asked if entry.status == 304]
    revisits = archive.revisits(second.report["run_id"])
    assert len(revisits) == len(unchanged) >= 5
    assert all(one["WARC-Profile"].endswith("/server-not-modified") for one in revisits)
    assert defects(archive.data_dir) == []


@pytest.fixture(scope="module")
def third(archive: Archive, second: Crawl) -> Crawl:
    """A list is no list any more."""
    archive.site.made[HOST, path_of(DATA)] = b'{"datasource": []}'
    archive.site.made[HOST, path_of(FOREIGN)] = page(
        ["http://www.he.xinhuanet.com/2017-09/28/c_1121738858.htm"], ""
    )
    return archive.run("-a", f"lists={DATA},{FOREIGN}")


def test_a_list_that_lost_its_links_is_an_alarm(third: Crawl) -> None:
    assert third.exitcode == 3
    (alarm,) = third.report["alarms"]
    assert DATA in alarm


def test_a_page_that_names_lists_asked_already_is_no_empty_one(
    archive_of: Callable[..., Archive],
) -> None:
    """A channel that sends no validators: each run reads its columns' pages anew."""
    archive = archive_of(regions=["ln"], articles=12, daily=0)
    archive.run("-a", "regions=ln")
    again = archive.run("-a", "regions=ln")
    assert (again.exitcode, again.report["alarms"]) == (0, [])
    columns = [one for one in archive.asked if one.path.endswith("/index.htm")]
    assert columns
    assert {name.lower() for one in columns for name, _ in one.headers}.isdisjoint(
        {"if-none-match", "if-modified-since"}
    )


def test_without_regions_every_link_is_taken(archive: Archive, third: Crawl) -> None:
    assert third.report["links_refused"] == 0
    assert third.report["urls_seen"] == 1
    assert [one.status for one in archive.asked if "c_1121738858" in one.path] == [404]


def test_the_name_of_a_column_is_no_data_file(archive_of: Callable[..., Archive]) -> None:
    archive = archive_of(regions=["bj"], articles=12)
    archive.run("-a", "regions=bj")
    files = {(one.path, one.status) for one in archive.asked if "/ds_" in one.path}
    assert len(files) == 1
    assert {status for _, status in files} == {200}


def test_what_waits_for_a_closed_host_is_deferred(archive_of: Callable[..., Archive]) -> None:
    """All of it, however much waits in the ledger and though nothing else is in flight."""
    archive = archive_of(articles=1)
    closed = [f"http://js.news.cn/2020-01/02/c_112{n:07}.htm" for n in range(150)]
    archive.site.columns = [Column("/lb/yw.htm", closed, per_page=200)]
    archive.site.fault("503", host="js.news.cn", path="/2020-01/*", retry_after="7200")
    done = archive.run("-a", f"lists=http://{HOST}/lb/yw.htm")
    assert done.report["outcomes"] == {"deferred": 150}
    assert len([one for one in archive.asked if "/2020-01/" in one.path]) == 1


# --- a kill between two pages --------------------------------------------------------------------


def test_a_gap_is_closed_after_sigkill(archive_of: Callable[..., Archive]) -> None:
    archive = archive_of(articles=60)
    urls = articles_of(archive)
    column = Column("/lb/yw.htm", urls[20:32], per_page=4)
    archive.site.columns = [column]
    arguments = ("-a", f"lists={column.url}", "-s", "LIST_MAX_PAGES=2")
    archive.run(*arguments)
    assert archive.paths()[:2] == ["/lb/yw.htm", "/lb/yw_2.htm"]

    column.items[:0] = urls[4:20]
    stall = archive.site.fault("stall", path="/lb/yw_4.htm", seconds=600)
    process = scrapy_process.start(
        "crawl", "xinhua", *arguments, *FAST, env=environment(archive),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until(lambda: stall.hits, "the fourth page is asked for")
    until(lambda: is_noted(archive, urls[4]), "a commit")
    process.send_signal(signal.SIGKILL)
    process.wait()
    archive.site.faults.replace([])

    column.items[:0] = urls[:4]
    archive.run(*arguments)
    pages = [path for path in archive.paths() if path.startswith("/lb/")]
    assert pages[0] in {"/lb/yw.htm", "/lb/yw_2.htm", "/lb/yw_3.htm"}
    wanted = {one["id"] for one in archive.site.truth()["articles"] if one["url"] in urls[:28]}
    published = [line["id"] for line in archive.lines()]
    assert wanted <= set(published)
    assert len(published) == len(set(published))
    archive.run(*arguments)
    assert archive.paths() == ["/lb/yw.htm"]
    assert archive.asked[-1].status == 304


def is_noted(archive: Archive, url: str) -> bool:
    """Whether the ledger knows of an address."""
    with closing(Ledger.of(archive.data_dir, read_only=True)) as ledger:
        return ledger.addresses.get(url) is not None


def environment(archive: Archive) -> dict[str, str]:
    return {**os.environ, "XINHUA_DATA_DIR": str(archive.data_dir), **archive.env()}


# --- since and until ------------------------------------------------------------------------------


def test_since_and_until_select_by_the_day_of_publication(
    archive_of: Callable[..., Archive],
) -> None:
    archive = archive_of(articles=48)
    urls = articles_of(archive)
    archive.site.columns = [Column("/lb/yw.htm", urls, per_page=6)]
    truth = {one["url"]: one for one in archive.site.truth()["articles"]}
    days = {url: date.fromisoformat(truth[url]["expected"]["published_at"][:10]) for url in urls}
    until_, since = days[urls[10]], days[urls[30]]
    done = archive.run(
        "-a", f"lists=http://{HOST}/lb/yw.htm", "-a", f"since={since}", "-a", f"until={until_}"
    )
    wanted = {truth[url]["id"] for url in urls if since <= days[url] <= until_}
    assert {line["id"] for line in done.lines} == wanted
    asked = {path for path in archive.paths() if path.startswith("/lb/")}
    assert len(asked) in {6, 7}
    assert done.report["unreached"] == {}
    earlier = days[urls[-1]].replace(year=days[urls[-1]].year - 1)
    again: dict[str, Any] = archive.run(
        "-a", f"lists=http://{HOST}/lb/yw.htm", "-a", f"since={earlier}", "-a", f"until={until_}"
    ).report
    first, last = again["unreached"]["js"]
    assert first == str(earlier)
    assert date.fromisoformat(last) < days[urls[-1]]
