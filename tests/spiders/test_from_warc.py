"""`-a from_warc=`: the whole spider from archives, no network, the lines of the crawl itself."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from crawler.items import HISTORY_KEYS
from tests.archive.bytes_of import URL, record
from tests.processes import Crawl, crawl

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunScrapy
    from tests.site import Site

QUIET = ("-s", "LOG_LEVEL=WARNING")

# A proxy that nobody serves: what asks the network fails.
NOWHERE = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}


@pytest.fixture(scope="module")
def original(site: Site, proxy: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Crawl:
    done = crawl(
        "-a", "regions=js", "-s", "DOWNLOAD_DELAY=0", *QUIET,
        data_dir=tmp_path_factory.mktemp("original") / "data", env=proxy,
    )  # fmt: skip
    assert done.exitcode == 0, done.stderr
    assert any(line["warc_pages"] for line in done.lines)
    return done


@pytest.fixture(scope="module")
def warc(original: Crawl) -> Path:
    (path,) = original.data_dir.glob("warc/*/*/*.warc.gz")
    return path


def replay(pattern: object, data_dir: Path, *arguments: str) -> Crawl:
    return crawl("-a", f"from_warc={pattern}", *arguments, *QUIET, data_dir=data_dir, env=NOWHERE)


@pytest.fixture(scope="module")
def again(site: Site, original: Crawl, tmp_path_factory: pytest.TempPathFactory) -> Crawl:
    asked = len(site.log)
    done = replay(
        original.data_dir / "warc/**/*.warc.gz",
        tmp_path_factory.mktemp("replayed") / "data",
        "-a", "regions=js",
    )  # fmt: skip
    assert done.exitcode == 0, done.stderr
    assert len(site.log) == asked
    return done


def derived(line: dict[str, Any], root: Path | None = None) -> dict[str, Any]:
    """What comes from the record, pointers relative to the archive's folder."""
    text = json.dumps({key: line[key] for key in line if key not in HISTORY_KEYS})
    found: dict[str, Any] = json.loads(text.replace(f"{root}/", "") if root else text)
    return found


def test_the_lines_are_those_of_the_crawl(original: Crawl, again: Crawl) -> None:
    first = {line["id"]: line for line in original.lines}
    second = {line["id"]: line for line in again.lines}
    assert first.keys() == second.keys()
    for key, line in second.items():
        assert derived(line, original.data_dir) == derived(first[key])
        assert (line["discovered_from"] is None) == (first[key]["discovered_from"] is None)
        assert (line["version"], line["status"]) == (1, "live")


def test_it_writes_no_warc_and_counts_everything(original: Crawl, again: Crawl) -> None:
    assert not (again.data_dir / "warc").exists()
    report = again.report
    assert [file["path"].split("/")[0] for file in report["files"]] == ["jsonl"]
    assert report["robots"] == {"requests": 0, "unreachable": 0}
    assert report["hosts"] == {}
    assert report["lists"]["failed"] == 0
    assert report["lists"]["answered"] > 0
    assert sum(report["outcomes"].values()) == report["urls_seen"]
    for name in ("published", "unknown_layout", "missing"):
        assert report["outcomes"].get(name) == original.report["outcomes"].get(name)
    denied = original.report["outcomes"].get("robots_denied", 0)
    assert report["outcomes"].get("not_archived", 0) == denied


def test_its_lines_are_proved(scrapy_cmd: RunScrapy, again: Crawl) -> None:
    done = scrapy_cmd("verify", data_dir=again.data_dir)
    assert done.returncode == 0, done.stdout


