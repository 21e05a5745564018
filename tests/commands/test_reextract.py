"""`scrapy reextract`: the published lines again from our archives, and articles from anyone's."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from crawler import reextraction
from crawler.archive import members, span
from crawler.archive.decode import MAX_BODY, bound
from crawler.archive.pointers import read_page
from crawler.items import HISTORY_KEYS, KEYS, Page, WarcPointer, as_line
from crawler.reextraction import batch
from crawler.reextraction.filter import Filter
from crawler.spiders import xinhua
from crawler.verification import claims
from crawler.verification.lines import verify_lines
from tests.commands.foreign import (
    DATE,
    LATER,
    NOT_MODIFIED,
    OTHER_URL,
    STYLES,
    Sink,
    noise,
    raw,
    type_of,
    wacz,
)
from tests.conftest import PROJECT
from tests.processes import Crawl, crawl, peak_kib

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunScrapy
    from tests.site import Site

SMALL = 40_000
"""So small a WARC_MAX_BYTES that a crawl gives several files, and articles lie across them."""


@pytest.fixture(scope="module")
def first(site: Site, proxy: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Crawl:
    done = crawl(
        "-a", "regions=js,he", "-s", "DOWNLOAD_DELAY=0", "-s", "LOG_LEVEL=WARNING",
        "-s", f"WARC_MAX_BYTES={SMALL}",
        data_dir=tmp_path_factory.mktemp("reextract") / "data", env=proxy,
    )  # fmt: skip
    assert done.exitcode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def warcs(first: Crawl) -> list[str]:
    found = sorted(str(path) for path in first.data_dir.glob("warc/*/*/*.warc.gz"))
    assert len(found) > 3
    return found


@pytest.fixture(scope="module")
def published(first: Crawl) -> Path:
    (path,) = first.data_dir.glob("jsonl/*/*/*.jsonl")
    return path


@pytest.fixture(scope="module")
def page(first: Crawl) -> Page:
    """An article of one page as the crawl saw it, larger than any bound on what is peeked at."""
    line = next(line for line in first.lines if not line["warc_pages"] and "www." in line["url"])
    return read_page(first.data_dir, WarcPointer(**line["warc"]))


def derived(line: dict[str, Any]) -> bytes:
    """A line without what comes from the ledger."""
    return as_line({key: value for key, value in line.items() if key not in HISTORY_KEYS})


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


# --- our own archives ----------------------------------------------------------------------------


def test_our_archives_give_the_published_lines(
    first: Crawl, warcs: list[str], scrapy_cmd: RunScrapy, tmp_path: Path
) -> None:
    outputs = []
    for jobs in ("1", "2"):
        output = tmp_path / f"{jobs}.jsonl"
        done = scrapy_cmd("reextract", *warcs, "-j", jobs, "-o", str(output),
                          data_dir=first.data_dir)  # fmt: skip
        assert done.returncode == 0, done.stderr
        outputs.append(output.read_bytes())
    assert outputs[0] == outputs[1]
    made = [json.loads(line) for line in outputs[0].splitlines()]
    assert all(tuple(line) == KEYS for line in made)
    assert sorted(map(derived, made)) == sorted(map(derived, first.lines))
    split = [line for line in made if len({pointer["file"] for pointer in line["warc_pages"]}) > 1]
    assert split, "no article lies across two files"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.jsonl", "2.jsonl"]


def test_the_lines_go_to_stdout(first: Crawl, warcs: list[str], scrapy_cmd: RunScrapy) -> None:
    done = scrapy_cmd("reextract", *warcs, *warcs[:1], data_dir=first.data_dir)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == len(first.lines)
    assert f"{len(warcs)} files: " in done.stderr
    assert f"{len(first.lines)} records" in done.stderr


def test_a_diff_lists_changed_fields_and_lines_of_one_side(
    first: Crawl, warcs: list[str], published: Path, scrapy_cmd: RunScrapy, tmp_path: Path
) -> None:
    def diff(old: Path, *options: str) -> tuple[str, str]:
        done = scrapy_cmd("reextract", *warcs, "--diff", str(old), *options,
                          data_dir=first.data_dir)  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout, done.stderr.splitlines()[0]

    count = len(first.lines)
    same = f"{count} compared with {published.name}: 0 differ, 0 not in it, 0 only in it"
    assert diff(published) == ("", same)
    changed, dropped, *others = lines_of(published)
    title, body = changed["title"], changed["paragraphs"]
    changed["title"] = f"旧{title}"
    changed["paragraphs"] = [*body, "一段旧话。"]
    changed["body"] = "\n\n".join(changed["paragraphs"])
    changed["extractor_version"] = changed["content_sha256"] = "0"
    unknown = changed | {"id": "1"}
    gone = changed | {"id": "2", "status": "gone"}
    old = tmp_path / "old.jsonl"
    old.write_bytes(b"".join(map(as_line, [changed, unknown, gone, *others])))
    unchanged = f"({len(body)} unchanged paragraph{'s' if len(body) > 1 else ''})"
    stdout, summary = diff(old)
    assert sorted(stdout.splitlines()) == sorted([
        f"{changed['id']} {changed['url']}: title, body",
        "    title:",
        f"        [-旧-]{title}",
        "    body:",
        f"        {unchanged}",
        "        [-一段旧话。-]",
        f"{dropped['id']} {dropped['url']}: not in old.jsonl",
        f"1 {changed['url']}: only in old.jsonl",
    ])  # fmt: skip
    differ = "1 differ (title 1, body 1), 1 not in it, 1 only in it"
    assert summary == f"{count} compared with old.jsonl: {differ}"
    other = "he" if changed["region"]["code"] == "js" else "js"
    assert "only in old.jsonl" not in diff(old, "--regions", other)[0]


def test_a_diff_with_what_holds_no_articles(
    warcs: list[str], scrapy_cmd: RunScrapy, tmp_path: Path
) -> None:
    """It is said before hours of work, not after them."""
    old = tmp_path / "old.jsonl"
    for text in (b"no json\n", b"[]\n", b'{"id": "1"}\n'):
        old.write_bytes(text)
        done = scrapy_cmd("reextract", *warcs, "--diff", str(old))
        assert (done.returncode, done.stdout) == (2, "")
        assert "old.jsonl, line 1: no line of an article" in done.stderr


def test_filters(first: Crawl, warcs: list[str], scrapy_cmd: RunScrapy) -> None:
    def ids(*options: str) -> set[str]:
        done = scrapy_cmd("reextract", *warcs, *options, data_dir=first.data_dir)
        assert done.returncode == 0, done.stderr
        return {json.loads(line)["id"] for line in done.stdout.splitlines()}

    everything = {line["id"] for line in first.lines}
    hebei = {line["id"] for line in first.lines if line["region"]["code"] == "he"}
    assert ids("--regions", "河北") == hebei
    assert 0 < len(hebei) < len(everything)
    host = "www.he.xinhuanet.com"
    assert ids("--hosts", host) == {line["id"] for line in first.lines if host in line["url"]}
    assert ids("--since", "2000-01-01", "--until", "2100-01-01") == everything
    assert ids("--until", "2016-12-31") == ids("--since", "2100-01-01") == set()


@pytest.mark.parametrize(
    "arguments",
    [(), ("no/such.warc",), ("{warc}", "-j", "0"), ("{warc}", "--since", "yesterday"),
     ("{warc}", "--regions", "atlantis"), ("{warc}", "--diff", "no/such.jsonl")],
)  # fmt: skip
def test_bad_usage(arguments: tuple[str, ...], warcs: list[str], scrapy_cmd: RunScrapy) -> None:
    done = scrapy_cmd("reextract", *(one.format(warc=warcs[0]) for one in arguments))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_articles_are_bounded_as_in_the_crawl() -> None:
    assert reextraction.MAX_PAGES == xinhua.MAX_PAGES


def test_pages_are_bounded_as_in_the_crawl(
    page: Page, scrapy_cmd: RunScrapy, tmp_path: Path
) -> None:
    """By the same setting; a part that was made with another bound isn't taken for this one's."""
    path, size = tmp_path / "a.warc.gz", len(page.body)
    path.write_bytes(STYLES["wget.warc.gz"](page))
    for limit, code, said in (
        (size, 0, "1 records"),
        (size - 1, 1, "1 too_large"),
        (0, 0, "1 rec"),
    ):
        done = scrapy_cmd("reextract", str(path), "-s", f"DOWNLOAD_MAXSIZE={limit}")
        assert done.returncode == code
        assert f"1 files: {said}" in done.stderr
    assert f"{path} at " in scrapy_cmd("reextract", str(path), "-s", "DOWNLOAD_MAXSIZE=9").stderr
    assert Filter().key != Filter(max_bytes=9).key
    assert not Filter(max_bytes=9).is_narrow
    assert [bound(0), bound(9), bound(2 * MAX_BODY)] == [MAX_BODY, 9, MAX_BODY]


# --- kills and memory ----------------------------------------------------------------------------


def start(data_dir: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "scrapy", "reextract", *arguments],
        cwd=PROJECT,
        env={**os.environ, "XINHUA_DATA_DIR": str(data_dir)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def members_of(group: int) -> list[int]:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return []
    return [group]


def test_a_killed_one_goes_on_where_it_stopped(
    first: Crawl, warcs: list[str], scrapy_cmd: RunScrapy, tmp_path: Path
) -> None:
    small, big = tmp_path / "small.warc.gz", tmp_path / "big.warc.gz"
    data = b"".join(path.read_bytes() for path in map(type(tmp_path), warcs))
    small.write_bytes(data)
    big.write_bytes(data * 100)
    output = tmp_path / "out.jsonl"
    arguments = [str(small), str(big), "-j", "1", "-o", str(output)]
    process = start(first.data_dir, *arguments)
    parts = tmp_path / "out.jsonl.parts"
    while not list(parts.glob("*.json")):
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()  # the parent alone: its workers must not stay
    process.wait()
    assert not output.exists()
    (done,) = parts.glob("*.json")
    for _ in range(1000):
        if not members_of(process.pid):
            break
        time.sleep(0.01)
    assert not members_of(process.pid), "a worker outlives its killed parent"
    part = done.with_suffix(".jsonl")
    part.write_bytes(part.read_bytes() + b'{"a mark": "not made again"}\n')
    big.write_bytes(data)  # another state of the file: its half part is not taken
    again = scrapy_cmd("reextract", *arguments, data_dir=first.data_dir)
    assert again.returncode == 0, again.stderr
    made = lines_of(output)
    assert made.count({"a mark": "not made again"}) == 1
    single = sum(not line["warc_pages"] for line in first.lines)
    assert len([line for line in made if line.get("warc_pages") == []]) == 2 * single
    assert not parts.exists()


def peak(data_dir: Path, *arguments: str) -> int:
    env = {"XINHUA_DATA_DIR": str(data_dir)}
    return peak_kib("-m", "scrapy", "reextract", *arguments, env=env)[1]


def test_memory_does_not_grow_with_the_file(first: Crawl, warcs: list[str], tmp_path: Path) -> None:
    data = b"".join(path.read_bytes() for path in map(type(tmp_path), warcs))
    peaks = []
    for times in (5, 50):
        path = tmp_path / f"{times}.warc.gz"
        path.write_bytes(data * times)
        peaks.append(peak(first.data_dir, str(path), "-j", "1", "-o", str(tmp_path / "o")))
    assert peaks[1] < peaks[0] + 16 * 1024


def test_a_record_of_two_gigabytes_is_passed_over(
    page: Page, scrapy_cmd: RunScrapy, tmp_path: Path
) -> None:
    path = tmp_path / "huge.warc"
    size = 2 * 1024**3
    sink = Sink.new(compressed=False)
    sink.response(page.url, type_of(page), page.body)
    before = sink.bytes() + raw(page.url, b"", length=size).removesuffix(b"\r\n\r\n")
    with path.open("wb") as file:  # a hole: no two gigabytes on disk
        file.write(before)
        file.seek(len(before) + size)
        file.write(b"\r\n\r\n" + sink.bytes())
    done = scrapy_cmd("reextract", str(path), "-j", "1")
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 2
    assert f"{path} at {len(sink.bytes())}: the record is too large" in done.stderr
    assert peak(tmp_path, str(path), "-j", "1", "-o", str(tmp_path / "o")) < 250 * 1024


# --- others' archives ----------------------------------------------------------------------------


FIELDS = ("id", "url", "region", "title", "published_at", "source", "body", "images", "layout")


def test_the_same_article_in_every_style(
    first: Crawl, page: Page, scrapy_cmd: RunScrapy, tmp_path: Path
) -> None:
    (ours,) = [line for line in first.lines if line["url"] == page.url]
    secure = Page(
        page.url.replace("http:", "https:"), 200, page.headers, page.body, page.fetched_at, None
    )
    for name, make in STYLES.items():
        (tmp_path / name).write_bytes(make(page))
    (tmp_path / "https.warc.gz").write_bytes(STYLES["wget.warc.gz"](secure))
    wacz(tmp_path / "browsertrix.wacz", page)
    files = sorted(str(path) for path in tmp_path.glob("*.wa*"))
    assert len(files) == len(STYLES) + 2
    done = scrapy_cmd("reextract", *files)
    assert done.returncode == 0, done.stderr
    made = {line["warc"]["file"]: line for line in map(json.loads, done.stdout.splitlines())}
    wacz_names = {f"{tmp_path}/browsertrix.wacz#archive/{name}"
                  for name in ("data.warc.gz", "../../two.warc.gz")}  # fmt: skip
    assert set(made) == {name for name in files if "wacz" not in name} | wacz_names
    assert not (tmp_path.parent / "two.warc.gz").exists()
    for name, line in made.items():
        expected = {key: ours[key] for key in FIELDS}
        if "https" in name:
            expected["url"] = secure.url
            line["images"] = expected["images"]  # their addresses follow the page's scheme
        assert {key: line[key] for key in FIELDS} == expected, name
        assert line["fetched_at"] == "2024-05-06T07:08:09Z"


def test_other_hosts_statuses_and_records_make_no_line(
    page: Page, scrapy_cmd: RunScrapy, tmp_path: Path
) -> None:
    path = tmp_path / "noise.warc.gz"
    path.write_bytes(noise(page))
    assert OTHER_URL.encode() in gzip.decompress(path.read_bytes())
    done = scrapy_cmd("reextract", str(path))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.strip() == "1 files: 3 not_200"


# --- revisits ------------------------------------------------------------------------------------


TIMES = [f"2025-06-0{day}T08:09:10Z" for day in range(1, 10)]


@dataclass
class Revisited:
    """An article archived once, and found unchanged later; at `elsewhere` as well."""

    folder: Path
    url: str
    elsewhere: str

    @property
    def files(self) -> list[str]:
        return [str(self.folder / name) for name in ("b.warc.gz", "a.warc.gz")]

    @property
    def output(self) -> Path:
        return self.folder / "out.jsonl"

    def lines(self, scrapy_cmd: RunScrapy, *options: str) -> tuple[list[tuple[str, ...]], str]:
        """File, address and time of the lines, all of which can be proved; and what is said."""
        done = scrapy_cmd("reextract", *self.files, "-o", str(self.output), *options)
        assert done.returncode == 0, done.stderr
        lines = lines_of(self.output)
        assert len({line["body"] for line in lines}) <= 1
        if lines:
            proof = scrapy_cmd("verify", str(self.output))
            assert (proof.returncode, proof.stdout.count("\n")) == (0, 1), proof.stdout
        made = [(line["warc"]["file"][-9], line["url"], line["fetched_at"]) for line in lines]
        return sorted(made), done.stderr.strip().partition(": ")[2]

    def findings(self, *folders: Path, **changed: str) -> list[str]:
        """What verify says of the lines, the last of them changed."""
        *others, line = lines_of(self.output)
        path = self.folder / "forged.jsonl"
        path.write_bytes(b"".join(map(as_line, [*others, line | changed])))
        found = verify_lines(path, self.folder / "data", folders).findings
        return [f"{one.code}: {one.message}" for one in found]


@pytest.fixture
def revisited(page: Page, tmp_path: Path) -> Revisited:
    original, later = Sink.new(), Sink.new()
    headers = [*type_of(page), ("Content-Length", str(len(page.body)))]
    digest = original.response(page.url, headers, page.body)
    original.revisit(page.url, digest, headers, date=TIMES[1])
    elsewhere = page.url.replace("www.", "news.")
    later.revisit(page.url, digest, headers, date=TIMES[2])
    later.revisit(elsewhere, digest, headers, date=TIMES[3])
    unknown = "sha1:" + "A" * 32  # it is found by its original's address and date
    later.revisit(elsewhere, unknown, headers, date=TIMES[4], of=f"<{page.url}>")
    later.revisit(elsewhere, unknown, headers, date=TIMES[5])  # nowhere
    later.revisit(page.url, digest, headers, date=TIMES[6], profile=NOT_MODIFIED)
    later.revisit(page.url, digest, headers, date=DATE)  # its own first look
    later.revisit(OTHER_URL, digest, headers, date=TIMES[7])
    (tmp_path / "a.warc.gz").write_bytes(original.bytes())
    (tmp_path / "b.warc.gz").write_bytes(later.bytes())
    return Revisited(tmp_path, page.url, elsewhere)


def test_each_revisit_gives_a_line_that_can_be_proved(
    revisited: Revisited, scrapy_cmd: RunScrapy
) -> None:
    """Of its own address and date; the bytes are those of the response it repeats."""
    here, there = revisited.url, revisited.elsewhere
    everything = sorted([
        ("a", here, DATE), ("a", here, TIMES[1]), ("a", here, TIMES[2]),
        ("a", there, TIMES[3]), ("a", there, TIMES[4]),
    ])  # fmt: skip
    said = "1 not_modified, 5 records, 1 repeated, 1 unresolved_revisit"
    assert revisited.lines(scrapy_cmd) == (everything, said)
    filtered = "7 filtered, 1 records"
    since = revisited.lines(scrapy_cmd, "--since", TIMES[4][:10], "--until", TIMES[4][:10])
    assert since == ([("a", there, TIMES[4])], filtered)  # its original isn't wanted itself
    before = revisited.lines(scrapy_cmd, "--until", DATE[:10])
    assert before == ([("a", here, DATE)], "6 filtered, 1 records, 1 repeated")
    host = there.split("/")[2]
    only_there = [("a", there, TIMES[3]), ("a", there, TIMES[4])]
    said = "5 filtered, 2 records, 1 unresolved_revisit"
    assert revisited.lines(scrapy_cmd, "--hosts", host) == (only_there, said)


def test_an_article_of_several_pages_found_unchanged(
    first: Crawl, scrapy_cmd: RunScrapy, tmp_path: Path
) -> None:
    """Page 1 is elsewhere the second time, and so is page 2; both rest on revisits."""
    line = next(line for line in first.lines if line["warc_pages"] and "//www." in line["url"])
    pages = [read_page(first.data_dir, WarcPointer(**one)) for one in line["warc_pages"]]
    sink = Sink.new()
    for page in pages:
        sink.response(page.url, type_of(page), page.body)
    for page in pages:
        there = page.url.replace("//www.", "//news.")
        sink.revisit(there, "", type_of(page), of=page.url)
    path, output = tmp_path / "a.warc.gz", tmp_path / "out.jsonl"
    path.write_bytes(sink.bytes())
    done = scrapy_cmd("reextract", str(path), "-o", str(output))
    assert done.stderr.strip() == "1 files: 2 records"
    once, again = lines_of(output)
    assert (once["fetched_at"], again["fetched_at"]) == (DATE, LATER)
    assert again["page_urls"] == [one.replace("//www.", "//news.") for one in once["page_urls"]]
    assert (again["warc_pages"], again["body"]) == (once["warc_pages"], once["body"])
    assert verify_lines(output, tmp_path / "data").findings == []
    second = again["page_urls"][1]
    path.write_bytes(
        b"".join(
            one for one in members_of_file(path) if second.encode() not in gzip.decompress(one)
        )
    )
    (found,) = verify_lines(output, tmp_path / "data").findings
    assert (found.code, found.message.rpartition(" ")[2]) == ("line_mismatch", second)


def members_of_file(path: Path) -> list[bytes]:
    """A file's gzip members."""
    data = path.read_bytes()
    with path.open("rb") as file:
        return [data[one.offset : one.offset + one.length] for one in members.members(file)]


