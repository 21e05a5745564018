"""`scrapy history`, as a process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from crawler.items import as_line
from tests.commands.conftest import FILE, LINES, ONE
from tests.ledger.conftest import RUN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunScrapy


@pytest.mark.parametrize("name", [ONE.article_id, ONE.url])
def test_history(scrapy_cmd: RunScrapy, data_dir: Path, name: str) -> None:
    done = scrapy_cmd("history", name, data_dir=data_dir)
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        done.stdout
        == f"""\
Article {ONE.article_id} in {data_dir}

Version 1, live, 2026-01-01T08:00:00Z, {FILE}
    春灌开闸
    {ONE.url}

Version 2, live, 2026-01-02T08:00:00Z, {FILE}
    title:
        春灌{{+\ufffd[2J+}}开闸{{+了+}}
    body:
        (1 unchanged paragraph)
        水到{{+村头+}}田头。
    reporters:
        {{+王小田 reporter+}}

Version 2, gone, 2026-01-03T08:00:00Z, {FILE}
    Withdrawn by the site (missing): first observed at 2026-01-03T01:00:00Z, \
confirmed at 2026-01-03T08:00:00Z.

Version 2, restored, 2026-01-04T08:00:00Z, {FILE}
    The content is that of the version before.
"""
    )


def test_history_of_a_run_that_is_not_closed(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    (data_dir / FILE).rename(data_dir / f"{FILE}.open")
    assert scrapy_cmd("history", ONE.article_id, data_dir=data_dir).returncode == 0


def test_history_without_its_lines(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    (data_dir / FILE).write_bytes(as_line(LINES[0]))
    done = scrapy_cmd("history", ONE.article_id, data_dir=data_dir)
    assert done.returncode == 1
    assert done.stdout.count("This line is missing from its file.") == 3


def test_history_of_the_unknown(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    done = scrapy_cmd("history", "1120000009", data_dir=data_dir)
    said = f"No article 1120000009 is archived in {data_dir}.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_history_for_programs(scrapy_cmd: RunScrapy, data_dir: Path, encoding: str) -> None:
    (data_dir / FILE).write_bytes(b"".join(as_line(one) for one in LINES[:3]))
    env = {"PYTHONIOENCODING": encoding}
    done = scrapy_cmd("history", ONE.article_id, "--json", data_dir=data_dir, env=env)
    assert (done.returncode, done.stderr) == (1, "")  # a line is missing
    told = json.loads(done.stdout)
    assert list(told) == ["data_dir", "id", "lines"]
    assert (told["data_dir"], told["id"]) == (str(data_dir), ONE.article_id)
    assert [row["line"] for row in told["lines"]] == [*LINES[:3], None]
    assert [row["status"] for row in told["lines"]] == ["live", "live", "gone", "restored"]
    assert told["lines"][1] | {"line": None} == {
        "version": 2, "status": "live", "fetched_at": "2026-01-02T08:00:00Z",
        "changed": ["title", "body", "reporters"], "run_id": RUN, "file": FILE, "line": None,
        "revision": 0, "archive": None,
    }  # fmt: skip
