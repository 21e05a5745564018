"""How does the work of a cluster grow with its workers?

    python -m benchmarks.scaling [crawl] [reextract] [--delay 0.5] [--files 60]

`crawl`: four regions of the loopback site, whose hosts answer at once and are asked once in --delay
seconds, crawled by 1, 2 and 4 workers with one place each, over one PostgreSQL server.
`reextract`: a batch of --files WARC files of about 120 articles each, by 1 and 2 workers with one
process each, then by `scrapy reextract -j 1`. Prints wall time, the CPU time of all workers and
their children, and the machine's load. Needs the extra `cluster` and Debian's PostgreSQL.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from uuid import uuid4

from crawler.data_dir import PROJECT, warcs_of
from crawler.shared_storage.place import sha256_of
from tests.postgres import Postgres
from tests.site import Site

REGIONS = ("bj", "he", "js", "tj")


def scrapy(*words: str, env: dict[str, str]) -> subprocess.Popen[str]:
    """Start a command, quietly."""
    return subprocess.Popen(
        [sys.executable, "-m", "scrapy", *words], cwd=PROJECT, env=os.environ | env, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def done(process: subprocess.Popen[str]) -> str:
    """Wait for a command, which must end well."""
    out, err = process.communicate()
    if process.returncode:
        raise SystemExit(err[-2000:])
    return out


def timed(processes: list[tuple[tuple[str, ...], dict[str, str]]]) -> tuple[float, float, float]:
    """Run commands side by side: wall seconds, CPU seconds of all of them, the load at the end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    for process in [scrapy(*words, env=env) for words, env in processes]:
        done(process)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, os.getloadavg()[0]


def crawl(postgres: Postgres, delay: float, folder: Path) -> None:
    """Four regions, by more and more workers."""
    first = 0.0
    for workers in (1, 2, 4):
        database = postgres.url_of(postgres.create())
        with Site(regions=[*REGIONS], articles=12, daily=0) as site:
            env = {**site.environment, "XINHUA_LEDGER": database}
            here = folder / f"crawl{workers}"
            put = {**env, "XINHUA_DATA_DIR": str(here / "0")}
            done(scrapy("enqueue", "crawl", *REGIONS, env=put))
            work = (
                "work", "--drain", "--crawls", "1", "-j", "0", "-L", "ERROR",
                "-s", f"DOWNLOAD_DELAY={delay}",
            )  # fmt: skip
            wall, cpu, load = timed([
                (work, {**env, "XINHUA_DATA_DIR": str(here / str(number))})
                for number in range(workers)
            ])  # fmt: skip
            asked = len(site.log)
            host, most = Counter(entry.host for entry in site.log).most_common(1)[0]
        first = first or wall
        print(
            f"crawl, {workers} workers: {asked} requests in {wall:.1f} s, {asked / wall:.1f} a"
            f" second, {first / wall:.2f} times as fast; {cpu:.1f} s CPU; load {load:.1f};"
            f" the busiest host: {host}, {most}"
        )


def reextract(postgres: Postgres, files: int, folder: Path) -> None:
    """One batch, by one process and by two."""
    base = folder / "archive"
    with Site(regions=["js"], articles=120, daily=0) as site:
        env = {**site.environment, "XINHUA_DATA_DIR": str(base)}
        fast = ("-s", "DOWNLOAD_DELAY=0", "-s", "LOG_LEVEL=ERROR", "-s", "WARC_MAX_BYTES=100000000")
        done(scrapy("crawl", "xinhua", "-a", "regions=js", *fast, env=env))
    listed = _copies(base, files)
    first = 0.0
    for workers in (1, 2):
        shutil.rmtree(base / "reextracted", ignore_errors=True)
        env = {"XINHUA_LEDGER": postgres.url_of(postgres.create()), "XINHUA_DATA_DIR": str(base)}
        aside = base / "state" / "ledger.sqlite"
        if aside.exists():
            aside.rename(folder / "ledger.sqlite")
        (base / "state" / "ledger.url").unlink(missing_ok=True)
        shutil.rmtree(base / "jsonl", ignore_errors=True)  # or an empty ledger counts as lost
        done(scrapy("enqueue", "reextract", env=env))
        work = ("work", "--drain", "--crawls", "0", "-j", "1", "-L", "ERROR")
        wall, cpu, load = timed([(work, env)] * workers)
        first = first or wall
        print(
            f"reextract, {workers} workers: {listed} files in {wall:.1f} s, {first / wall:.2f}"
            f" times as fast; {cpu:.1f} s CPU, {1000 * cpu / listed:.0f} ms a file; load {load:.1f}"
        )
    one = ("reextract", *map(str, warcs_of(base)), "-j", "1", "-o", str(folder / "one.jsonl"))
    wall, cpu, load = timed([(one, {"XINHUA_DATA_DIR": str(base)})])
    print(f"scrapy reextract -j 1: {wall:.1f} s; {cpu:.1f} s CPU; load {load:.1f}")
    (joined,) = (base / "reextracted").glob("reextract-*.jsonl")
    same = joined.read_bytes() == (folder / "one.jsonl").read_bytes()
    print(f"the same bytes: {same}, {joined.stat().st_size} of them")


def _copies(data_dir: Path, count: int) -> int:
    """Make so many WARCs of the crawl's one, each with a record of its own at the end, and list
    them in the report."""
    (source,) = warcs_of(data_dir)
    (report,) = (data_dir / "runs").iterdir()
    told = json.loads(report.read_text())
    told["files"] = []
    for number in range(count):
        path = source.with_name(source.name.replace("-00000.", f"-{number:05}."))
        if number:
            shutil.copy(source, path)
        block = f"copy: {number}\r\n".encode()
        head = (
            f"WARC/1.1\r\nWARC-Type: metadata\r\nWARC-Record-ID: <urn:uuid:{uuid4()}>\r\n"
            f"WARC-Date: 2026-01-01T00:00:00Z\r\nContent-Type: application/warc-fields\r\n"
            f"Content-Length: {len(block)}\r\n\r\n"
        ).encode()
        with path.open("ab") as file:
            file.write(gzip.compress(head + block + b"\r\n\r\n"))
        name = path.relative_to(data_dir).as_posix()
        size = path.stat().st_size
        told["files"].append(
            {"path": name, "sha256": sha256_of(path), "bytes": size, "records": None}
        )
    report.write_text(json.dumps(told))
    return count


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("what", nargs="*", choices=["crawl", "reextract", []])
    parser.add_argument("--delay", type=float, default=0.5)
    parser.add_argument("--files", type=int, default=60)
    options = parser.parse_args()
    what = options.what or ["crawl", "reextract"]
    postgres = Postgres()
    try:
        with tempfile.TemporaryDirectory() as name:
            if "crawl" in what:
                crawl(postgres, options.delay, Path(name))
            if "reextract" in what:
                reextract(postgres, options.files, Path(name))
    finally:
        postgres.close()


if __name__ == "__main__":
    main()
