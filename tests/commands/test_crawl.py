"""The whole path: `scrapy crawl xinhua` against the loopback site, held against its truth."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawler import extraction
from crawler import settings as ours
from crawler.archive.pointers import read_page
from crawler.arguments import NAMES
from crawler.commands.crawl import _tell_of
from crawler.items import HISTORY_KEYS, KEYS, WarcPointer, as_record
from crawler.outcomes import FETCHED
from crawler.storage import StorageError
from tests import scrapy_process
from tests.conftest import PROJECT
from tests.processes import Crawl, crawl
from tests.site import Site
from tests.site.truth import as_fetched

if TYPE_CHECKING:
    from pathlib import Path


FAST = ("-s", "DOWNLOAD_DELAY=0", "-s", "LOG_LEVEL=WARNING")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("crawl") / "data"


@pytest.fixture(scope="module")
def first(site: Site, proxy: dict[str, str], data_dir: Path) -> Crawl:
    return crawl("-a", "regions=js,he", *FAST, data_dir=data_dir, env=proxy)


@pytest.fixture(scope="module")
def listed(site: Site, first: Crawl) -> dict[str, dict[str, Any]]:
    """The articles of the site that a list shows, by id."""
    return {
        article["id"]: article
        for article in site.truth()["articles"]
        if article["listed_on"] and article["state"] == "live" and not article["hidden"]
    }


def test_ends_well_and_says_what_it_did(first: Crawl) -> None:
    assert first.exitcode == 0, first.stderr
    report = first.report
    assert report["exit_code"] == 0
    assert report["reason"] == "finished"
    assert report["alarms"] == []
    assert sum(report["outcomes"].values()) == report["urls_seen"]
    assert sum(sum(row.values()) for row in report["regions"].values()) == report["urls_seen"]
    assert report["lists"]["answered"] > 0
    written = {outcome: report["outcomes"].get(outcome, 0) for outcome in FETCHED}
    assert sum(written.values()) == len(first.lines)
    assert written["unknown_layout"] == sum(line["layout"] == "fallback" for line in first.lines)


def test_every_listed_article_is_there_once(
    first: Crawl, listed: dict[str, dict[str, Any]]
) -> None:
    assert Counter(line["id"] for line in first.lines) == Counter(listed.keys())


def test_what_robots_txt_hides_is_counted_and_not_fetched(site: Site, first: Crawl) -> None:
    hidden = {article["url"] for article in site.truth()["articles"] if article["hidden"]}
    assert hidden
    assert first.report["outcomes"]["robots_denied"] == len(hidden)
    assert not {entry.path for entry in site.log if entry.path.startswith("/neibu/")}


def test_fields_are_the_sites_truth(first: Crawl, listed: dict[str, dict[str, Any]]) -> None:
    wrong = {}
    for line in first.lines:
        told = as_fetched(listed[line["id"]]["expected"], line["url"])
        different = {
            key: (line[key], value) for key, value in told.items() if not holds(line[key], value)
        }
        if different:
            wrong[line["id"]] = (line["layout"], different)
    assert not wrong


def holds(ours: Any, told: Any) -> bool:
    """Whether a value is what the site says it is; it doesn't tell every key of an object."""
    if isinstance(told, dict) and isinstance(ours, dict):
        return all(ours[key] == value for key, value in told.items())
    return bool(ours == told)


def test_lines_have_the_keys_in_order(first: Crawl) -> None:
    for line in first.lines:
        assert tuple(line) == KEYS


def test_every_line_is_its_bytes(first: Crawl, data_dir: Path) -> None:
    """Each line is made again from the record it points at, found by warcio, not by us."""
    for line in first.lines:
        pointers = line["warc_pages"] or [line["warc"]]
        for pointer in pointers:
            with (data_dir / pointer["file"]).open("rb") as file:
                file.seek(pointer["offset"])
                member = file.read(pointer["length"])
            assert gzip.decompress(member)
            (record,) = ArchiveIterator(io.BytesIO(member), check_digests="raise")
            assert record.rec_type == "response"
            assert record.rec_headers.get_header("WARC-Record-ID") == pointer["record_id"]
        pages = [read_page(data_dir, WarcPointer(**pointer)) for pointer in pointers]
        again = as_record(extraction.extract(pages))
        derived = {key: value for key, value in line.items() if key not in HISTORY_KEYS}
        assert {key: json.loads(json.dumps(again[key])) for key in derived} == derived


def test_each_record_says_where_it_was_found(first: Crawl, data_dir: Path) -> None:
    """In the metadata record tied to the response that a line points at."""
    found = {}
    for path in data_dir.glob(f"warc/*/*/*{first.run_ids[0]}*.warc.gz"):
        with path.open("rb") as file:
            for record in ArchiveIterator(file):
                if record.rec_type == "metadata":
                    block = record.content_stream().read().decode()
                    fields = dict(line.split(": ", 1) for line in block.splitlines())
                    found[record.rec_headers["WARC-Concurrent-To"]] = fields
                elif record.rec_type == "warcinfo":
                    assert (
                        f"run-id: {first.run_ids[0]}\r\n".encode() in record.content_stream().read()
                    )
    for line in first.lines:
        fields = found[line["warc"]["record_id"]]
        assert fields["discovered-from"] == line["discovered_from"]["url"]
        assert fields["via"]
        assert int(fields["fetchTimeMs"]) >= 0


