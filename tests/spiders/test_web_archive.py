"""Runs over the captures of web archives, each a process: pywb, and servers that play others."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

from crawler.ledger.rows import CaptureRow
from crawler.spiders.web_archive import further_capture
from tests.chaos.soundness import lines_of
from tests.column_site import ColumnSite
from tests.conftest import GUARD
from tests.downloader.test_resolver import NAMES
from tests.examples.following import follow, ledger_tables, tables
from tests.pages.paged import numbers
from tests.processes import crawl, defects
from tests.server_ledger import lose_ledger
from tests.web_archives import HOST, Made, Played, address, article, played, pywb

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.conftest import RunScrapy
    from tests.processes import Crawl

FAST = ("-s", "DOWNLOAD_DELAY=0", "-s", "LOG_LEVEL=WARNING")


def ask(archive: str, data_dir: Path, *arguments: str) -> Crawl:
    """One run over a web archive."""
    return crawl(*FAST, "-a", f"source=cdx:{archive}", *arguments, data_dir=data_dir)


def told(lines: list[dict[str, Any]], *keys: str) -> list[tuple[Any, ...]]:
    return [tuple(line[key] for key in keys) for line in lines]


def test_a_real_pywb(tmp_path: Path, scrapy_cmd: RunScrapy) -> None:
    """Lines of its captures, proved by our exchanges with it; asked again, it is only listed."""
    paged = address(3).removesuffix(".htm")
    captures = [
        Made(address(1), "2017-09-29T01:02:03Z", article("第一年种下的树苗已经成活。")),
        Made(address(1), "2018-03-04T05:06:07Z", article("第一年种下的树苗全部成活。")),
        Made(address(2), "2017-09-30T01:02:03Z", article("另一篇报道里的桥梁通车了。")),
        Made(f"{paged}.htm", "2017-10-01T01:00:00Z", article("首页。", pager=numbers(paged, 2))),
        Made(f"{paged}_2.htm", "2017-10-01T01:00:09Z",
             article("次页。", pager=numbers(paged, 2, of=2))),
        Made(address(4), "2017-09-30T01:02:03Z", b"", "302 Found"),
        Made(f"{HOST}/index.htm", "2017-09-30T01:02:03Z", b"<p>no article</p>"),
        Made("http://www.he.xinhuanet.com/2017-09/28/c_1121000009.htm", "2017-09-30T01:02:03Z",
             article("别的地区。")),
    ]  # fmt: skip
    data_dir = tmp_path / "data"
    with pywb(tmp_path / "pywb", captures) as index:
        first = ask(index, data_dir, "-a", "regions=js")
        second = ask(index, data_dir, "-a", "regions=js")

    assert (first.exitcode, second.exitcode) == (0, 0), first.stderr
    lines = {(line["id"], line["version"]): line for line in first.lines}
    assert set(lines) == {
        ("1121000001", 1), ("1121000001", 2), ("1121000002", 1), ("1121000003", 1),
    }  # fmt: skip
    one, two = lines["1121000001", 1], lines["1121000001", 2]
    assert (one["url"], one["fetched_at"], one["status"]) == (
        address(1), "2017-09-29T01:02:03Z", "live",
    )  # fmt: skip
    assert one["http"] == {
        "status": 200, "etag": '"as-captured"', "last_modified": "Thu, 28 Sep 2017 03:00:00 GMT",
    }  # fmt: skip
    replay = index.replace("/cdx", f"/20170929010203id_/{address(1)}")
    assert one["archive"] == {"name": index.split("/")[2], "url": replay}
    assert (two["changed"], two["previous_sha256"]) == (["body"], one["content_sha256"])
    assert lines["1121000003", 1]["page_urls"] == [f"{paged}.htm", f"{paged}_2.htm"]
    report = first.report
    assert report["outcomes"] == {"published": 3}
    assert report["captures"] == {
        "source": index, "listed": 5, "refused": 1, "known": 0, "ended": {"written": 4},
        "owed": 0, "unlisted": 0,
    }  # fmt: skip
    assert second.lines == []
    assert second.report["outcomes"] == {"known": 3}
    assert second.report["captures"]["known"] == 5
    assert defects(data_dir) == []
    again = scrapy_cmd("reextract", *map(str, data_dir.glob("warc/*/*/*.gz")), data_dir=data_dir)
    keys = ("id", "url", "fetched_at", "http", "archive", "content_sha256", "warc")
    made = told([json.loads(line) for line in again.stdout.splitlines()], *keys)
    assert sorted(made, key=str) == sorted(told(first.lines, *keys), key=str)


def test_common_crawl(tmp_path: Path) -> None:
    """Ranges of its files are had, and the lines are those of the records in them; all pages of its
    index are asked for, windows whose answer is full are listed in halves."""
    captures = [
        Made(address(number), f"2017-10-{number + 9}T01:02:03Z", article(f"第{number}篇写的是桥。"))
        for number in range(1, 6)
    ]
    with played(Played("common_crawl", captures, per_page=3)) as archive:
        done = ask(
            archive.url, tmp_path / "data", "-a", "regions=js", "-a", "since=2017-09-20",
            "-a", "until=2017-10-31", "-s", "CDX_LIMIT=2",
        )  # fmt: skip
    assert done.exitcode == 0, done.stderr
    assert sorted(told(done.lines, "url", "fetched_at")) == [(one.url, one.at) for one in captures]
    files = {line["archive"]["url"].partition("/crawl-data/")[1] for line in done.lines}
    assert files == {"/crawl-data/"}
    spans = [span for target, span in archive.asked if "crawl-data" in target]
    assert len(spans) == 5
    assert all(span for span in spans)
    assert done.report["captures"]["listed"] == 5
    assert done.report["captures"]["known"] == 0
    assert defects(tmp_path / "data") == []


def test_captures_beside_our_own_looks(tmp_path: Path, scrapy_cmd: RunScrapy) -> None:
    """Numbers tell the order in which we learnt, times when it was so; our looks are the state."""
    data_dir, url = tmp_path / "data", address(1)
    before, own, later = article("甲段写的是旧桥。"), article("乙段写的是新桥。"), article("丙段。")
    captures = [
        Made(url, "2017-09-29T00:00:00Z", before),
        Made(url, "2017-10-29T00:00:00Z", before),  # the same digest
        Made(url, "2018-01-01T00:00:00Z", own),
        Made(url, "2018-02-01T00:00:00Z", own + b"<!-- other bytes -->"),
        Made(url, "2019-01-01T00:00:00Z", before),
        Made(address(2), "2017-09-29T00:00:00Z", own),  # only archives have it
        Made(address(3), "2017-09-29T00:00:00Z", own),
    ]
    with ColumnSite(seed=1) as site, played(Played(captures=captures)) as archive:
        site.made[("www.js.xinhuanet.com", "/2017-09/28/c_1121000001.htm")] = own
        first = crawl(*FAST, "-a", f"urls={url}", data_dir=data_dir, env=site.environment)
        second = ask(archive.url, data_dir, "-a", "regions=js")
        site.made[("www.js.xinhuanet.com", "/2017-09/28/c_1121000001.htm")] = later
        site.made[("www.js.xinhuanet.com", "/2017-09/28/c_1121000002.htm")] = own
        urls = ",".join([url, address(2), address(3)])
        third = crawl(*FAST, "-a", f"urls={urls}", "-a", "recheck=all", data_dir=data_dir,
                      env=site.environment)  # fmt: skip

    assert told(first.lines, "version", "archive") == [(1, None)]
    assert second.report["captures"]["ended"] == {"equal": 1, "repeated": 1, "written": 5}
    assert second.report["outcomes"] == {"changed": 1, "published": 2}
    history = sorted((line for line in lines_of(data_dir) if line["url"] == url),
                     key=lambda line: line["fetched_at"])  # fmt: skip
    assert [line["version"] for line in history] == [2, 3, 4, 1, 5]
    digests = [line["content_sha256"] for line in history]
    assert [line["previous_sha256"] for line in history] == [
        None, digests[0], digests[1], None, digests[3],
    ]  # fmt: skip
    assert [line["changed"] for line in history] == [[], ["body"], ["body"], [], ["body"]]
    assert history[-1]["archive"] is None
    # what only archives had shown is fetched as new; that it isn't there is no sign
    assert third.report["outcomes"] == {"changed": 1, "missing": 1, "unchanged": 1}
    assert defects(data_dir) == []
    shown = scrapy_cmd("history", "1121000001", data_dir=data_dir).stdout
    order = [line.split(",")[0] for line in shown.splitlines() if line.startswith("Version")]
    assert order == [f"Version {number}" for number in (2, 3, 4, 1, 5)]
    assert shown.count(f"captured by 127.0.0.1:{archive.port}") == 3
    explained = scrapy_cmd("explain", url, data_dir=data_dir).stdout
    assert f"The web archive {archive.url} lists 5 captures of it." in explained
    assert follow(data_dir, tmp_path / "followed.sqlite") == 0
    assert tables(tmp_path / "followed.sqlite") == ledger_tables(data_dir)
    lose_ledger(data_dir)
    assert scrapy_cmd("repair", "--ledger", data_dir=data_dir).returncode == 0
    assert defects(data_dir) == []
    with played(Played(captures=captures, port=archive.port)) as once_more:
        again = ask(once_more.url, data_dir, "-a", "regions=js")
    assert again.lines == []
    assert defects(data_dir) == []


def test_nonsense_and_strangers(tmp_path: Path) -> None:
    """Each place of a region is answered otherwise; what is good of it is published."""
    good = [Made(address(n), "2017-09-29T00:00:00Z", article(f"第{n}篇。")) for n in (1, 2)]
    archive = Played(captures=good)

    def index(query: dict[str, str]) -> tuple[int, bytes]:
        stamp, place = "20170929000000", query["url"]
        match place:
            case "js.news.cn/":
                return 200, b"<html><body>please prove that you are human</body></html>"
            case "js.xinhuanet.com/":
                hosts = (
                    "http://169.254.169.254/latest", "http://127.0.0.1:1/a.warc.gz",
                    "http://a:b@h/", "javascript:alert(1)", "http://[::1/", "http://h:99999/x",
                )  # fmt: skip
                rows = [{"timestamp": stamp, "url": one.url, "status": "200"} for one in good]
                rows += [
                    {"timestamp": stamp, "url": address(100 + n), "status": "200",
                     "filename": name, "offset": "0", "length": "9"}
                    for n, name in enumerate(hosts)
                ]  # fmt: skip
                rows += [{"timestamp": stamp, "url": one, "status": "200"} for one in (
                    "javascript:alert(1)", "data:text/html,x", "http://www.js.xinhuanet.com.evil/",
                    "http://djxinhuanet.com/2017-09/28/c_1121000001.htm", "http://[", "\ud800",
                )]  # fmt: skip
                return 200, "\n".join(map(json.dumps, rows)).encode()
            case "wj.js.xinhuanet.com/":  # for ever
                row = ["k", stamp, address(1), "text/html", "200", "", "1"]
                return 200, json.dumps([row, [], [f"again {time.monotonic()}"]]).encode()
            case "zjg.js.xinhuanet.com/":
                return 200, b'[["urlkey", "timestamp'
            case "sz.xinhuanet.com/":
                return 500, b""
            case "m.news.cn/js/":
                time.sleep(3)
        return 200, b""

    archive.index = index
    with played(archive):
        done = ask(archive.url, tmp_path / "data", "-a", "regions=js", "-s", "DOWNLOAD_TIMEOUT=1",
                   "-s", "RETRY_TIMES=0")  # fmt: skip
    assert done.exitcode == 3
    assert {line["url"] for line in done.lines} == {one.url for one in good}
    report = done.report
    assert report["lists"]["unreadable"] == 2
    assert report["lists"]["failed"] == 2
    captures = report["captures"]
    assert captures["refused"] == 6
    assert captures["unlisted"] == 4
    assert captures["ended"]["written"] == 2
    assert report["outcomes"]["refused_address"] >= 3
    assert sum(report["outcomes"].values()) == report["urls_seen"] == 8
    kinds = {state["id"].partition(":")[0] for state in report["alarm_states"]}
    assert {"index", "index_cut_off"} <= kinds
    assert len(archive.paths("wj.js")) == 2
    assert defects(tmp_path / "data") == []


def test_robots_and_redirects(tmp_path: Path) -> None:
    """The archive's robots.txt holds; what leads off its hosts isn't followed; what is owed is
    asked for by the next run, though the index no longer lists it."""
    captures = [
        Made(address(n), "2017-09-29T00:00:00Z", article(f"第{n}篇。")) for n in range(1, 4)
    ]
    archive = Played(captures=captures, robots=f"User-agent: *\nDisallow: *{address(3)[7:]}\n")

    def replayed(made: Made) -> tuple[int, list[tuple[str, str]], bytes]:
        if made.url == address(1):
            return 302, [("Location", "http://127.0.0.1:1/private")], b""
        return 500, [], b"busy"

    archive.replayed = replayed
    data_dir = tmp_path / "data"
    with played(archive):
        first = ask(archive.url, data_dir, "-a", "regions=js", "-s", "RETRY_TIMES=0")
        archive.replayed = None
        archive.captures = captures[1:2]
        archive.index = lambda _: (503, b"")
        second = ask(archive.url, data_dir, "-a", "regions=js", "-s", "RETRY_TIMES=0")
    assert first.lines == second.lines == []
    assert first.report["outcomes"] == {
        "http_error": 1, "refused_address": 1, "robots_denied": 1,
    }  # fmt: skip
    assert "127.0.0.1:1" not in str(archive.asked)
    assert first.report["captures"]["owed"] == 2
    assert second.exitcode == 4
    assert defects(data_dir) == []


def test_which_page_belongs_to_which(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first capture after page 1's and before page 1 was captured again."""
    from datetime import UTC, datetime

    def row(page: int, day: int) -> CaptureRow:
        url = address(1) if page == 1 else address(1).replace(".htm", f"_{page}.htm")
        at = datetime(2017, 9, day, tzinfo=UTC)
        return CaptureRow("a", url, at, "1121000001", page, "js", "")

    def found(first: CaptureRow, *pages: CaptureRow) -> int | None:
        rows = sorted([first, *pages], key=lambda one: one.at)
        further = further_capture(rows, first, [row(2, 1).url])
        return further.at.day if further else None

    assert found(row(1, 5), row(2, 6), row(2, 7)) == 6
    assert found(row(1, 5), row(1, 6), row(2, 7)) is None
    assert found(row(1, 5), row(2, 3), row(2, 4)) == 4
    assert found(row(1, 5), row(1, 2), row(2, 4)) is None
    assert found(row(1, 5), row(3, 6)) is None


def test_a_name_that_stands_for_a_private_address(tmp_path: Path) -> None:
    """Only what the operator gives as an address may be private: names are others' to say."""
    with played(Played()) as archive:
        index = archive.url.replace("127.0.0.1", "archive.example.org")
        done = crawl(
            *FAST, "-a", f"source=cdx:{index}", "-a", "regions=js", data_dir=tmp_path,
            env={"PYTHONPATH": os.pathsep.join([str(NAMES), str(GUARD)])},
        )  # fmt: skip
    assert done.exitcode == 4
    assert "archive.example.org stands for 127.0.0.1" in done.stderr
    assert archive.asked == []
