"""What does the archive cost, and how fast is it read again?

    python -m benchmarks.archive [--rounds 5] [--articles 100] [--pages 4000] [--kilobytes 60]

Crawl: the CPU time of the same crawl of the loopback site with capture and WARC and without them
(Scrapy's own handler, no archive), each a process of its own on an empty data
folder; what a process needs to start and end, measured by a crawl of one article, is taken off
both. At most 1.15 times as much is wanted.

Re-extraction: pages a second of `scrapy reextract`'s workers, one a core, beside one process in
which warcio's ArchiveIterator feeds the same extraction. At least twice as many are wanted. The CPU
ms a page tell what is left of a ratio on a machine whose cores others use as well.

The contestants take turns; the ratios are between medians. Exits 1 if one misses its bound.
"""

from __future__ import annotations

import argparse
import gzip
import os
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from warcio.archiveiterator import ArchiveIterator

from benchmarks import plain_scrapy
from benchmarks.extract import synthetic
from crawler import layouts as layouts
from crawler.archive.writer import Exchange, WarcWriter
from crawler.clock import now
from crawler.data_dir import warc_name
from crawler.extraction import extract
from crawler.items import Page, WarcPointer, as_line, as_record
from crawler.reextraction.batch import Job, make_parts
from crawler.reextraction.one_warc import Filter
from crawler.storage import publish
from tests.site import Site

if TYPE_CHECKING:
    from warcio.recordloader import ArcWarcRecord

# The crawl with the archive to that without, at most.
MOST_CPU = 1.15

# Our pages a second to warcio's, at least.
LEAST_RATE = 2.0

# WARC files the pages are spread over: more than cores, as in life.
FILES = 4

PROJECT = Path(__file__).resolve().parents[1]


# --- the crawl -----------------------------------------------------------------------------------


class Crawls:
    """The crawl of one site, with and without the archive."""

    def __init__(self, site: Site) -> None:
        self._environment = os.environ | site.environment
        self._one = site.truth()["articles"][0]["url"]

    def seconds(self, *options: str, is_whole: bool = True) -> tuple[float, int]:
        """CPU seconds of one crawl, all or a single article, and how many lines it wrote."""
        what = ("-a", "regions=js,he") if is_whole else ("-a", f"urls={self._one}")
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen(
                [sys.executable, "-m", "scrapy", "crawl", "xinhua", *what, *options,
                 "-s", "DOWNLOAD_DELAY=0", "-s", "LIST_MAX_PAGES=1000", "-s", "LOG_LEVEL=ERROR"],
                cwd=PROJECT,
                env=self._environment | {"XINHUA_DATA_DIR": folder},
            )  # fmt: skip
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                message = f"the crawl ended with exit code {process.returncode}"
                raise RuntimeError(message)
            lines = sum(path.read_bytes().count(b"\n") for path in Path(folder).rglob("*.jsonl"))
        return usage.ru_utime + usage.ru_stime, lines


def crawl_ratio(rounds: int, articles: int) -> float:
    """CPU of the crawl with the archive to that without."""
    variants: dict[str, list[str]] = {"without": plain_scrapy.options(), "with": []}
    taken: dict[str, list[float]] = {name: [] for name in variants}
    counts = set()
    with Site(regions=["js", "he"], articles=articles) as site:
        crawls = Crawls(site)
        for _ in range(rounds):
            for name, options in variants.items():
                start, _ = crawls.seconds(*options, is_whole=False)
                whole, lines = crawls.seconds(*options)
                taken[name].append(whole - start)
                counts.add(lines)
    if len(counts) != 1:
        message = f"the crawls are not the same: {sorted(counts)} lines"
        raise RuntimeError(message)
    for name, seconds in taken.items():
        told(f"crawl {name} the archive", seconds, "CPU s")
    ratio = statistics.median(taken["with"]) / statistics.median(taken["without"])
    print(f"with to without: {ratio:.3f}, at most {MOST_CPU} ({counts.pop()} articles)")
    return ratio


# --- re-extraction -------------------------------------------------------------------------------


def fill(folder: Path, pages: list[Page]) -> list[Path]:
    """The pages as exchanges in WARC files of ours, compressed on the wire as the site does."""
    files = []
    for number in range(FILES):
        name_of = partial(warc_name, f"r{number}")
        info = {"software": "xinhua-archive/0"}
        archive = WarcWriter(folder, name_of, info=info, max_bytes=2**40)
        for page in pages[number::FILES]:
            entity = gzip.compress(page.body, 6, mtime=0)
            head = (
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n"
                f"Content-Length: {len(entity)}\r\n\r\n"
            )
            request = f"GET {page.url} HTTP/1.1\r\n\r\n".encode()
            archive.write(Exchange(page.url, now(), request, head.encode() + entity, duration_ms=1))
        archive.close()
        files += [publish(path) for path in archive.files]
    return files