def test_a_line_of_no_revisit(revisited: Revisited, scrapy_cmd: RunScrapy) -> None:
    """Neither a date of nothing, nor one of another address, of a revisit that refers elsewhere,
    or of a 304; nor an address that is no article's."""
    revisited.lines(scrapy_cmd)
    made = {line["url"]: line for line in lines_of(revisited.output)}
    path = revisited.folder / "forged.jsonl"
    here, there = made[revisited.url], made[revisited.elsewhere]
    for line, at in ((here, 0), (there, 2), (here, 3), (there, 5), (here, 6)):
        path.write_bytes(as_line(line | {"fetched_at": TIMES[at]}))
        (found,) = verify_lines(path, revisited.folder / "data").findings
        assert (found.code, found.offset) == ("line_mismatch", 0)
        assert found.message.endswith(f"no revisit is found of {line['url']} at {TIMES[at]}")
    path.write_bytes(as_line(here | {"url": OTHER_URL, "fetched_at": TIMES[7]}))
    (found,) = verify_lines(path, revisited.folder / "data").findings
    assert (found.code, found.offset) == ("line_mismatch", 0)


def test_a_revisit_is_looked_for_beside_and_where_archives_are_given(
    revisited: Revisited, scrapy_cmd: RunScrapy
) -> None:
    revisited.lines(scrapy_cmd)
    assert revisited.findings() == []
    assert revisited.findings(title="x")[0].endswith("not what its record gives: title")
    away = revisited.folder / "away"
    away.mkdir()
    (revisited.folder / "b.warc.gz").rename(away / "b.warc.gz")
    assert [found[:13] for found in revisited.findings()] == ["line_mismatch"] * 3
    assert revisited.findings(away) == []
    (revisited.folder / "c.wacz").write_bytes(b"PK damaged")  # nothing stands there
    assert revisited.findings(away) == []


