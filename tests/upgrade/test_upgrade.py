"""A data folder that an older version wrote: verified, crawled on, read and rebuilt by this one.

How the folder was made stands in `make`.
"""

from __future__ import annotations

import json
import sqlite3
import tarfile
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from pyarrow.parquet import read_table

from crawler.data_dir import lines_of as published_files
from crawler.data_dir import manifests_of
from crawler.export_formats.parquet import write_parquet
from crawler.export_formats.selection import Selection, selected
from crawler.ledger.ledger import Ledger
from tests.chaos.soundness import lines_of
from tests.conftest import PROJECT
from tests.examples.following import follow, ledger_tables, tables
from tests.reextraction.older import another_extractor
from tests.upgrade.days import FOLDER, KEPT_UNTIL, correct, crawl, scrapy, site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import RunScrapy
    from tests.site import Site

# Up to the first nothing on the site changes. Up to the second there are new articles, and one of
# the kept gets other boilerplate, which is no version.
SOON, LATER = KEPT_UNTIL + 0.1, 6.0

# A part at each checkpoint that has lines.
IN_PARTS = ("-s", "CHECKPOINT_SECONDS=0.05", "-s", "PART_SECONDS=0.01")


@dataclass(frozen=True)
class Upgraded:
    """The folder crawled on by today's code, and the same folder as it was kept.

    `exitcodes` and `new` (lines) are those of the runs SOON and LATER."""

    kept: Path
    data_dir: Path
    site: Site
    exitcodes: tuple[int, int]
    new: tuple[list[dict[str, Any]], list[dict[str, Any]]]


def unpack(folder: Path) -> Path:
    with tarfile.open(FOLDER) as archive:
        archive.extractall(folder, filter="data")
    return folder / "data"


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgraded]:
    data_dir = unpack(tmp_path_factory.mktemp("upgraded"))
    kept = unpack(tmp_path_factory.mktemp("kept"))
    before = len(lines_of(data_dir))
    with site() as xinhua:
        xinhua.day = SOON
        first = crawl(xinhua, PROJECT, data_dir, "-a", "recheck=all")
        between = len(lines_of(data_dir))
        xinhua.day = LATER
        second = crawl(xinhua, PROJECT, data_dir, "-a", "recheck=all", *IN_PARTS)
        lines = lines_of(data_dir)
        new = (lines[before:between], lines[between:])
        yield Upgraded(kept, data_dir, xinhua, (first, second), new)


def test_the_kept_folder_holds_what_an_upgrade_has_to_bear(upgraded: Upgraded) -> None:
    """A withdrawal, versions, an article of several pages, a killed run, pages of a pager."""
    lines = lines_of(upgraded.kept)
    reports = [json.loads(path.read_bytes()) for path in upgraded.kept.glob("runs/*.json")]

    assert {line["status"] for line in lines} == {"live", "gone"}
    assert any(line["version"] == 2 and line["page_urls"] for line in lines)
    assert any(report["exit_code"] is None for report in reports)
    assert _pager_pages(upgraded.kept)


def test_it_verifies_before_it_is_crawled_on(upgraded: Upgraded, scrapy_cmd: RunScrapy) -> None:
    done = scrapy_cmd("verify", data_dir=upgraded.kept)

    assert done.returncode == 0, done.stdout + done.stderr


def test_crawled_on_nothing_unchanged_gets_a_version(upgraded: Upgraded) -> None:
    soon, later = upgraded.new

    assert set(upgraded.exitcodes) <= {0, 3}
    assert [line["id"] for line in soon if not line.get("corrects")] == []
    known = {line["id"] for line in lines_of(upgraded.kept)}
    listed = {one["id"] for one in upgraded.site.truth()["articles"]}
    again = [line for line in later if line["id"] in known]
    assert [line["id"] for line in again if not line.get("corrects")] == []
    new = {line["id"] for line in later} - known
    assert new
    assert new <= listed


def test_it_verifies_after_it_was_crawled_on(upgraded: Upgraded, scrapy_cmd: RunScrapy) -> None:
    done = scrapy_cmd("verify", data_dir=upgraded.data_dir)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "not held against the ledger" not in done.stdout


