"""What does the archive cost, and how fast is it read again?

    python -m benchmarks.archive [--rounds 5] [--articles 100] [--pages 2000] [--kilobytes 60]

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
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from warcio.archiveiterator import ArchiveIterator

from benchmarks import plain_scrapy
from benchmarks.extract import synthetic
from crawler import pages as layouts
from crawler.archive.writer import Exchange, WarcWriter
from crawler.clock import iso, now
from crawler.durable import publish
from crawler.extraction import extract
from crawler.items import Page, as_line, as_record
from crawler.reextraction import Filter
from crawler.reextraction.batch import Job, work
from tests.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_CPU = 1.15
"""The crawl with the archive to that without, at most."""

LEAST_RATE = 2.0
"""Our pages a second to warcio's, at least."""

FILES = 4
"""WARC files the pages are spread over: more than cores, as in life."""

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
        archive = WarcWriter(folder, f"r{number}", info={"software": "xinhua-archive/0"},
                             max_bytes=2**40)  # fmt: skip
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


def by_warcio(files: list[Path], output: Path) -> int:
    """The same extraction fed by warcio; how many lines it wrote."""
    count = 0
    with output.open("wb") as lines:
        for path in files:
            with path.open("rb") as file:
                for record in ArchiveIterator(file):
                    if record.rec_type != "response":
                        continue
                    url = record.rec_headers.get_header("WARC-Target-URI")
                    status = int(record.http_headers.get_statuscode())
                    headers = tuple(record.http_headers.headers)
                    body = record.content_stream().read()
                    page = Page(url, status, headers, body, iso(now()), None)
                    try:
                        article = extract([page])
                    except layouts.NotAnArticle:
                        continue
                    lines.write(as_line(as_record(article)))
                    count += 1
    return count


def by_us(files: list[Path], folder: Path) -> int:
    jobs = [Job.of(path, folder, folder, Filter()) for path in files]
    parts, tallies = work(jobs, folder, os.cpu_count() or 1, quiet=True)
    for path in [*parts, *(job.tally for job in jobs)]:
        path.unlink()
    return sum(tally.counts["records"] for tally in tallies)


def reextraction_ratio(rounds: int, pages: list[Page]) -> float:
    """Our pages a second to warcio's."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = fill(folder, pages)
        contestants: dict[str, Callable[[], int]] = {
            "warcio, one process": lambda: by_warcio(files, folder / "warcio.jsonl"),
            "scrapy reextract": lambda: by_us(files, folder),
        }
        rates: dict[str, list[float]] = {one: [] for one in contestants}
        costs: dict[str, list[float]] = {one: [] for one in contestants}
        for _ in range(rounds):
            for one, run in contestants.items():
                began, used = perf_counter(), cpu()
                count = run()
                rates[one].append(count / (perf_counter() - began))
                costs[one].append((cpu() - used) / count * 1000)
                if count != len(pages):
                    message = f"{one} made {count} lines of {len(pages)} pages"
                    raise RuntimeError(message)
    for one, rate in rates.items():
        told(one, rate, "pages/s")
        told("", costs[one], "CPU ms a page")
    ours, theirs = (statistics.median(rates[one]) for one in reversed(contestants))
    ratio = ours / theirs
    print(f"ours to warcio's: {ratio:.2f}, at least {LEAST_RATE}")
    return ratio


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
    parser.add_argument("--pages", type=int, default=2000, help="to extract again")
    parser.add_argument("--kilobytes", type=int, default=60, help="the size of each")
    options = parser.parse_args(arguments)
    cpu = crawl_ratio(options.rounds, options.articles)
    rate = reextraction_ratio(options.rounds, synthetic(options.pages, options.kilobytes * 1000))
    return int(cpu > MOST_CPU or rate < LEAST_RATE)


if __name__ == "__main__":
    sys.exit(main())
