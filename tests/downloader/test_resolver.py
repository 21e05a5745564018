"""Where we refuse to go: private addresses, other domains, servers that can't prove themselves."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import scrapy_process
from tests.conftest import GUARD
from tests.downloader.conftest import NEW, OLD
from tests.downloader.proxy import Reply, Table
from tests.nightly import at_night
from tests.processes import crawl

if TYPE_CHECKING:
    from tests.downloader.conftest import Fetch
    from tests.site import Site

# A sitecustomize that answers every name with 127.0.0.1, as a hosts file could.
NAMES = Path(__file__).with_name("names")

WITHOUT_SCOPE = (
    "-s", 'DOWNLOADER_MIDDLEWARES={"crawler.downloader.scope.ScopeMiddleware": null}',
)  # fmt: skip


def test_a_name_that_stands_for_a_private_address(site: Site, tmp_path: Path) -> None:
    """The site listens there, and no proxy is set: without the guard it would be asked."""
    before = len(site.log)
    done = crawl(
        "-a", f"urls=http://{OLD}/2020-01/01/c_1125000001.htm", "-a", "recheck=none",
        "-s", "DOWNLOAD_DELAY=0", data_dir=tmp_path / "data",
        env={"PYTHONPATH": os.pathsep.join([str(NAMES), str(GUARD)])},
    )  # fmt: skip
    assert done.report["outcomes"] == {"refused_address": 1}
    assert f"{OLD} stands for 127.0.0.1, which is not a public address" in done.stderr
    assert done.report["hosts"].get(OLD, {"requests": 0})["requests"] <= 1
    assert len(site.log) == before
    assert not list((tmp_path / "data").rglob("*.warc.gz"))


SCRAPYS = "scrapy.resolver.CachingThreadedResolver"


@pytest.mark.parametrize(("host", "resolver", "is_asked"), [
    ("127.0.0.1", None, False),
    at_night("localhost", None, False),
    at_night("127.0.0.1", SCRAPYS, True),
])  # fmt: skip
def test_a_literal_that_slipped_past_the_check_of_domains(
    site: Site, host: str, resolver: str | None, is_asked: bool
) -> None:
    """The last row shows what would happen without our resolver."""
    before = len(site.log)
    ours = ("-s", f"TWISTED_DNS_RESOLVER={resolver}") if resolver else ()
    arguments = ("fetch", "--nolog", *WITHOUT_SCOPE, *ours, f"http://{host}:{site.port}/")
    scrapy_process.run(*arguments, env=os.environ)
    assert (len(site.log) > before) == is_asked


@pytest.mark.parametrize("target", [
    "http://127.0.0.1:{port}/secret", "http://www.ymnews.cn/", "http://js.news.cn:{port}/",
    "http://js.news.cn@evil.example/", "https://[::1]/",
])  # fmt: skip
def test_a_redirect_out_of_the_two_domains(tmp_path: Path, target: str) -> None:
    article = f"http://{OLD}/2020-01/01/c_1125000001.htm"
    with Table({article: Reply(302, location=target)}) as proxy:
        done = crawl("-a", f"urls={article}", "-s", "DOWNLOAD_DELAY=0",
                     data_dir=tmp_path / "data", env=proxy.environment)  # fmt: skip
    assert done.report["outcomes"] == {"refused_address": 1}, done.stderr
    assert proxy.asked == [f"http://{OLD}/robots.txt", article]


@pytest.mark.parametrize("fault", ["unknown CA", at_night("tls_expired"), "tls_wrong_host"])
def test_a_certificate_that_proves_nothing(
    site: Site, fetch: Fetch, addresses: dict[str, list[str]], tmp_path: Path,
    proxy: dict[str, str], fault: str,
) -> None:  # fmt: skip
    env = dict(proxy)
    if fault == "unknown CA":
        del env["SSL_CERT_FILE"]
    else:
        site.fault(fault, host=NEW)
    url = addresses[NEW][0].replace("http://", "https://")
    before = len(site.log)
    done = crawl("-a", f"urls={url}", "-s", "DOWNLOAD_DELAY=0", "-s", "ROBOTSTXT_OBEY=False",
                 data_dir=tmp_path / "data", env=env)  # fmt: skip
    assert done.report["outcomes"] == {"tls_failed": 1}
    assert len(site.log) == before
    assert done.lines == []


def test_ssl_cert_file_is_honoured(
    site: Site, addresses: dict[str, list[str]], tmp_path: Path, proxy: dict[str, str]
) -> None:
    url = addresses[NEW][0].replace("http://", "https://")
    done = crawl("-a", f"urls={url}", "-s", "DOWNLOAD_DELAY=0",
                 data_dir=tmp_path / "data", env=proxy)  # fmt: skip
    assert done.report["outcomes"] == {"published": 1}, done.stderr