def test_lines_of_both_versions_are_exported(upgraded: Upgraded, tmp_path: Path) -> None:
    """Losslessly into one table; what version 1 doesn't have is null there."""
    files, output = published_files(upgraded.data_dir), tmp_path / "all.parquet"
    lines = selected(files, Selection(), lambda _: None, lambda _: None)
    with output.open("wb") as file:
        write_parquet(lines, file)
    rows = read_table(output).to_pylist()
    expected = [json.loads(line) for path in files for line in path.read_bytes().splitlines()]
    assert {line["schema_version"] for line in expected} == {1, 2}
    for row, line in zip(rows, expected, strict=True):
        if line["gone"]:
            line["gone"].setdefault("last", None)
        assert {key: row[key] for key in line} == line
        if line["schema_version"] == 1:
            assert (row["line"], row["revision"], row["corrects"]) == (None, None, None)
    withdrawn = Selection(latest=True, statuses=frozenset({"gone"}), since=date(2000, 1, 1))
    found = list(selected(files, withdrawn, lambda _: None, lambda _: None))
    states = {line["id"]: line["status"] for line in expected}
    assert len(found) == list(states.values()).count("gone") > 0
    assert 1 in {line.keys["schema_version"] for line in found}


def test_the_reference_consumer_follows_it_over_the_change(
    upgraded: Upgraded, tmp_path: Path
) -> None:
    """From lines of schema version 1 on to those of today."""
    database = tmp_path / "followed.sqlite"
    for data_dir in (upgraded.kept, upgraded.data_dir):
        assert follow(data_dir, database) == 0
    assert tables(database) == ledger_tables(upgraded.data_dir)


def test_publications_are_numbered_from_the_upgrade_on(upgraded: Upgraded) -> None:
    """The kept reports come before all that have a number; the last run was published in parts."""
    manifests = [json.loads(path.read_bytes()) for path in manifests_of(upgraded.data_dir)]
    kept = {path.stem for path in manifests_of(upgraded.kept)}

    assert {one["run_id"] for one in manifests if "seq" not in one} == kept
    numbered = [one["seq"] for one in manifests if "seq" in one]
    assert numbered == list(range(1, len(numbered) + 1))
    assert manifests[-1]["parts"] > 1


def test_commands_read_it(upgraded: Upgraded, scrapy_cmd: RunScrapy) -> None:
    gone = next(line for line in lines_of(upgraded.kept) if line["status"] == "gone")
    parted = next(line for line in lines_of(upgraded.kept) if line["page_urls"])

    history = scrapy_cmd("history", parted["id"], data_dir=upgraded.data_dir)
    explained = scrapy_cmd("explain", gone["url"], data_dir=upgraded.data_dir)
    regions = scrapy_cmd("regions", data_dir=upgraded.data_dir)

    assert (history.returncode, explained.returncode, regions.returncode) == (0, 0, 0)
    assert parted["title"] in history.stdout
    assert gone["id"] in explained.stdout
    assert "js" in regions.stdout


def test_pages_of_a_pager_are_no_lists_of_their_own_any_more(upgraded: Upgraded) -> None:
    assert not _pager_pages(upgraded.data_dir)


def _pager_pages(data_dir: Path) -> list[str]:
    with closing(sqlite3.connect(data_dir / "state" / "ledger.sqlite")) as ledger:
        urls = [url for (url,) in ledger.execute("SELECT url FROM lists")]
    return [url for url in urls if url.endswith("_2.htm")]


def test_what_a_withdrawn_page_was_is_read_from_its_line_of_before(upgraded: Upgraded) -> None:
    """The migrated ledger doesn't know the source of a line of schema version 1."""
    last = next(
        line
        for line in lines_of(upgraded.kept)
        if line["status"] == "live" and line["source"] and not line["page_urls"]
        and sum(other["id"] == line["id"] for other in lines_of(upgraded.kept)) == 1
    )  # fmt: skip
    upgraded.site.fault("404", path="/" + last["url"].split("/", 3)[3])
    for hours in (1, 9):
        upgraded.site.day = LATER + hours / 24
        crawl(upgraded.site, PROJECT, upgraded.data_dir, "-a", "recheck=all")
    upgraded.site.faults.replace([])

    gone = [line for line in lines_of(upgraded.data_dir) if line["id"] == last["id"]][-1]

    assert (gone["status"], gone["title"]) == ("gone", last["title"])
    assert gone["gone"]["last"] == {
        "version": last["version"],
        "published_at": last["published_at"],
        "source": last["source"],
        "line": None,
    }


