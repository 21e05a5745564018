"""`scrapy fixture`, as processes, on what a crawl of the loopback site archived."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from crawler import fixtures
from crawler.archive.reader import read_records
from crawler.fixtures import FixtureError
from tests.processes import crawl

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from crawler.archive.reader import Record
    from tests.conftest import RunScrapy
    from tests.site import Site


@pytest.fixture(scope="module")
def told(site: Site) -> list[dict[str, Any]]:
    """An article of one page and one of several."""
    standing = [a for a in site.truth("js")["articles"] if a["state"] == "live" and not a["hidden"]]
    single = next(a for a in standing if not a["expected"]["page_urls"])
    return [single, next(a for a in standing if a["expected"]["page_urls"])]


@pytest.fixture(scope="module")
def data_dir(
    proxy: dict[str, str], told: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("fixture") / "data"
    urls = ",".join(one["url"] for one in told)
    done = crawl("-a", f"urls={urls}", "-s", "DOWNLOAD_DELAY=0", data_dir=folder, env=proxy)
    assert done.exitcode == 0, done.stderr
    return folder


class Run:
    """`scrapy fixture …` with a FIXTURES_DIR of its own."""

    def __init__(self, scrapy_cmd: RunScrapy, data_dir: Path, folder: Path) -> None:
        self._scrapy_cmd = scrapy_cmd
        self._data_dir = data_dir
        self.folder = folder

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        setting = f"FIXTURES_DIR={self.folder}"
        return self._scrapy_cmd("fixture", *arguments, "-s", setting, data_dir=self._data_dir)

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("*"))


@pytest.fixture
def run(scrapy_cmd: RunScrapy, data_dir: Path, tmp_path: Path) -> Run:
    return Run(scrapy_cmd, data_dir, tmp_path / "kept")


def responses(data_dir: Path, article: dict[str, Any]) -> list[Record]:
    (path,) = data_dir.glob("warc/*/*/*.warc.gz")
    wanted = article["expected"]["page_urls"] or [article["url"]]
    found = {r.url: r for r in read_records(path) if r.kind == "response"}
    return [found[url] for url in wanted]


def test_from_the_address_to_a_test_that_passes(
    run: Run, data_dir: Path, told: list[dict[str, Any]]
) -> None:
    several = told[1]
    name = f"js-{several['id']}"
    added = run("add", several["url"])
    assert added.returncode == 0, added.stderr
    assert several["expected"]["title"] in added.stdout
    assert run.files() == [f"{name}.warc.gz"]
    warc = run.folder / f"{name}.warc.gz"
    kept = list(read_records(warc))
    original = responses(data_dir, several)
    assert [r.kind for r in kept] == ["warcinfo"] + ["response"] * len(original)
    assert [r.record_id for r in kept[1:]] == [r.record_id for r in original]
    assert all(
        r.path.read_bytes()[r.offset : r.offset + r.length] in warc.read_bytes() for r in original
    )

    waiting = run("refresh")
    assert waiting.returncode == 1
    assert "not accepted yet" in waiting.stdout
    assert run.files() == [f"{name}.warc.gz"]
    assert run("accept", name).returncode == 0
    refreshed = run("refresh", name)
    assert (refreshed.returncode, refreshed.stdout) == (0, "1 fixtures, 0 different\n")
    record = json.loads((run.folder / f"{name}.json").read_text())
    assert record["paragraphs"] == several["expected"]["paragraphs"]
    assert record["page_urls"] == several["expected"]["page_urls"]
    assert not record.keys() & {"warc", "warc_pages", "extractor_version", "version", "run_id"}


def test_refresh_shows_what_differs_and_changes_nothing(
    run: Run, told: list[dict[str, Any]]
) -> None:
    name = f"js-{told[0]['id']}"
    assert run("add", told[0]["url"]).returncode == 0
    assert run("accept", name).returncode == 0
    path = run.folder / f"{name}.json"
    record = json.loads(path.read_text())
    record["title"] += "（改）"
    record["paragraphs"][0] = "多出来的字" + record["paragraphs"][0]
    path.write_text(before := json.dumps(record))
    done = run("refresh")
    assert done.returncode == 1
    assert f'+ title: "{told[0]["expected"]["title"]}"' in done.stdout.replace("\\", "")
    assert "[-多出来的字-]" in done.stdout
    assert done.stdout.endswith("1 fixtures, 1 different\n")
    assert path.read_text() == before


def test_by_file_and_offset_with_the_further_pages(
    run: Run, data_dir: Path, told: list[dict[str, Any]]
) -> None:
    first, *others = responses(data_dir, told[1])
    done = run("add", f"{first.path}:{first.offset}", "--name", "several-pages")
    assert done.returncode == 0, done.stderr
    kept = list(read_records(run.folder / "several-pages.warc.gz"))
    assert len(kept) == 2 + len(others)
    again = run("add", f"{first.path}:{first.offset}", "--name", "several-pages")
    assert again.returncode == 1
    assert "already; --name" in again.stderr
    within = run("add", f"{first.path}:{first.offset + 1}", "--name", "within")
    assert within.returncode == 1
    assert first.path.name.replace(".warc.gz", ".cdxj") in within.stderr
    half = run("add", f"{first.path}:{others[-1].offset}")
    assert half.returncode == 1
    assert run.files() == ["several-pages.warc.gz"]


def test_what_is_not_archived_is_not_fetched(run: Run, site: Site) -> None:
    url = "http://www.js.xinhuanet.com/2017-09/28/c_1121738857.htm"
    asked = len(site.log)
    done = run("add", url)
    assert done.returncode == 1
    assert f"scrapy crawl xinhua -a urls={url}" in done.stderr
    assert len(site.log) == asked
    assert not run.folder.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("add",),
        ("add", "http://djxinhuanet.com/2017-09/28/c_1121738857.htm"),
        ("add", "http://www.js.xinhuanet.com/index.htm"),
        ("add", "missing.warc.gz:0"),
        ("add", "http://www.js.xinhuanet.com/2017-09/28/c_1121738857.htm", "--name", "../up"),
        ("accept",),
        ("accept", "unheard-of"),
        ("refresh", "unheard-of"),
        ("refresh", "--name", "x"),
        ("forget", "it"),
    ],
)
def test_usage(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert not run.folder.exists()


def test_a_path_to_no_file(run: Run) -> None:
    assert (
        "there is no file missing.warc.gz: give its path from"
        in run("add", "missing.warc.gz:0").stderr
    )
    assert "neither an address nor FILE:OFFSET" in run("add", "missing.warc.gz").stderr


def test_nothing_kept_is_nothing_different(run: Run) -> None:
    done = run("refresh")
    assert (done.returncode, done.stdout) == (0, "0 fixtures, 0 different\n")


def test_a_lost_ledger(scrapy_cmd: RunScrapy, tmp_path: Path) -> None:
    ledger = tmp_path / "data" / "state" / "ledger.sqlite"
    ledger.parent.mkdir(parents=True)
    ledger.write_bytes(b"garbage" * 999)
    done = scrapy_cmd("fixture", "add", "http://www.js.xinhuanet.com/2017-09/28/c_1121738857.htm")
    assert done.returncode == 5


def test_other_peoples_archives(data_dir: Path, told: list[dict[str, Any]], tmp_path: Path) -> None:
    """Uncompressed records are compressed; a file that is one gzip stream can't be cut."""
    (first,) = responses(data_dir, told[0])
    plain = gzip.decompress(first.path.read_bytes())
    path = tmp_path / "plain.warc"
    path.write_bytes(plain)
    (record,) = (r for r in read_records(path) if r.record_id == first.record_id)
    kept = fixtures.add(tmp_path / "kept", [(path, record.offset)])
    assert kept.derive()["title"] == told[0]["expected"]["title"]
    with pytest.raises(FixtureError, match="not the response of an article"):
        fixtures.add(tmp_path / "kept", [(path, 0)], "info")
    whole = tmp_path / "whole.warc.gz"
    whole.write_bytes(gzip.compress(plain))
    with pytest.raises(FixtureError):
        fixtures.add(tmp_path / "kept", [(whole, record.offset)], "cut")
    assert [fixture.name for fixture in fixtures.load(tmp_path / "kept")] == [kept.name]