def by_warcio(files: list[Path], folder: Path) -> list[Path]:
    """The same lines from warcio's iterator and the same extraction, in this process."""
    output = folder / "warcio.jsonl"
    with output.open("wb") as lines:
        for path in files:
            with path.open("rb") as file:
                records = ArchiveIterator(file)
                for record in records:
                    if record.rec_type != "response":
                        continue
                    page = page_by_warcio(records, record, path.as_posix())
                    try:
                        article = extract([page])
                    except layouts.NotAnArticle:
                        continue
                    lines.write(as_line(as_record(article)))
    return [output]


def page_by_warcio(records: ArchiveIterator, record: ArcWarcRecord, file: str) -> Page:
    """A page with its pointer, as a line has it: the entity's digest is over its coded bytes."""
    said = record.rec_headers.get_header
    entity = record.raw_stream.read()
    record.raw_stream = BytesIO(entity)
    body = record.content_stream().read()
    offset = records.get_record_offset()
    pointer = WarcPointer(
        file=file,
        offset=offset,
        length=records.get_record_length(),
        record_id=said("WARC-Record-ID"),
        payload_digest=said("WARC-Payload-Digest"),
        entity_sha256=sha256(entity).hexdigest(),
    )
    head = record.http_headers
    return Page(
        url=said("WARC-Target-URI"),
        status=int(head.get_statuscode()),
        headers=tuple(head.headers),
        body=body,
        fetched_at=said("WARC-Date"),
        warc=pointer,
    )


def by_us(files: list[Path], folder: Path) -> list[Path]:
    """The lines by the work of `scrapy reextract`, a process a core."""
    elsewhere = folder / "data"  # so that pointers name the files as warcio's do
    parts, _ = make_parts(
        [Job.of(path, elsewhere, folder, Filter(), layouts.NO_LAYOUTS) for path in files],
        folder, os.cpu_count() or 1, quiet=True,
    )  # fmt: skip
    return parts


CONTESTANTS = {"warcio, one process": by_warcio, "scrapy reextract": by_us}


@dataclass(frozen=True)
class Reading:
    """How one contestant read the files: its lines in the order of their bytes, and the cost."""

    lines: list[bytes]
    seconds: float
    cpu_seconds: float


def read_by(name: str, files: list[Path]) -> Reading:
    """A reading by that contestant, in a process of its own: nobody's heap is another's."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(_reading, name, files).result()


def _reading(name: str, files: list[Path]) -> Reading:
    with tempfile.TemporaryDirectory() as folder:
        began, used = perf_counter(), cpu()
        parts = CONTESTANTS[name](files, Path(folder))
        seconds, cpu_seconds = perf_counter() - began, cpu() - used
        lines = sorted(line for part in parts for line in part.open("rb"))
    return Reading(lines, seconds, cpu_seconds)


def reextraction_ratio(rounds: int, pages: list[Page]) -> float:
    """Our pages a second to warcio's."""
    rates: dict[str, list[float]] = {one: [] for one in CONTESTANTS}
    costs: dict[str, list[float]] = {one: [] for one in CONTESTANTS}
    with tempfile.TemporaryDirectory() as name:
        files = fill(Path(name), pages)
        for _ in range(rounds):
            readings = {one: read_by(one, files) for one in CONTESTANTS}
            check_same(readings, len(pages))
            for one, reading in readings.items():
                rates[one].append(len(pages) / reading.seconds)
                costs[one].append(reading.cpu_seconds / len(pages) * 1000)
    for one, rate in rates.items():
        told(one, rate, "pages/s")
        told("", costs[one], "CPU ms a page")
    ours, theirs = (statistics.median(rates[one]) for one in reversed(CONTESTANTS))
    ratio = ours / theirs
    print(f"ours to warcio's: {ratio:.2f}, at least {LEAST_RATE}")
    return ratio


def check_same(readings: dict[str, Reading], count: int) -> None:
    """Raises RuntimeError unless all made the same lines, one a page."""
    for one, reading in readings.items():
        if len(reading.lines) != count:
            message = f"{one} made {len(reading.lines)} lines of {count} pages"
            raise RuntimeError(message)
    if len({tuple(reading.lines) for reading in readings.values()}) != 1:
        message = "the lines are not the same"
        raise RuntimeError(message)


def cpu() -> float:
    """CPU seconds of this process and of those it has waited for."""
    return sum(os.times()[:4])


def told(name: str, values: list[float], unit: str) -> None:
    low, middle, high = min(values), statistics.median(values), max(values)
    print(f"{name:32} {middle:9.2f} {unit}  ({low:.2f} to {high:.2f})")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.archive")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--articles", type=int, default=100, help="of each of two regions")
    parser.add_argument("--pages", type=int, default=4000, help="to extract again")
    parser.add_argument("--kilobytes", type=int, default=60, help="the size of each")
    options = parser.parse_args(arguments)
    cpu = crawl_ratio(options.rounds, options.articles)
    rate = reextraction_ratio(options.rounds, synthetic(options.pages, options.kilobytes * 1000))
    return int(cpu > MOST_CPU or rate < LEAST_RATE)


if __name__ == "__main__":
    sys.exit(main())
