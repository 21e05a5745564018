"""The progress of a run: as a view on a real terminal, and as lines of a log."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from rich.console import Console

from crawler.extensions.progress import Progress, Snapshot, view
from crawler.ledger.errors import LedgerError
from crawler.ledger.rows import RegionProgress
from tests import scrapy_process
from tests.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REGIONS = [
    RegionProgress(None, 1, 0, 0, 0),
    RegionProgress("he", 40, 260, 30, 35),
    RegionProgress("js", 10, 20, 5, 8),
]


def snapshot(**values: object) -> Snapshot:
    made = {
        "run_id": "20260331T120000Z-0001",
        "elapsed": timedelta(minutes=10),
        "responses": 70,
        "lists_asked": 12,
        "lists_answered": 11,
        "regions": REGIONS,
        "held": [],
    }
    return Snapshot(**(made | values))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({}, "51 addresses ended, 35 of them new, 280 waiting; lists 11 of 12; 7 answers a minute, "
             "about 1 h 14 min left for what is known of"),
        ({"held": ["a", "b"], "responses": 0},
         "51 addresses ended, 35 of them new, 280 waiting; lists 11 of 12; 0 answers a minute, "
         "about 1 h 14 min left for what is known of, 2 hosts left alone"),
        ({"regions": [], "elapsed": timedelta(0)},
         "0 addresses ended, 0 of them new, 0 waiting; lists 11 of 12; 4200 answers a minute"),
        ({"regions": [RegionProgress("js", 4, 9, 0, 0)]},
         "4 addresses ended, 0 of them new, 9 waiting; lists 11 of 12; 7 answers a minute"),
        ({"regions": [RegionProgress("js", 4, 900, 1, 1)]},
         "4 addresses ended, 1 of them new, 900 waiting; lists 11 of 12; 7 answers a minute, "
         "about 6 days left for what is known of"),
    ],
    ids=["usual", "nothing answered", "begun", "no pace yet", "slow"],
)  # fmt: skip
def test_a_line(values: dict[str, object], line: str) -> None:
    assert snapshot(**values).line() == line


@pytest.mark.parametrize("height", [24, 5])
def test_the_view_has_the_most_work_first(height: int) -> None:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(view(snapshot(held=["x.news.cn"]), height, {"js": "江苏", "he": "河北"}))
    said = [line.rstrip() for line in console.export_text().splitlines()]
    assert said == [
        "run 20260331T120000Z-0001, 10 min 00 s",
        "51 addresses ended, 35 of them new, 280 waiting; lists 11 of 12",
        "7 answers a minute, about 1 h 14 min left for what is known of",
        "region   ended  new  waiting  a minute         left",
        "he 河北     40   30      260       3.5   1 h 14 min",
        "js 江苏     10    5       20       0.8  25 min 00 s",
        "-            1    0        0       0.0",
        "left alone: x.news.cn",
    ]


def test_what_does_not_fit_is_counted() -> None:
    many = [RegionProgress(f"r{n:02}", 1, n, 0, 0) for n in range(36)]
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(view(snapshot(regions=many), 24, {}))
    assert "and 19 regions more" in console.export_text()


def test_a_ledger_that_fails_is_told_by_the_run() -> None:
    """And not again with each look."""

    def fail(_: str) -> None:
        raise LedgerError("the server is gone")

    progress = Progress.__new__(Progress)
    progress._facts = cast("Any", SimpleNamespace(run_id="r1"))
    progress._ledger = cast("Any", SimpleNamespace(visits=SimpleNamespace(progress=fail)))
    progress._read_again_at = 0.0
    progress._tell()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site(regions=["js"], articles=6) as running:
        yield running


def test_a_terminal_gets_a_live_view_and_the_log_above_it(site: Site, tmp_path: Path) -> None:
    parent, child = pty.openpty()
    environment = os.environ | site.environment | {"TERM": "xterm", "COLUMNS": "150", "LINES": "30"}
    running = scrapy_process.start(
        "crawl", "xinhua", "-a", "regions=js", "-s", "DOWNLOAD_DELAY=0.2",
        "-s", f"DATA_DIR={tmp_path}",
        env=environment, stdin=subprocess.DEVNULL, stdout=child, stderr=child,
    )  # fmt: skip
    os.close(child)
    seen = b""
    while True:
        try:
            data = os.read(parent, 65536)
        except OSError:  # the other side was closed
            break
        if not data:
            break
        seen += data
    os.close(parent)
    assert running.wait(60) == 0, seen[-2000:]
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode())
    assert re.search(r"region +ended +new +waiting +a minute", text)
    assert re.search(r"\d+ addresses ended, \d+ of them new", text)
    assert "INFO: Spider opened" in text
    assert b"\x1b[?25h" in seen  # the cursor is shown again


def test_elsewhere_lines_go_to_the_log(site: Site, tmp_path: Path) -> None:
    done = scrapy_process.run(
        "crawl", "xinhua", "-a", "regions=js", "-s", "DOWNLOAD_DELAY=0.2",
        "-s", "PROGRESS_SECONDS=0.5", "-s", f"DATA_DIR={tmp_path}",
        env=os.environ | site.environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert re.search(r"INFO: \d+ addresses ended, \d+ of them new, \d+ waiting; lists", done.stderr)
    assert "\x1b" not in done.stderr