def test_lines_out_of_a_wacz_can_be_proved(
    page: Page, scrapy_cmd: RunScrapy, tmp_path: Path
) -> None:
    package, output = tmp_path / "x.wacz", tmp_path / "out.jsonl"
    sink = Sink.new()
    sink.revisit(page.url, "", type_of(page))
    wacz(package, page, sink.bytes())
    assert scrapy_cmd("reextract", str(package), "-o", str(output)).returncode == 0
    lines = lines_of(output)
    assert [line["fetched_at"] for line in lines] == [DATE, DATE, LATER]
    done = scrapy_cmd("verify", str(output))
    assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stdout

    def findings(**changed: Any) -> list[str]:
        output.write_bytes(b"".join(as_line(line | changed) for line in lines))
        found = verify_lines(output, tmp_path / "data").findings
        return [f"{one.code}: {one.message}" for one in found]

    def pointing(file: str) -> list[str]:
        return findings(warc=lines[0]["warc"] | {"file": file})

    assert findings() == []
    assert [one.split(":")[0] for one in findings(fetched_at=TIMES[8])] == ["line_mismatch"] * 3
    name = f"{package}#archive/none.warc.gz"
    missing = f"bad_pointer: 3 lines point into {name}, which is not there"
    assert pointing(name) == [missing]
    for one in pointing("../x.wacz#archive/data.warc.gz"):
        assert one.endswith("the pointer leads out of the data folder")
    wacz(package, replace(page, body=b"another"))
    assert [one.split(":")[0] for one in findings()] == ["bad_pointer"] * 3
    package.write_bytes(b"no package")
    assert sum("which is not there" in one for one in findings()) == 2  # WARCs of the package


