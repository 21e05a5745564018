"""Who we say we are, what we carry along, how long we listen, how often robots.txt is asked."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

from crawler.state.ledger import Ledger
from tests.politeness.conftest import ARTICLES, NEW, OLD

if TYPE_CHECKING:
    from pathlib import Path

    from tests.politeness.conftest import Fetch
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
    from crawler.archive.reader import read_records

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

    from crawler.state.schema import robots

    with closing(Ledger.open(tmp_path / "data" / "state" / "ledger.sqlite")) as ledger:
        for row in ledger._rows(select(robots)):
            moved = row.fetched_at - by
            ledger._write(update(robots).where(robots.c.host == row.host).values(fetched_at=moved))
        ledger.commit()
