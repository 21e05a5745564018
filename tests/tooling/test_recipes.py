"""The recipes of README and DATA_FORMAT are run as they stand, on what `make demo` wrote.

The project is copied to a folder with a blank in its name; there the demo runs, and the export that
recipes read is made by the command that the README shows. What a Python, SQL or shell block reads
of `data/demo` is this.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from rich.cells import cell_len

from tests.conftest import PROJECT
from tests.tooling.markdown import blocks, is_recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.tooling.markdown import Block

SCREEN = 24, 80
RECIPES = [block for block in blocks() if is_recipe(block)]
(EXPORT,) = [block for block in RECIPES if "scrapy export" in block.text]
# Hourly runs of five years, and how long DuckDB may take over what they left.
FIVE_YEARS, SECONDS = 43_800, 1


@dataclass(frozen=True)
class Demo:
    """A checkout in which `make demo` has run, and what it printed."""

    folder: Path
    printed: str

    def lines(self) -> list[dict[str, Any]]:
        paths = sorted(self.folder.glob("data/demo/jsonl/*/*/*.jsonl"))
        return [json.loads(line) for path in paths for line in path.read_text().splitlines()]

    def run(self, *command: str) -> str:
        """What a command prints in the checkout."""
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def query(block: Block, folder: Path) -> list[dict[str, Any]]:
    """What DuckDB answers in a checkout, with the names of the columns."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        with duckdb.connect() as connection:
            found = connection.sql(block.text)
            return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    finally:
        os.chdir(before)


def checkout(folder: Path) -> None:
    """A copy of what the demo needs of the project."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("crawler", "tests/site"):
        shutil.copytree(PROJECT / name, folder / name, ignore=ignored)
    files = [PROJECT / "tests" / name for name in ("__init__.py", "demo.py")]
    files += [PROJECT / "scrapy.cfg", PROJECT / "Makefile", *PROJECT.glob("requirements*.lock")]
    for path in files:
        shutil.copy(path, folder / path.relative_to(PROJECT))
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(Path(sys.executable).parent)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo and the export."""
    folder = tmp_path_factory.mktemp("recipes") / "a checkout"
    checkout(folder)
    printed = Demo(folder, "").run(sys.executable, "-m", "tests.demo")
    demo = Demo(folder, printed)
    shell(demo, EXPORT)
    return demo


def shell(demo: Demo, block: Block) -> str:
    if "jq " in block.text and shutil.which("jq") is None and not os.environ.get("CI"):
        pytest.skip("jq is not installed")
    commands = re.sub(r"^make ", "make --dry-run ", block.text, flags=re.MULTILINE)
    return demo.run("/bin/sh", "-eu", "-c", commands)


def cases(language: str) -> list[Any]:
    found = [block for block in RECIPES if block.language == language and block != EXPORT]
    return [pytest.param(block, id=str(block)) for block in found]


def test_the_demo_ends_with_a_screen(demo: Demo) -> None:
    """The run, and one article whole, as a person reads it."""
    said = demo.printed.splitlines()
    (start,) = [number for number, line in enumerate(said) if line.startswith("Run ")]
    assert len(said) - start <= SCREEN[0]
    assert max(map(cell_len, said)) <= SCREEN[1]
    shown = re.sub(r"\s", "", "".join(said[start:]))
    lines = demo.lines()
    (article,) = [line for line in lines if line["url"] in shown]
    for text in (article["title"], article["source"], *article["paragraphs"]):
        assert re.sub(r"\s", "", text) in shown
    assert f"{len(lines)} published" in demo.printed


@pytest.mark.parametrize("block", cases("python"))
def test_programs(demo: Demo, block: Block) -> None:
    assert demo.run(sys.executable, "-c", block.text)


@pytest.mark.parametrize("block", cases("sh"))
def test_shell_commands(demo: Demo, block: Block) -> None:
    assert len(shell(demo, block).splitlines()) == len(demo.lines())


@pytest.fixture
def edited(demo: Demo) -> Iterator[Demo]:
    """The same with a file more: a second version and a withdrawal of articles that are there."""
    second, third = demo.lines()[0], demo.lines()[1]
    emptied = {key: [] if isinstance(value, list) else None for key, value in third.items()}
    kept = ("schema_version", "id", "version", "url", "region", "title", "codes", "fetched_at",
            "extractor_version")  # fmt: skip
    gone = {"reason": "HTTP 404", "first_observed_at": third["fetched_at"],
            "confirmed_at": third["fetched_at"], "observations": []}  # fmt: skip
    lines = [
        second | {"version": 2},
        emptied | {key: third[key] for key in kept} | {"status": "gone", "gone": gone},
    ]
    extra = max(demo.folder.glob("data/demo/jsonl/*/*/*.jsonl")).with_name("xinhua-extra.jsonl")
    extra.write_text("".join(json.dumps(one) + "\n" for one in lines), "utf-8")
    shell(demo, EXPORT)
    yield demo
    extra.unlink()


def test_queries_count_articles(edited: Demo) -> None:
    lines = edited.lines()
    newest = max(line["published_at"] or "" for line in lines)[:10]
    counted = len({line["id"] for line in lines})
    assert counted < len(lines)
    for block in [block for block in RECIPES if block.language == "sql"]:
        rows = query(block, edited.folder)
        assert {row["name"] for row in rows} == {"江苏", "河北"}
        assert sum(row["articles"] for row in rows) == counted
        assert sum(row.get("withdrawn", 1) for row in rows) >= 1
        assert max(str(row["newest_day"]) for row in rows) == newest


@pytest.mark.nightly
def test_five_years_of_files(demo: Demo, tmp_path: Path) -> None:
    """Every recipe still runs beside the files of hourly runs, and DuckDB answers in a second."""
    long = Demo(tmp_path / "a checkout", "")
    checkout(long.folder)
    lines = [json.dumps(line, ensure_ascii=False) for line in demo.lines()]
    shutil.copytree(demo.folder / "data" / "demo", long.folder / "data" / "demo")
    began = datetime(2021, 11, 27)  # noqa: DTZ001
    for number in range(FIVE_YEARS):
        moment = began + timedelta(hours=number)
        name = f"xinhua-{moment:%Y%m%dT%H%M%SZ}-{number % 65536:04x}.jsonl"
        path = long.folder / "data" / "demo" / "jsonl" / f"{moment:%Y/%m}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(lines[number % len(lines)] + "\n", "utf-8")
    shell(long, EXPORT)
    for block in RECIPES:
        if block.language == "sql":
            took = []
            for _ in range(3):
                start = time.perf_counter()
                assert query(block, long.folder)
                took.append(time.perf_counter() - start)
            assert min(took) <= SECONDS, block
        elif block.language == "python":
            assert long.run(sys.executable, "-c", block.text)
        elif block != EXPORT:
            assert shell(long, block)
