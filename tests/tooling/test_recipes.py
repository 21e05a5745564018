"""The recipes of the documents are run as they stand, on what `make demo` wrote.

The project is copied to a folder with a blank in its name, and the demo runs there. What a Python,
SQL or shell block reads of `data/demo` is this; an export that recipes read is made by the command
that the README shows.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from rich.cells import cell_len

from tests.conftest import PROJECT
from tests.tooling.markdown import blocks, is_recipe

SCREEN = 24, 80
# Hourly runs of five years, and how long DuckDB may take over what they left.
FIVE_YEARS, SECONDS = 43_800, 1

# What a recipe is called here, and what only it has in it.
NAMES = {
    "list with Python": 'print(article["published_at"]',
    "list with jq": ".region.name, .title] | @tsv",
    "count a month": "SET VARIABLE month",
    "capture": "ArchiveIterator(file)",
    "export": "make install EXTRAS=export",
    "count all": "max(published_day)",
    "count with pandas": "import pandas",
    "withdrawn, of a month": 'startswith("2017-09")',
    "withdrawn, of all": "QUALIFY",
    "withdrawn, export": "--status gone",
    "follow": "examples/follow.py",
    "withdrawn, followed": "import sqlite3",
}
SEPTEMBER = "2017-09-30T23:00:00+08:00"


@dataclass(frozen=True)
class Demo:
    """A checkout in which `make demo` has run; `took` has the CPU seconds of each query of
    DuckDB: other tests keep the machine busy."""

    folder: Path
    took: dict[str, float] = field(default_factory=dict)

    def lines(self) -> list[dict[str, Any]]:
        paths = sorted(self.folder.glob("data/demo/jsonl/*/*/*.jsonl"))
        return [json.loads(line) for path in paths for line in path.read_text().splitlines()]

    def run(self, *command: str) -> list[str]:
        """What a command prints in the checkout."""
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def recipes(self) -> dict[str, Any]:
        """What each recipe prints or, with DuckDB, answers. They run in the order of the documents,
        the export before all that read it."""
        found = {}
        recipes = [block for block in blocks() if is_recipe(block)]
        for block in sorted(recipes, key=lambda block: NAMES["export"] not in block.text):
            names = [name for name, has in NAMES.items() if has in block.text] or [str(block)]
            (name,) = names
            assert name not in found
            if block.language == "sql":
                found[name] = self._query(name, block.text)
            elif block.language == "python":
                found[name] = self.run(sys.executable, "-c", block.text)
            else:
                commands = re.sub(r"^make ", "make --dry-run ", block.text, flags=re.MULTILINE)
                found[name] = self.run("/bin/sh", "-eu", "-c", commands)
        assert set(NAMES) <= set(found)
        return found

    def _query(self, name: str, text: str) -> list[dict[str, Any]]:
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            for _ in range(3):
                start = time.process_time()
                with duckdb.connect() as connection:
                    found = connection.sql(text)
                    rows = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
                took = time.process_time() - start
                self.took[name] = min(took, self.took.get(name, took))
        finally:
            os.chdir(before)
        return rows


def checkout(folder: Path) -> None:
    """A copy of what the demo and the recipes need of the project."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("crawler", "examples", "tests/site"):
        shutil.copytree(PROJECT / name, folder / name, ignore=ignored)
    files = [PROJECT / "tests" / name for name in ("__init__.py", "demo.py")]
    files += [PROJECT / "scrapy.cfg", PROJECT / "Makefile", *PROJECT.glob("requirements*.lock")]
    for path in files:
        shutil.copy(path, folder / path.relative_to(PROJECT))
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(Path(sys.executable).parent)


@pytest.fixture(scope="module", autouse=True)
def _jq() -> None:
    if shutil.which("jq") is None:
        assert "CI" not in os.environ, "jq is not installed: .ci/run is to see to that"
        pytest.skip("jq is not installed")


def test_after_the_demo(tmp_path: Path) -> None:
    """And after an edit and two withdrawals, one of which was of September 2017."""
    demo = Demo(tmp_path / "a checkout")
    checkout(demo.folder)
    screen(demo.run(sys.executable, "-m", "tests.demo"), demo.lines())

    lines = demo.lines()
    found = demo.recipes()
    titles = [line["title"] for line in lines]
    assert [row.split("\t")[2] for row in found["list with jq"]] == titles
    assert len(found["list with Python"]) == len(lines)
    assert found["capture"] == [f"{lines[0]['url']} 200 OK"]
    assert found["withdrawn, followed"] == [f"live {len(lines)}"]
    counted(found, lines)

    edited(demo.folder, lines)
    found = demo.recipes()
    counted(found, demo.lines())
    name, title = lines[2]["id"], lines[2]["title"]
    (row,) = found["withdrawn, of a month"]
    assert row.split("\t")[::2] == [name, title]
    (row,) = found["withdrawn, of all"]
    assert (row["id"], row["title"], row["source"]) == (name, title, "银亭日报")
    with (demo.folder / "data" / "demo-withdrawn.csv").open(encoding="utf-8-sig") as table:
        assert [row["id"] for row in csv.DictReader(table)] == [name]
    assert sorted(found["withdrawn, followed"]) == sorted(
        ["gone 2", f"live {len(lines) - 2}", f"{name} {title}"]
    )