def test_a_second_replay_adds_nothing(again: Crawl, warc: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(again.data_dir, folder)
    done = replay(warc, folder)
    assert done.exitcode == 0, done.stderr
    assert done.lines == []
    assert done.report["outcomes"].keys() <= again.report["outcomes"].keys() | {"known"}
    assert done.report["outcomes"].get("published") is None


def test_into_its_own_folder_it_adds_nothing(original: Crawl, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(original.data_dir, folder)
    done = replay(folder / "warc/*/*/*.warc.gz", folder, "-a", "regions=js")
    assert done.lines == []
    assert done.report["outcomes"]["known"] == len(original.lines)


def test_a_live_crawl_goes_on_from_a_replay(
    site: Site, again: Crawl, proxy: dict[str, str], tmp_path: Path
) -> None:
    """Nothing is fetched twice; what the archive didn't hold is asked for (robots.txt forbids)."""
    folder = tmp_path / "data"
    shutil.copytree(again.data_dir, folder)
    done = crawl(
        "-a", "regions=js", "-s", "DOWNLOAD_DELAY=0", *QUIET, data_dir=folder, env=proxy
    )  # fmt: skip
    assert done.exitcode == 0, done.stderr
    assert done.lines == []
    assert "not_archived" not in done.report["outcomes"]


def test_archived_lists_are_not_taken_for_todays(
    scrapy_cmd: RunScrapy, original: Crawl, again: Crawl, warc: Path, tmp_path: Path
) -> None:
    """Neither the health of the lists nor what is known ground comes from an archive."""
    told = json.loads(scrapy_cmd("regions", "--json", data_dir=again.data_dir).stdout)
    assert not any(region["lists_asked"] for region in told)
    folder = tmp_path / "data"
    shutil.copytree(original.data_dir, folder)
    before = scrapy_cmd("regions", "--json", data_dir=folder).stdout
    assert '"lists_asked": 0' in before
    replay(warc, folder)
    assert scrapy_cmd("regions", "--json", data_dir=folder).stdout == before


def test_some_addresses_of_an_archive(again: Crawl, warc: Path, tmp_path: Path) -> None:
    url = again.lines[0]["canonical_url"]
    other = "http://www.js.xinhuanet.com/2017-09/28/c_1121738857.htm"
    done = replay(warc, tmp_path / "data", "-a", f"urls={url},{other}")
    assert done.exitcode == 0, done.stderr
    assert [line["canonical_url"] for line in done.lines] == [url]
    assert done.report["outcomes"] == {"not_archived": 1, "published": 1}


def test_days_and_limit_select(again: Crawl, warc: Path, tmp_path: Path) -> None:
    day = again.lines[0]["published_at"][:10]
    done = replay(warc, tmp_path / "one", "-a", f"since={day}", "-a", f"until={day}")
    days = {line["published_at"][:10] for line in again.lines if line["published_at"]}
    assert len(days) > 1
    assert {line["published_at"][:10] for line in done.lines if line["published_at"]} == {day}
    assert len(replay(warc, tmp_path / "two", "-a", "limit=2").lines) == 2


def test_an_archive_in_the_way_of_others(again: Crawl, warc: Path, tmp_path: Path) -> None:
    """Not compressed, times with fractions, a tail on the addresses, no digests, few lists."""
    plain = gzip.decompress(warc.read_bytes())
    plain = plain.replace(b"software: xinhua-archive/", b"software: somebody-else//")
    plain = re.sub(rb"WARC-(Payload|Block)-Digest: [^\r]*\r\n", b"", plain)
    plain = re.sub(rb"(WARC-Date: [^\r]{19})Z", rb"\1.250Z", plain)
    plain = re.sub(rb"(WARC-Target-URI: [^\r]*/c_\d+\.htm)\r", rb"\1?f=pc\r", plain)
    plain = re.sub(rb"(WARC-Target-URI: [^\r]*)(/|index\.htm)\r", rb"\1-\r", plain)
    foreign = tmp_path / "theirs.warc"
    foreign.write_bytes(plain)
    done = replay(foreign, tmp_path / "data")
    assert done.exitcode == 0, done.stderr[-3000:]
    assert {line["id"] for line in done.lines} == {line["id"] for line in again.lines}
    assert all(line["warc"]["file"] == str(foreign) for line in done.lines)
    first = {line["id"]: line["fetched_at"] for line in again.lines}
    assert {line["id"]: line["fetched_at"] for line in done.lines} == first


def test_pointers_hold_wherever_the_archive_lies(
    scrapy_cmd: RunScrapy, warc: Path, tmp_path: Path
) -> None:
    """In the data folder, in anyone's form, relative to it; elsewhere absolute and without dots."""
    folder = tmp_path / "data"
    (folder / "imported").mkdir(parents=True)
    plain = gzip.decompress(warc.read_bytes())
    plain = plain.replace(b"software: xinhua-archive/", b"software: somebody-else//")
    plain = re.sub(rb"WARC-(Payload|Block)-Digest: [^\r]*\r\n", b"", plain)
    (folder / "imported" / "theirs.warc").write_bytes(plain)
    done = replay(folder / "../data/imported/*", folder)
    assert {line["warc"]["file"] for line in done.lines} == {"imported/theirs.warc"}
    assert scrapy_cmd("verify", data_dir=folder).returncode == 0
    (tmp_path / "x").mkdir()
    (tmp_path / "link").symlink_to(folder / "imported")
    other = replay(tmp_path / "x/../link/*", tmp_path / "other")
    there = str((folder / "imported" / "theirs.warc").resolve())
    assert {line["warc"]["file"] for line in other.lines} == {there}
    done = scrapy_cmd("verify", data_dir=tmp_path / "other")
    assert done.returncode == 0, done.stdout


def test_a_torn_archive_is_an_alarm_and_the_rest_is_read(
    again: Crawl, warc: Path, tmp_path: Path
) -> None:
    torn = tmp_path / "torn.warc.gz"
    data = warc.read_bytes()
    torn.write_bytes(data[: len(data) * 3 // 4])
    done = replay(torn, tmp_path / "data")
    assert done.exitcode == 3
    assert 0 < len(done.lines) < len(again.lines)
    (alarm,) = done.report["alarms"]
    assert re.match(rf"damaged archive: {torn} at \d+: ", alarm)


def test_where_a_reextraction_fails_a_replay_is_an_alarm(
    scrapy_cmd: RunScrapy, tmp_path: Path
) -> None:
    path = tmp_path / "x.warc"
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"
    path.write_bytes(record(b"HTTP/1.1 404 Gone\r\n\r\n", url=URL.replace("857", "858"))
                     + record(head + b"<html>"))  # fmt: skip
    assert scrapy_cmd("reextract", str(path)).returncode == 1
    done = replay(path, tmp_path / "data")
    assert done.exitcode == 3, done.stderr
    (alarm,) = done.report["alarms"]
    assert re.fullmatch(rf"damaged archive: {path} at \d+: the body has 6 of 99999 bytes", alarm)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("no.warc.gz", b"not an archive at all\r\n" * 9, "from_warc: .*no.warc.gz at 0: "),
        ("empty.warc", b"", "from_warc: .*empty.warc at 0: no archived response"),
        ("some.wacz", b"PK\x03\x04" + bytes(99), "from_warc: .*some.wacz at 0: .*unpack the WARC"),
        ("whole.warc.gz", None, "from_warc: .*compressed as a whole, not record by record"),
    ],
)
def test_archives_that_cannot_be_replayed(
    name: str, content: bytes | None, why: str, warc: Path, tmp_path: Path
) -> None:
    path = tmp_path / name
    if content is None:
        content = gzip.compress(gzip.decompress(warc.read_bytes()))
    path.write_bytes(content)
    done = replay(path, tmp_path / "data")
    assert done.exitcode == 2, done.stderr
    assert re.search(why, done.stderr.splitlines()[-1])


def test_a_glob_that_matches_nothing(tmp_path: Path) -> None:
    done = replay(tmp_path / "*.warc.gz", tmp_path / "data")
    assert done.exitcode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "from_warc: no file matches " in done.stderr
    assert not (tmp_path / "data").exists()