def test_the_manifest_is_true(first: Crawl, data_dir: Path) -> None:
    files = {file["path"]: file for file in first.report["files"]}
    on_disk = {
        path.relative_to(data_dir).as_posix()
        for folder in ("jsonl", "sightings", "warc")
        for path in (data_dir / folder).rglob("*")
        if path.is_file() and first.report["run_id"] in path.name
    }
    assert set(files) == on_disk
    assert not list(data_dir.rglob("*.open"))
    for name, file in files.items():
        content = (data_dir / name).read_bytes()
        assert file["bytes"] == len(content)
        assert file["sha256"] == hashlib.sha256(content).hexdigest()


def test_a_second_run_asks_for_lists_only(
    site: Site, proxy: dict[str, str], first: Crawl, data_dir: Path
) -> None:
    before = len(site.log)
    second = crawl("-a", "regions=js,he", *FAST, data_dir=data_dir, env=proxy)
    assert second.exitcode == 0, second.stderr
    assert second.lines == []
    asked = {entry.path for entry in site.log[before:]}
    articles = {"/" + line["url"].split("/", 3)[3] for line in first.lines}
    assert not asked & articles
    assert "published" not in second.report["outcomes"]
    assert sum(second.report["outcomes"].values()) == second.report["urls_seen"]


def test_pages_no_layout_claims_are_published_marked_and_listed(tmp_path: Path) -> None:
    with Site(regions=["js"], articles=25) as site:
        site.world.redesigns["js"] = 0.0
        done = crawl("-a", "regions=js", *FAST, data_dir=tmp_path / "data", env=site.environment)
    count = done.report["outcomes"]["unknown_layout"]
    assert count >= 20
    assert len(done.report["unclaimed"]) == count
    marked = [line for line in done.lines if line["layout"] == "fallback"]
    assert len(marked) == count
    assert all(line["flags"][0]["flag"] == "unknown_layout" for line in marked)
    assert all(line["warc"] for line in marked)
    assert done.exitcode == 3
    assert "a layout has changed" in done.report["alarms"][0]


# --- what a user can get wrong -------------------------------------------------------------------

