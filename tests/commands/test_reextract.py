"""`scrapy reextract`: the published lines again from our archives, and articles from anyone's."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import time
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from crawler.archive import reader
from crawler.archive.decode import MAX_BODY, largest_page
from crawler.items import HISTORY_KEYS, KEYS, Page, as_line
from crawler.layouts import NO_LAYOUTS
from crawler.reextraction import batch, one_warc
from crawler.reextraction.one_warc import Filter, Tally
from tests import scrapy_process
from tests.pages import paged
from tests.processes import Crawl, peak_kib
from tests.reextraction.foreign import OTHER_URL, STYLES, Sink, lines_of, noise, raw, type_of, wacz

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunScrapy


@pytest.fixture(scope="module")
def warcs(first: Crawl) -> list[str]:
    found = sorted(str(path) for path in first.data_dir.glob("warc/*/*/*.warc.gz"))
    assert len(found) > 3
    return found


@pytest.fixture(scope="module")
def published(first: Crawl) -> Path:
    (path,) = first.data_dir.glob("jsonl/*/*/*.jsonl")
    return path


def derived(line: dict[str, Any]) -> bytes:
    """A line without what comes from the ledger."""
    return as_line({key: value for key, value in line.items() if key not in HISTORY_KEYS})


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


def captures(path: Path, site: dict[str, str]) -> tuple[list[dict[str, Any]], Counter[str]]:
    """What re-extraction makes of a site's pages, fetched one after the other, page 1 first."""
    sink = Sink.new()
    for number, (url, page) in enumerate(site.items()):
        date = f"2021-05-06T07:{number // 60:02}:{number % 60:02}Z"
        sink.response(url, [("Content-Type", "text/html")], page.encode(), date=date)
    path.write_bytes(sink.bytes())
    tally = Tally()
    return list(one_warc.reextract(path, path.name, Filter(), tally)), tally.counts


@pytest.mark.parametrize(
    ("site", "base", "count"), [row[1:] for row in paged.WHOLE], ids=[row[0] for row in paged.WHOLE]
)
def test_an_article_of_several_pages(
    site: dict[str, str], base: str, count: int, tmp_path: Path
) -> None:
    """As the crawl gives it: `tests/pages/test_assembly.py` has the same articles."""
    records, counts = captures(tmp_path / "a.warc.gz", site)
    record = next(one for one in records if one["url"] == paged.at(base, 1))
    assert len(record["page_urls"]) == (count if count > 1 else 0), counts
    assert sum(text.startswith("第") for text in record["paragraphs"]) == count
    assert len(record["warc_pages"]) == len(record["page_urls"])


@pytest.mark.parametrize(
    ("site", "ending"),
    [row[1:] for row in paged.NOT_WHOLE],
    ids=[row[0] for row in paged.NOT_WHOLE],
)
def test_an_article_that_is_not_whole_makes_no_record(
    site: dict[str, str], ending: str, tmp_path: Path
) -> None:
    records, counts = captures(tmp_path / "a.warc.gz", site)
    assert [one for one in records if one["url"] == paged.at(paged.BARE, 1)] == []
    assert counts[ending] == 1


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
    assert [largest_page(0), largest_page(9), largest_page(2 * MAX_BODY)] == [MAX_BODY, 9, MAX_BODY]


# --- kills and memory ----------------------------------------------------------------------------


def start(data_dir: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return scrapy_process.start(
        "reextract",
        *arguments,
        env={**os.environ, "XINHUA_DATA_DIR": str(data_dir)},
        stdin=subprocess.DEVNULL,
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


@pytest.mark.nightly
def test_memory_does_not_grow_with_the_file(first: Crawl, warcs: list[str], tmp_path: Path) -> None:
    data = b"".join(path.read_bytes() for path in map(type(tmp_path), warcs))
    peaks = []
    for times in (5, 50):
        path = tmp_path / f"{times}.warc.gz"
        path.write_bytes(data * times)
        peaks.append(peak(first.data_dir, str(path), "-j", "1", "-o", str(tmp_path / "o")))
    assert peaks[1] < peaks[0] + 16 * 1024


@pytest.mark.nightly
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
    whole = f"{tmp_path}/whole.warc.gz"  # what is compressed as a whole is unpacked too
    alone = {name for name in files if "wacz" not in name} - {whole}
    assert set(made) == alone | wacz_names | {f"{whole}#archive/whole.warc"}
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
    assert done.stderr.strip() == "1 files: 1 conversion, 3 not_200"


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
            f" at {end}: the compressed body is cut short", 6,
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
        monkeypatch.setattr(reader, "SPAN_SIZE", size)
        folder = tmp_path / f"{name}-{size}"
        folder.mkdir()
        jobs = [batch.Job.of(tmp_path / name, tmp_path, folder, Filter(), NO_LAYOUTS)]
        parts, tallies = batch.make_parts(jobs, folder, 2, quiet=True)
        lines = b"".join(part.read_bytes() for part in parts)
        counts = sum((tally.counts for tally in tallies), Counter())
        problems = [problem for tally in tallies for problem in tally.problems]
        return len(parts), lines, counts, problems

    for name, (data, is_divided) in cases.items():
        one, *whole = made(name, len(data))
        several, *parts = made(name, len(data) // 7)
        assert parts == whole, name
        assert (one, several > one) == (2, is_divided), name


def test_whole_files_are_exit_0(page: Page, scrapy_cmd: RunScrapy, tmp_path: Path) -> None:
    path = tmp_path / "concatenated.warc.gz"
    path.write_bytes(damaged(page)["concatenated.warc.gz"][0])
    assert scrapy_cmd("reextract", str(path)).returncode == 0
