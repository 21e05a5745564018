"""What an export of a large archive takes, and how long DuckDB takes over what it wrote.

    python -m benchmarks.export [--articles 100000] [--files 43800] [--text 1.0] [FORMAT …]

The archive is made of the committed sample's lines in a temporary folder: so many articles over
files of hourly runs, each with a text of its own, drawn from the characters of the sample (random
text is the worst case for compression). `--text` makes the texts longer or shorter. Each format is
written by `scrapy export` as its own process; CPU and memory are the process's own. With Parquet
among them the README's queries are then run where the archive stands.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from tests.tooling.markdown import blocks, is_recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parents[1]
FORMATS = ("parquet", "csv", "jsonld", "zyte", "text")
BEGIN = datetime(2021, 11, 27, tzinfo=UTC)


def sample() -> list[dict[str, Any]]:
    """The lines of the committed sample."""
    paths = PROJECT.glob("data/sample/jsonl/*/*/*.jsonl")
    return [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()]


def articles(count: int, longer: float) -> Iterator[dict[str, Any]]:
    """So many lines, each of an article of its own."""
    chance = random.Random(1)
    lines = sample()
    letters = "".join("".join(line["paragraphs"]) for line in lines)
    letters = "".join(letters.split())
    pool = "".join(chance.choices(letters, k=500_000))

    def text(length: int) -> str:
        start = chance.randrange(len(pool) - length)
        return pool[start : start + length]

    for number in range(count):
        line = dict(lines[number % len(lines)])
        paragraphs = [text(max(1, int(len(one) * longer))) for one in line["paragraphs"]]
        name = 1_100_000_000 + number
        line |= {
            "id": str(name),
            "url": f"http://www.js.xinhuanet.com/2017-09/{number % 30 + 1:02}/c_{name}.htm",
            "paragraphs": paragraphs,
            "body": "\n\n".join(paragraphs) or None,
            "content_sha256": f"{chance.getrandbits(256):064x}",
            "warc": line["warc"] | {"offset": number * 3000, "length": 2900},
        }
        yield line


def make_archive(data_dir: Path, count: int, files: int, longer: float) -> int:
    """Write the archive; the bytes of its lines."""
    (data_dir / "runs").mkdir(parents=True)
    made, size = articles(count, longer), 0
    for number in range(files):
        began = BEGIN + timedelta(hours=number)
        run = f"{began:%Y%m%dT%H%M%SZ}-{number % 65536:04x}"
        path = data_dir / "jsonl" / f"{began:%Y/%m}" / f"xinhua-{run}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        share = (number + 1) * count // files - number * count // files
        told = {"run_id": run, "fetched_at": f"{began:%Y-%m-%dT%H:%M:%SZ}"}
        lines = (json.dumps(next(made) | told, ensure_ascii=False) + "\n" for _ in range(share))
        size += path.write_bytes("".join(lines).encode())
    return size


def measure(data_dir: Path, form: str, output: Path) -> tuple[float, float]:
    """CPU seconds and MB at most of one export."""
    command = [
        "scrapy",
        "export",
        "--format",
        form,
        "-o",
        str(output),
        "-s",
        f"DATA_DIR={data_dir}",
    ]
    with subprocess.Popen([sys.executable, "-m", *command], cwd=PROJECT, stderr=-3) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000


def ask(folder: Path) -> Iterator[tuple[str, float]]:
    """Each query of the documents and the best of three times it took, in seconds."""
    with contextlib.chdir(folder):
        for block in blocks("sql"):
            if is_recipe(block):
                took = []
                for _ in range(3):
                    start = time.perf_counter()
                    with duckdb.connect() as connection:
                        connection.sql(block.text).fetchall()
                    took.append(time.perf_counter() - start)
                yield str(block), min(took)


def main(arguments: list[str] | None = None) -> int:
    """Make, export, ask; print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("formats", nargs="*", metavar="FORMAT", help=", ".join(FORMATS))
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--text", type=float, default=1.0)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        data_dir = folder / "data" / "demo"
        size = make_archive(data_dir, options.articles, options.files, options.text)
        print(f"{options.articles} articles, {options.files} files, {size / 1e6:.0f} MB")
        print(f"{'':10}{'CPU s':>8}{'MB held':>9}{'MB':>7}")
        for form in options.formats or FORMATS:
            output = folder / "data" / f"demo.{form}"
            cpu, held = measure(data_dir, form, output)
            print(f"{form:10}{cpu:8.1f}{held:9.0f}{output.stat().st_size / 1e6:7.0f}", flush=True)
        if "parquet" in (options.formats or FORMATS):
            for query, took in ask(folder):
                print(f"{took:6.2f} s  {query}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
