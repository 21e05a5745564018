"""A site of Jiangsu and the crawl of some of its articles, with what the site saw of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import pytest

from tests import busy_site
from tests.processes import Crawl, crawl

if TYPE_CHECKING:
    from pathlib import Path

    from tests.site import Site
    from tests.site.server import Entry

site, no_faults = busy_site.site, busy_site.no_faults

OLD = "www.js.xinhuanet.com"
NEW = "js.news.cn"

# Every article, not robots.txt.
ARTICLES = "/*.htm*"


@dataclass(frozen=True)
class Seen:
    """A finished crawl and the requests the site got from it."""

    crawl: Crawl
    log: list[Entry]

    def of(self, host: str) -> list[Entry]:
        return [entry for entry in self.log if entry.host == host]

    def gaps(self, host: str) -> list[float]:
        """Seconds between the starts of a host's requests."""
        return [after.at - before.at for before, after in pairwise(self.of(host))]


class Fetch(Protocol):
    def __call__(
        self, *arguments: str, old: int = 0, new: int = 0, env: dict[str, str] | None = None
    ) -> Seen: ...


@pytest.fixture
def addresses(site: Site) -> dict[str, list[str]]:
    """Articles by host, all there and open to us."""
    found: dict[str, list[str]] = {OLD: [], NEW: []}
    for one in site.truth()["articles"]:
        host = one["url"].split("/")[2]
        if host in found and one["state"] == "live" and not one["hidden"] and one["kind"] == "text":
            found[host].append(one["url"])
    return found


@pytest.fixture
def fetch(
    site: Site, proxy: dict[str, str], addresses: dict[str, list[str]], tmp_path: Path
) -> Fetch:
    """Crawl so many articles of the old and of the new host; all calls share a data folder."""

    def fetch(
        *arguments: str, old: int = 0, new: int = 0, env: dict[str, str] | None = None
    ) -> Seen:
        urls = addresses[OLD][:old] + addresses[NEW][:new]
        before = len(site.log)
        done = crawl("-a", f"urls={','.join(urls)}", "-s", "DOWNLOAD_DELAY=0", *arguments,
                     data_dir=tmp_path / "data", env=proxy | (env or {}))  # fmt: skip
        return Seen(done, site.log[before:])

    return fetch