def screen(printed: list[str], lines: list[dict[str, Any]]) -> None:
    """The demo ends with the run and one article whole, as a person reads it."""
    (start,) = [number for number, line in enumerate(printed) if line.startswith("Run ")]
    assert len(printed) - start <= SCREEN[0]
    assert max(map(cell_len, printed)) <= SCREEN[1]
    shown = re.sub(r"\s", "", "".join(printed[start:]))
    (article,) = [line for line in lines if line["url"] in shown]
    for text in (article["title"], article["source"], *article["paragraphs"]):
        assert re.sub(r"\s", "", text) in shown
    assert f"{len(lines)} published" in "".join(printed)


def counted(found: dict[str, Any], lines: list[dict[str, Any]]) -> None:
    """Articles are counted, not lines; days are Beijing's; a withdrawal is seen as one."""
    regions = {line["id"]: line["region"]["name"] for line in lines}
    for name in ("count a month", "count all"):
        assert {row["name"]: row["articles"] for row in found[name]} == Counter(regions.values())
        newest = max(line["published_at"] or "" for line in lines)[:10]
        assert max(str(row["newest_day"]) for row in found[name]) == newest
    gone = {line["id"] for line in lines if line["status"] == "gone"}
    assert sum(row["withdrawn"] for row in found["count a month"]) == len(gone)
    sources = Counter({(line["id"], line["source"]) for line in lines if line["source"]})
    printed = found["count with pandas"][1:-1]
    assert sum(int(row.rsplit(None, 1)[1]) for row in printed) == len(sources)


def edited(folder: Path, lines: list[dict[str, Any]]) -> None:
    """Publish a run more: two edits, and two withdrawals."""

    def gone(line: dict[str, Any], number: int) -> dict[str, Any]:
        emptied = {key: [] if isinstance(value, list) else None for key, value in line.items()}
        kept = ("schema_version", "id", "version", "url", "canonical_url", "region", "title",
                "codes", "extractor_version", "revision")  # fmt: skip
        last = {key: line[key] for key in ("version", "published_at", "source", "line")}
        told = {"reason": "HTTP 404", "first_observed_at": later, "confirmed_at": later,
                "observations": [], "last": last}  # fmt: skip
        own = {"status": "gone", "gone": told, "fetched_at": later, "line": f"extra:{number}"}
        return emptied | {key: line[key] for key in kept} | own

    edit, later = "2099-01-01T00:00:00Z", "2099-01-02T00:00:00Z"
    of_september = {"published_at": SEPTEMBER, "source": "银亭日报"}
    extra = [
        lines[0] | {"version": 2, "fetched_at": edit, "line": "extra:1"},
        lines[2] | {"version": 2, "fetched_at": edit, "line": "extra:2"} | of_september,
        gone(lines[1], 3),
    ]
    extra.append(gone(extra[1], 4))
    first = min(folder.glob("data/demo/jsonl/*/*/*.jsonl"))
    path = first.with_name("xinhua-extra.jsonl")
    path.write_text("".join(json.dumps(one) + "\n" for one in extra), "utf-8")
    data_dir = folder / "data" / "demo"
    manifest = {"files": [{"path": path.relative_to(data_dir).as_posix()}], "seq": 1000}
    (data_dir / "runs" / "extra.json").write_text(json.dumps(manifest))


@pytest.mark.nightly
def test_five_years_of_files(tmp_path: Path) -> None:
    """Every recipe still runs beside the files of hourly runs, and DuckDB answers in a second."""
    demo = Demo(tmp_path / "a checkout")
    checkout(demo.folder)
    demo.run(sys.executable, "-m", "tests.demo")
    lines = [json.dumps(line, ensure_ascii=False) for line in demo.lines()]
    data_dir = demo.folder / "data" / "demo"
    began = datetime(2021, 11, 27)  # noqa: DTZ001
    for number in range(FIVE_YEARS):
        moment = began + timedelta(hours=number)
        run = f"{moment:%Y%m%dT%H%M%SZ}-{number % 65536:04x}"
        path = data_dir / "jsonl" / f"{moment:%Y/%m}" / f"xinhua-{run}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(lines[number % len(lines)] + "\n", "utf-8")
        report = {"files": [{"path": path.relative_to(data_dir).as_posix()}]}
        (data_dir / "runs" / f"{run}.json").write_text(json.dumps(report))
    demo.recipes()
    assert max(demo.took.values()) <= SECONDS, demo.took