def test_it_is_corrected_by_an_extractor_that_reads_otherwise(
    upgraded: Upgraded, tmp_path: Path
) -> None:
    """Lines of both schema versions and of all versions of an article; then the other extractor's
    re-checks find nothing new."""
    other = another_extractor(tmp_path / "other")
    before = [line for line in lines_of(upgraded.data_dir) if line["status"] != "gone"]
    assert {line["schema_version"] for line in before} == {1, 2}

    codes = [correct(upgraded.site, other, upgraded.data_dir) for _ in range(2)]

    assert codes == [0, 0]
    corrections = [line for line in lines_of(upgraded.data_dir) if line.get("corrects")]
    assert len(corrections) == len(before)
    by_line = {(line["id"], line["fetched_at"]): line for line in before}
    for line in corrections:
        was = by_line.pop((line["id"], line["fetched_at"]))
        assert line["title"] == f"{was['title']}（改）"
        assert line["corrects"]["line"] == was.get("line")
        assert (line["version"], line["changed"]) == (was["version"], was["changed"])
    for project in (PROJECT, other):
        done = scrapy("verify", project=project, data_dir=upgraded.data_dir)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "not held against the ledger" not in done.stdout
    known = len(lines_of(upgraded.data_dir))
    upgraded.site.day += 0.5
    crawled = crawl(upgraded.site, other, upgraded.data_dir, "-a", "recheck=all")
    assert crawled in {0, 3}
    new = [line for line in lines_of(upgraded.data_dir)[known:] if line["version"] > 1]
    assert [line["id"] for line in new if line["status"] != "restored"] == []
    done = scrapy("verify", project=other, data_dir=upgraded.data_dir)
    assert done.returncode == 0, done.stdout + done.stderr


def _published(data_dir: Path) -> list[Any]:
    """What a ledger holds of published lines: of each line, of the articles, of what came when."""
    with closing(Ledger.open(data_dir / "state" / "ledger.sqlite", read_only=True)) as ledger:
        articles = ledger.articles.every(regions=None, limit=999)
        lines = [row for one in articles for row in ledger.articles.versions(one.id)]
        return [
            sorted(
                (row.article_id, row.version, row.status, row.fetched_at, row.revision,
                 row.line or "", row.source or "", str(row.corrects), row.jsonl, row.line_sha256)
                for row in lines
            ),
            [(one.id, one.status, one.version, one.title, one.published_at, one.published_sha256,
              one.line, one.revision) for one in articles],
            [(run.run_id, run.kind, run.exit_code, run.counts) for run in ledger.runs.newest(99)],
            ledger.publications.after(0),
        ]  # fmt: skip


def test_repair_makes_its_ledger_again(upgraded: Upgraded, scrapy_cmd: RunScrapy) -> None:
    before = _published(upgraded.data_dir)
    for path in (upgraded.data_dir / "state").iterdir():
        if path.name.startswith("ledger.sqlite"):
            path.unlink()

    made = scrapy_cmd("repair", "--ledger", data_dir=upgraded.data_dir)
    verified = scrapy_cmd("verify", data_dir=upgraded.data_dir)

    assert made.returncode == 0, made.stdout + made.stderr
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert _published(upgraded.data_dir) == before


@pytest.mark.nightly
def test_its_ledger_moves_to_a_server_and_back(
    tmp_path: Path, scrapy_cmd: RunScrapy, new_database: Callable[[], str]
) -> None:
    data_dir = unpack(tmp_path)
    with site() as xinhua:
        for to, day in ((new_database(), SOON), ("sqlite", LATER)):
            moved = scrapy_cmd("ledger", "copy", to, data_dir=data_dir)
            assert moved.returncode == 0, moved.stderr
            xinhua.day = day
            known = len(lines_of(data_dir))
            assert crawl(xinhua, PROJECT, data_dir, "-a", "recheck=all") in {0, 3}
            new = [line for line in lines_of(data_dir)[known:] if not line["corrects"]]
            assert [line["version"] for line in new] == [1] * len(new)
            assert bool(new) == (day == LATER)
            verified = scrapy_cmd("verify", data_dir=data_dir)
            assert verified.returncode == 0, verified.stdout + verified.stderr
            assert "not held against the ledger" not in verified.stdout