def test_lines_without_revisits_read_no_archive(
    page: Page, scrapy_cmd: RunScrapy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, output = tmp_path / "a.warc.gz", tmp_path / "out.jsonl"
    path.write_bytes(STYLES["wget.warc.gz"](page))
    assert scrapy_cmd("reextract", str(path), "-o", str(output)).returncode == 0

    def fail(_: Path) -> None:
        raise AssertionError

    monkeypatch.setattr(claims, "repeats_in", fail)
    assert verify_lines(output, tmp_path / "data").findings == []
    line = lines_of(output)[0]
    output.write_bytes(as_line(line | {"fetched_at": LATER}))
    with pytest.raises(AssertionError):
        verify_lines(output, tmp_path / "data")


def test_our_revisits_and_originals_are_passed_over(
    page: Page, scrapy_cmd: RunScrapy, tmp_path: Path
) -> None:
    """They repeat what is published, and say so in no line."""
    headers = [*type_of(page), ("Content-Length", str(len(page.body)))]
    ours, others = Sink.new(software="xinhua-archive/1.0"), Sink.new()
    digest = ours.response(page.url, headers, page.body)
    ours.revisit(page.url, digest, headers)
    ours.revisit(page.url, digest, headers, date=TIMES[1], profile=NOT_MODIFIED)
    others.revisit(page.url, digest, headers, date=TIMES[2])
    files = [tmp_path / "ours.warc.gz", tmp_path / "others.warc.gz"]
    for path, sink in zip(files, (ours, others), strict=True):
        path.write_bytes(sink.bytes())
    output = tmp_path / "out.jsonl"
    done = scrapy_cmd("reextract", *map(str, files), "-o", str(output))
    assert done.stderr.strip() == "2 files: 2 not_modified, 1 records, 1 unresolved_revisit"
    (line,) = lines_of(output)
    assert line["fetched_at"] == DATE
    for date in (LATER, TIMES[1], TIMES[2]):
        output.write_bytes(as_line(line | {"fetched_at": date}))
        found = verify_lines(output, tmp_path / "data").findings
        assert [one.code for one in found] == ["line_mismatch"]


# --- damage --------------------------------------------------------------------------------------


def damaged(page: Page) -> dict[str, tuple[bytes, str, int]]:
    """By name: the file, what is said of it, and how many articles can still be read."""
    sink = Sink.new()
    plain = Sink.new(compressed=False)
    starts = []
    for one in (sink, plain):
        for _ in range(3):
            starts.append(len(one.bytes()))
            one.response(page.url, type_of(page), page.body)
    good, bare = sink.bytes(), plain.bytes()
    second, third, bare_second = starts[1], starts[2], starts[4]

    def broken(head: bytes, body: bytes) -> bytes:
        return good + gzip.compress(raw(page.url, head + body), mtime=0) + good

    ok = b"HTTP/1.1 200 OK\r\n"
    lying = bare[:bare_second] + bare[bare_second:].replace(
        b"Content-Length: ", b"Content-Length: 9", 1
    )
    short = gzip.decompress(good[second:third])
    at = short.index(b"Content-Length: ") + len(b"Content-Length: ")
    short = short[:at] + b"40" + short[short.index(b"\r\n", at) :]
    end = len(good)
    return {
        "truncated.warc.gz": (good[:-100], f" at {third}: ", 2),
        "truncated.warc": (bare[:-100], ": the file ends inside a record", 2),
        "concatenated.warc.gz": (good + good, "", 6),
        "nothing.warc.gz": (b"", " at 0: there is no record", 0),
        "page.warc": (page.body, " at 0: Invalid WARC header", 0),
        "twice.warc.gz": (gzip.compress(good), " at 0: Invalid WARC header", 0),
        "zstd.warc.zst": (b"\x28\xb5\x2f\xfd" + bytes(range(200)), " at 0: ", 0),
        "flipped.warc.gz": (
            good[: second + 40] + bytes([good[second + 40] ^ 255]) + good[second + 41 :],
            f" at {second}: ", 2,
        ),
        "long.warc": (lying, f" at {bare_second}: the file ends inside a record", 2),
        "short.warc.gz": (
            good[:second] + gzip.compress(short, mtime=0) + good[third:], "Invalid WARC header", 2,
        ),
        "head.warc.gz": (broken(ok + b"X: " + b"a" * 10**6, b""), f" at {end}: ", 6),
        "chunk.warc.gz": (
            broken(ok + b"Transfer-Encoding: chunked\r\n\r\n", b"8000000000000000\r\nabc\r\n"),
            f" at {end}: ", 6,
        ),
        "gzip.warc.gz": (
            broken(ok + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(page.body)[:-9]),
            f" at {end}: ", 6,
        ),
        "brotli.warc.gz": (
            broken(ok + b"Content-Encoding: br\r\n\r\n", b"\x8b\x00\x80"),
            f" at {end}: unsupported content coding: br", 6,
        ),
        "length.warc.gz": (broken(ok + b"Content-Length: 99\r\n\r\n", b"ab"), f" at {end}: ", 6),
        "packed.wacz": (b"PK\x05\x06" + bytes(18), " at 0: a ZIP file without a WARC", 0),
    }  # fmt: skip


def test_damage_is_told_and_the_rest_is_read(
    page: Page, scrapy_cmd: RunScrapy, tmp_path: Path
) -> None:
    cases = damaged(page)
    for name, (data, _, _) in cases.items():
        (tmp_path / name).write_bytes(data)
    done = scrapy_cmd("reextract", *(str(tmp_path / name) for name in cases))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    counts = dict.fromkeys(cases, 0)
    for line in map(json.loads, done.stdout.splitlines()):
        counts[line["warc"]["file"].removeprefix(f"{tmp_path}/")] += 1
    for name, (_, said, articles) in cases.items():
        told = [line for line in done.stderr.splitlines() if f"{tmp_path}/{name} at " in line]
        assert any(said in line for line in told) if said else not told, (name, told)
        assert counts[name] == articles, name


def test_a_file_in_spans_gives_what_it_gives_whole(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever stands where a span begins; what misleads is read as a whole."""
    sinks = Sink.new(), Sink.new(compressed=False), Sink.new(software="xinhua-archive/1")
    for number in range(12):
        for sink in sinks:
            url = page.url.replace("c_", f"c_{number}")
            sink.response(url, type_of(page), page.body)
    good, plain, ours = (sink.bytes() for sink in sinks)
    noise = Random(1).randbytes(30_000)

    def holding(archive: bytes) -> bytes:
        block = b"HTTP/1.1 200 OK\r\n\r\n" + archive
        return gzip.compress(raw(OTHER_URL, block), compresslevel=0, mtime=0)

    cases = {
        "good.warc.gz": (good, True), "plain.warc": (plain, True),
        "torn.warc.gz": (good[:-99], True), "long.warc.gz": (good + holding(noise * 9), True),
        "noise.warc.gz": (good[:9000] + noise + good[9000:], True),
        "nested.warc.gz": (good + holding(good * 3) + good, False),
        "two.warc.gz": (good + ours, False), "whole.warc.gz": (gzip.compress(plain), False),
    }  # fmt: skip
    for at in range(3000, len(good), 3000):
        flipped = bytearray(good)
        flipped[at] ^= 255
        cases[f"flipped-{at}.warc.gz"] = (bytes(flipped), True)
    for name, (data, _) in cases.items():
        (tmp_path / name).write_bytes(data)

    def made(name: str, size: int) -> tuple[int, bytes, Counter[str], list[str]]:
        monkeypatch.setattr(span, "SIZE", size)
        folder = tmp_path / f"{name}-{size}"
        folder.mkdir()
        jobs = [batch.Job.of(tmp_path / name, tmp_path, folder, Filter())]
        parts, tallies = batch.work(jobs, folder, 2, quiet=True)
        lines = b"".join(part.read_bytes() for part in parts)
        counts = sum((tally.counts for tally in tallies), Counter())
        problems = [problem for tally in tallies for problem in tally.problems]
        return len(parts), lines, counts, problems

    for name, (data, is_divided) in cases.items():
        one, *whole = made(name, len(data))
        several, *spans = made(name, len(data) // 7)
        assert spans == whole, name
        assert (one, several > one) == (2, is_divided), name


def test_whole_files_are_exit_0(page: Page, scrapy_cmd: RunScrapy, tmp_path: Path) -> None:
    path = tmp_path / "concatenated.warc.gz"
    path.write_bytes(damaged(page)["concatenated.warc.gz"][0])
    assert scrapy_cmd("reextract", str(path)).returncode == 0
