"""What every test stands on: loopback only, a scrubbed environment, the shared fixtures."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import hypothesis
import pytest

from tests import scrapy_process
from tests.guard import sitecustomize as guard
from tests.scrapy_process import GUARD, PROJECT
from tests.server_ledger import SERVER
from tests.shared_folders import made_once

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator, Mapping

    from playwright.sync_api import Browser

    from crawler.items import Page
    from tests.archive.crawled import Crawled
    from tests.channel import Archive
    from tests.postgres import Postgres
    from tests.processes import Crawl
    from tests.s3 import S3Server
    from tests.site import Site

SHARED = PROJECT.parent / "shared"

SCRUBBED = frozenset({
    "http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir",
    "requests_ca_bundle", "xinhua_data_dir", "scrapy_settings_module", "scrapy_project",
    "pythonwarnings", "pythonstartup",
})  # fmt: skip

# Memory as a file system, and how much of it has to be free so that the tests' files lie there.
SHM = Path("/dev/shm")
SHM_FREE = 4 * 2**30

# A time zone that is neither UTC nor Beijing's, so that a local time shows as a wrong one.
ZONE = "<+0430>-4:30"


def pytest_addoption(parser: pytest.Parser) -> None:
    told = "with the ledgers of crawls on a PostgreSQL server (tests.server_ledger)"
    parser.addoption("--ledger-on-server", action="store_true", help=told)


def isolate() -> None:
    """Scrub the environment and guard the sockets, here and in every process tests start."""
    for name in [name for name in os.environ if name.lower() in SCRUBBED]:
        del os.environ[name]
    os.environ |= {"TZ": ZONE, "PYTHONPATH": str(GUARD), "PYTHONHASHSEED": "0"}
    time.tzset()
    guard.install()


def pytest_configure(config: pytest.Config) -> None:
    """Isolate the tests, and choose their examples.

    The suite tries the same examples each time and forks commands, the night tries others and
    starts each command anew.
    """
    isolate()
    hypothesis.settings.register_profile("suite", derandomize=True)
    if config.getoption("markexpr") != "":
        hypothesis.settings.load_profile("suite")
        if SHM.is_dir() and _is_roomy(os.statvfs(SHM)):
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(SHM))
    else:
        os.environ["SCRAPY_PROCESSES"] = "new"


def _is_roomy(found: os.statvfs_result) -> bool:
    """Whether there is enough of that memory, and programs in it may be run."""
    return found.f_bavail * found.f_frsize > SHM_FREE and not found.f_flag & os.ST_NOEXEC


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real saved pages that may stand beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("the real pages (../shared) are not here")
    return SHARED


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of this worker's own. Where none is installed, CI fails."""
    from tests.postgres import Postgres, is_installed

    if not is_installed():
        assert "CI" not in os.environ, "PostgreSQL is not installed"
        pytest.skip("PostgreSQL is not installed")
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="session", autouse=True)
def _ledger_server(request: pytest.FixtureRequest) -> None:
    """With `--ledger-on-server`, the server for the ledgers of all crawls."""
    if request.config.getoption("--ledger-on-server"):
        os.environ[SERVER] = request.getfixturevalue("postgres").url


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """An S3 server of this worker's own."""
    from tests.s3 import S3Server

    server = S3Server()
    yield server
    server.close()


@pytest.fixture
def new_database(postgres: Postgres) -> Iterator[Callable[[], str]]:
    """Make an empty database on the server; returns its address. It goes with the test."""
    made: list[str] = []

    def make() -> str:
        made.append(postgres.create())
        return postgres.url_of(made[-1])

    yield make
    for name in made:
        postgres.drop(name)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """The loopback Xinhua: Jiangsu and Hebei, always on the same day."""
    from tests.site import Site  # most tests do without

    with Site(regions=["js", "he"]) as site:
        yield site


@pytest.fixture(scope="module")
def proxy(site: Site) -> dict[str, str]:
    """The environment in which a crawl goes through the site."""
    return site.environment


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, one for all tests of a module."""
    from tests.browser import launched

    with launched() as browser:
        yield browser


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory where there is one: for tests with thousands of fsyncs."""
    with tempfile.TemporaryDirectory(dir=SHM if SHM.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    """Every kind of exchange, fetched once and archived."""
    from tests.archive.crawled import crawl_kinds

    return crawl_kinds(tmp_path_factory.mktemp("crawled"))


@pytest.fixture(scope="module")
def archive_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Archive]]:
    """Make an archive of a new site, whose options are `Site`'s; Jiangsu by default."""
    from tests.channel import Archive
    from tests.column_site import ColumnSite

    sites: list[ColumnSite] = []

    def make(**options: Any) -> Archive:
        site = ColumnSite(**{"regions": ["js"], "articles": 30, "daily": 0} | options)
        sites.append(site)
        return Archive(site, tmp_path_factory.mktemp("archive") / "data")

    yield make
    for site in sites:
        site.close()


@pytest.fixture(scope="module")
def first(site: Site, proxy: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Crawl:
    """One crawl, for what reads a data folder, in files so small that articles lie across them."""
    from tests.processes import Crawl, crawl, reports

    def make(folder: Path) -> None:
        done = crawl(
            "-a", "regions=js,he", "-s", "DOWNLOAD_DELAY=0", "-s", "LOG_LEVEL=WARNING",
            "-s", "WARC_MAX_BYTES=40000",
            data_dir=folder, env=proxy,
        )  # fmt: skip
        assert done.exitcode == 0, done.stderr

    made = made_once(tmp_path_factory, "first", make)
    data_dir = shutil.copytree(made, tmp_path_factory.mktemp("first") / "data")
    return Crawl(0, "", data_dir, tuple(reports(data_dir)))


@pytest.fixture(scope="module")
def page(first: Crawl) -> Page:
    """An article of one page as the crawl saw it, larger than any bound on what is peeked at, and
    older than the dates at which the tests let others archive it."""
    from crawler.archive.pointers import read_page
    from crawler.items import WarcPointer

    line = min(
        (
            line
            for line in first.lines
            if not line["warc_pages"] and "www." in line["url"] and line["published_at"] < "2024"
        ),
        key=lambda line: line["url"],
    )
    return read_page(first.data_dir, WarcPointer(**line["warc"]))


class RunScrapy(Protocol):
    def __call__(
        self,
        *arguments: str,
        data_dir: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 120,
    ) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture
def scrapy_cmd(tmp_path: Path) -> RunScrapy:
    """Run `scrapy <arguments>` as its own process in the project.

    `data_dir` is DATA_DIR, a fresh folder by default; `env` adds to the environment (see
    `proxy`). Output is captured as text; the exit code is not checked.
    """

    def run(
        *arguments: str,
        data_dir: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        folder = {"XINHUA_DATA_DIR": str(data_dir or tmp_path / "data")}
        environment = {**os.environ, **folder, **(env or {})}
        return scrapy_process.run(*arguments, env=environment, timeout=timeout)

    return run
