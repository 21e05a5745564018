"""A robots.txt that can't be read closes its host for the run: nothing else of it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cron import QUICK, cron
from tests.nightly import at_night

if TYPE_CHECKING:
    from pathlib import Path

    from tests.site import Site

FAULTS = (
    "503",
    "stall",
    "truncated",
    *map(at_night, ("500", "429", "drip", "bad_gzip", "reset", "close", "garbage")),
)


@pytest.mark.parametrize("kind", FAULTS)
def test_the_host_is_left_alone(
    site: Site, proxy: dict[str, str], articles: list[str], data_dir: Path, kind: str
) -> None:
    host = "www.js.xinhuanet.com"
    site.fault(kind, host=host, path="/robots.txt")
    site.robots[host] = "User-agent: *\nDisallow: /nothing/\n" + "# padding\n" * 100
    other = next(
        one["url"] for one in site.truth()["articles"]
        if one["url"].startswith("http://js.news.cn/") and one["state"] == "live"
        and not one["hidden"]
    )  # fmt: skip
    start = len(site.log)
    urls = [*articles[:5], other]
    done = cron("-a", f"urls={','.join(urls)}", *QUICK, "-s", "DOWNLOAD_TIMEOUT=2",
                data_dir=data_dir, env=proxy)  # fmt: skip
    asked = [entry.path for entry in site.log[start:] if entry.host == host]
    assert set(asked) == {"/robots.txt"}
    assert len(asked) <= 2  # a connection lost before a byte came is tried once more
    assert done.report["outcomes"] == {"robots_unreachable": 5, "published": 1}
    assert done.exitcode == 3
    assert any(host in alarm for alarm in done.report["alarms"])
