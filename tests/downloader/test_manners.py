"""Who we say we are, what we carry along, how long we listen, how often robots.txt is asked."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING

from crawler.archive.reader import read_records
from crawler.ledger.ledger import Ledger
from tests.downloader.conftest import ARTICLES, NEW, OLD
from tests.downloader.proxy import Reply, Table
from tests.downloader.test_scheduler import CLOCK
from tests.processes import crawl

if TYPE_CHECKING:
    from pathlib import Path

    from tests.downloader.conftest import Fetch
    from tests.site import Site


def test_the_user_agent_says_how_to_reach_us_and_no_cookie_is_kept(fetch: Fetch) -> None:
    seen = fetch("-s", "CONTACT=keeper@archive.example", old=3, new=2)
    assert len(seen.log) == 2 + 5  # robots.txt of both hosts says the same
    for entry in seen.log:
        headers = {name.lower(): value for name, value in entry.headers}
        assert headers["user-agent"].startswith("xinhua-archive/")
        assert headers["user-agent"].endswith("(+keeper@archive.example)")
        assert headers["accept-encoding"] == "gzip, deflate"
        assert "cookie" not in headers


def test_a_slow_drip_ends_with_the_timeout_of_the_whole_exchange(
    site: Site, fetch: Fetch, tmp_path: Path
) -> None:
    """Bytes keep coming, so only a limit on the whole exchange can end it."""
    site.fault("drip", host=OLD, path=ARTICLES, times=1, pause=0.2)
    seen = fetch("-s", "DOWNLOAD_TIMEOUT=1", "-s", "RETRY_TIMES=0", old=2)
    assert seen.crawl.report["outcomes"] == {"timeout": 1, "published": 1}
    _robots, dripped, after = seen.of(OLD)
    assert after.at - dripped.at >= 1
    assert dripped.size > 0
    truncated = [path for path in (tmp_path / "data" / "warc").rglob("*.warc.gz") if _has_cut(path)]
    assert len(truncated) == 1


def _has_cut(path: Path) -> bool:
    return any(record.header("WARC-Truncated") == "time" for record in read_records(path))


def test_robots_txt_is_asked_for_once_a_day(fetch: Fetch, tmp_path: Path) -> None:
    assert _robots(fetch, "-a", "recheck=all") == [NEW, OLD]
    assert _robots(fetch, "-a", "recheck=all") == []
    _age(tmp_path, timedelta(hours=23))
    assert _robots(fetch, "-a", "recheck=all") == []
    _age(tmp_path, timedelta(hours=2))
    assert _robots(fetch, "-a", "recheck=all") == [NEW, OLD]


def _robots(fetch: Fetch, *arguments: str) -> list[str]:
    """The hosts whose robots.txt a crawl asked for."""
    seen = fetch(*arguments, old=1, new=1)
    assert seen.crawl.exitcode == 0, seen.crawl.stderr
    assert len(seen.log) >= 2
    return sorted(entry.host for entry in seen.log if entry.path == "/robots.txt")


def _age(tmp_path: Path, by: timedelta) -> None:
    """So much time has gone by, as far as the ledger's robots.txt are concerned."""
    from sqlalchemy import select, update

    from crawler.ledger.schema import robots

    with closing(Ledger.of(tmp_path / "data")) as ledger:
        for row in ledger.connection.rows(select(robots)):
            moved = row.fetched_at - by
            ledger.connection.write(
                update(robots).where(robots.c.origin == row.origin).values(fetched_at=moved)
            )
        ledger.commit()


def test_the_report_says_how_each_host_was_treated(
    site: Site, fetch: Fetch, addresses: dict[str, list[str]], tmp_path: Path
) -> None:
    """Requests and the gaps between their starts, as the site saw them; what 304s saved."""
    pace = ("-s", "DOWNLOAD_DELAY=0.5", "-s", "DOWNLOAD_DELAY_JITTER=0")
    first = fetch(*pace, old=4, new=1)
    hosts = first.crawl.report["hosts"]
    assert {host: row["requests"] for host, row in hosts.items()} == {OLD: 5, NEW: 2}
    assert abs(hosts[OLD]["median_gap_seconds"] - median(first.gaps(OLD))) < CLOCK
    assert hosts[OLD]["median_gap_seconds"] >= 0.5
    assert (hosts[OLD]["not_modified"], hosts[OLD]["bytes_saved"]) == (0, 0)
    again = fetch(*pace, "-a", "recheck=all", old=4, new=1).crawl.report
    sizes = {one["url"]: one["warc"]["length"] for one in first.crawl.lines}
    old = sum(size for url, size in sizes.items() if url.split("/")[2] == OLD)
    assert again["outcomes"] == {"not_modified": 5}
    assert (again["hosts"][OLD]["not_modified"], again["hosts"][OLD]["bytes_saved"]) == (4, old)


def test_lists_that_stand_unchanged_are_saved_as_well(
    site: Site, proxy: dict[str, str], tmp_path: Path
) -> None:
    url = f"http://{OLD}/zhengwu/zhengwu/zyjh_lq.htm"
    arguments = ("-a", f"lists={url}", "-a", "limit=1", "-s", "DOWNLOAD_DELAY=0")
    crawl(*arguments, data_dir=tmp_path / "data", env=proxy)
    again = crawl(*arguments, data_dir=tmp_path / "data", env=proxy)
    row = again.report["hosts"][OLD]
    assert row["not_modified"] == 1
    (size,) = {
        record.length
        for path in (tmp_path / "data").rglob("*.warc.gz") if again.run_ids[0] not in path.name
        for record in read_records(path)
        if record.kind == "response" and record.url == url
    }  # fmt: skip
    assert row["bytes_saved"] == size


def test_a_page_that_reloads_itself_is_asked_for_once(tmp_path: Path) -> None:
    """As front pages do, for those who leave them open."""
    url, article = f"http://{OLD}/", f"http://{OLD}/2020-01/01/c_1125000001.htm"
    reload = f'<meta http-equiv="refresh" content="60;url={url}">'
    html = f'<html><head>{reload}</head><body><a href="{article}">长椅</a></body></html>'
    with Table({url: Reply(200, html.encode())}) as proxy:
        done = crawl("-a", f"lists={url}", "-s", "DOWNLOAD_DELAY=0",
                     data_dir=tmp_path / "data", env=proxy.environment)  # fmt: skip
    assert proxy.asked == [f"http://{OLD}/robots.txt", url, article]
    assert done.report["outcomes"] == {"missing": 1}