BAD = {
    "unknown region": ("-a", "regions=jsx"),
    "bad date": ("-a", "since=2017-13-01"),
    "since after until": ("-a", "since=2017-02-01", "-a", "until=2017-01-01"),
    "no such file": ("-a", "urls=no/such/file"),
    "look-alike host": ("-a", "urls=http://www.djxinhuanet.com/2017-09/28/c_1121738857.htm"),
    "look-alike list": ("-a", "lists=http://js.ymnews.cn/"),
    "unknown argument": ("-a", "colour=red"),
    "limit of nothing": ("-a", "limit=0"),
    "empty list of addresses": ("-a", "urls=/dev/null"),
    "setting that is no number": ("-s", "DOWNLOAD_DELAY=soon"),
}


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD.keys())
def test_bad_arguments_are_one_line_and_nothing_written(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    done = crawl(*arguments, data_dir=tmp_path / "data")
    assert done.exitcode == 2
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert not (tmp_path / "data").exists()


def test_help_has_the_arguments_settings_and_examples() -> None:
    """In a terminal of any encoding, on lines of a usual length."""
    for words in (["xinhua", "--help"], ["-h"]):
        done = subprocess.run(
            [sys.executable, "-m", "scrapy", "crawl", *words],
            cwd=PROJECT / "docs", env=os.environ | {"PYTHONIOENCODING": "ascii", "COLUMNS": "80"},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        _, arguments, rest = re.split(r"(?<=after -a\n)=+\n|(?<=after -s\n)=+\n", done.stdout)
        assert re.findall(r"^  (\w+) ", arguments, re.MULTILINE) == list(NAMES)
        settings, examples = rest.split("Examples\n")
        named = re.findall(r"^  ([A-Z_]+) ", settings, re.MULTILINE)
        assert {"DATA_DIR", "CONTACT", "CRAWL_HOURS"} <= set(named) <= set(vars(ours))
        assert examples.count("scrapy crawl xinhua -") > 2
        assert max(map(len, rest.splitlines())) <= 85


def test_who_has_not_set_contact_is_told_before_the_first_request(tmp_path: Path) -> None:
    nobody = {"http_proxy": "http://127.0.0.1:9"}
    arguments = ("-a", "lists=http://www.js.xinhuanet.com/no/")
    unsigned = crawl(*arguments, data_dir=tmp_path / "1", env=nobody)
    told, opened = (unsigned.stderr.find(text) for text in ("CONTACT is not set", "Spider opened"))
    assert 0 <= told < opened
    assert "  to do: set CONTACT" in unsigned.stderr
    for setting, env in (
        (("-s", "CONTACT=me@example.org"), {}),
        ((), {"XINHUA_CONTACT": "me@x.org"}),
    ):
        signed = crawl(*arguments, *setting, data_dir=tmp_path / "2", env=nobody | env)
        assert "CONTACT" not in signed.stderr


def test_an_unknown_spider_is_one_line(tmp_path: Path) -> None:
    environment = {**os.environ, "XINHUA_DATA_DIR": str(tmp_path / "data")}
    done = scrapy_process.run("crawl", "xinhau", env=environment)
    assert done.returncode == 2
    assert done.stderr == "scrapy crawl: unknown spider 'xinhau' (known: xinhua)\n"


def test_a_log_that_cannot_be_written_is_exit_2(tmp_path: Path) -> None:
    done = crawl("--logfile", str(tmp_path / "no" / "crawl.log"), data_dir=tmp_path / "data")
    assert done.exitcode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "LOG_FILE: can't write" in done.stderr


def test_a_log_in_a_data_folder_yet_to_be_made(
    site: Site, proxy: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "data" / "crawl.log"
    done = crawl("-a", "lists=http://www.js.xinhuanet.com/", "-a", "limit=1", *FAST,
                 "--logfile", str(log), data_dir=tmp_path / "data", env=proxy)  # fmt: skip
    assert done.exitcode == 0
    assert f"began an archive in {tmp_path / 'data'}\n" in done.stderr
    assert log.exists()


def test_an_unwritable_data_folder_is_exit_2(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file, not a folder")
    done = crawl("-a", "limit=1", data_dir=tmp_path / "data")
    assert done.exitcode == 2
    assert "can't be written" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_second_run_at_once_is_exit_75(tmp_path: Path) -> None:
    """Without a terminal that is said only once the other run has been on for too long, and then
    once a day."""
    state = tmp_path / "data" / "state"
    state.mkdir(parents=True)
    with (state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = crawl("-a", "limit=1", data_dir=tmp_path / "data")
        assert (done.exitcode, done.stderr) == (75, "")
        assert [path.name for path in state.iterdir()] == ["lock"]
        old = time.time() - 49 * 3600
        os.utime(state / "lock", (old, old))
        late = crawl("-a", "limit=1", data_dir=tmp_path / "data")
        again = crawl("-a", "limit=1", data_dir=tmp_path / "data")
    assert late.exitcode == again.exitcode == 75
    assert late.stderr.startswith("scrapy crawl: another run holds ")
    assert len(late.stderr.splitlines()) == 1
    assert again.stderr == ""


def test_no_list_answering_is_exit_4(tmp_path: Path, site: Site, proxy: dict[str, str]) -> None:
    done = crawl(
        "-a", "lists=http://www.js.xinhuanet.com/no/such/list.htm",
        *FAST, data_dir=tmp_path / "data", env=proxy,
    )  # fmt: skip
    assert done.exitcode == 4, done.stderr
    assert done.report["lists"] == {"asked": 1, "answered": 0, "failed": 1, "unreadable": 0}


def test_scrapy_list_prints_the_spider() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", "list"],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["xinhua"]


def test_nobody_can_steer_a_running_crawl(tmp_path: Path) -> None:
    """Scrapy's consoles, both on by default, would listen on ports of their own."""
    arguments = ("-a", "lists=http://www.js.xinhuanet.com/no/", "-s", "LOG_LEVEL=DEBUG")
    nobody = {"http_proxy": "http://127.0.0.1:9"}
    done = crawl(*arguments, data_dir=tmp_path / "data", env=nobody)
    console = "scrapy.extensions.telnet"
    assert "Spider opened" in done.stderr
    assert console not in done.stderr
    assert "scrapy.extensions.remote" not in done.stderr
    switched_on = crawl(
        *arguments, "-s", "TELNETCONSOLE_ENABLED=1", data_dir=tmp_path / "data", env=nobody
    )
    assert console in switched_on.stderr


def test_the_log_as_json(site: Site, proxy: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "crawl.log"
    done = crawl(
        "-a", "lists=http://www.js.xinhuanet.com/", "-a", "limit=1",
        "-s", "LOG_JSON=1", "-s", "DOWNLOAD_DELAY=0", "--logfile", str(log),
        data_dir=tmp_path / "data", env=proxy,
    )  # fmt: skip
    assert done.exitcode == 0, done.stderr
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"time", "level", "logger", "message"} <= set(lines[0])
    assert any("Spider closed (finished)" in line["message"] for line in lines)


def test_a_ledger_that_fails_before_the_crawl_begins_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """By whoever met it; anything else is told here, and asyncio has nothing to add."""

    async def fail(error: Exception) -> None:
        raise error

    async def crawl_with(error: Exception) -> None:
        task = asyncio.get_running_loop().create_task(fail(error))
        task.add_done_callback(_tell_of)
        await asyncio.wait([task])

    asyncio.run(crawl_with(StorageError("the server is gone")))
    gc.collect()
    assert caplog.records == []
    asyncio.run(crawl_with(TypeError("nobody foresaw this")))
    gc.collect()
    (told,) = caplog.records
    assert (told.name, told.getMessage()) == (_tell_of.__module__, "the crawl couldn't begin")
    assert told.exc_info
