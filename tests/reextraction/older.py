"""A data folder as an older extractor left it, and a crawler whose extractor is another one."""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING, Any

from crawler.data_dir import ledger_file, lines_of, reports_of
from crawler.items import as_line
from crawler.ledger.rebuild import rebuild
from crawler.pipelines.content_digest import content_sha256
from tests.conftest import PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SAMPLE = PROJECT / "data" / "sample"
OLDER = "0.9.0+0123456789ab"

# What another extractor makes of every title; put before the digest is taken.
_OTHERWISE = """

def _otherwise(current):
    title = current.article.title
    return current.with_values(title=title and f"{title}（改）")


STEPS = (*STEPS[:-1], _otherwise, STEPS[-1])
"""


def make_older(data_dir: Path, read: Callable[[int, dict[str, Any]], dict[str, Any]]) -> None:
    """Make `data_dir`: the committed sample, each line with what `read` says of it (its number from
    0 and itself) as an older extractor's; manifest and ledger agree with it."""
    shutil.copytree(SAMPLE, data_dir)
    (path,) = lines_of(data_dir)
    lines = [json.loads(raw) for raw in path.read_bytes().splitlines()]
    for number, line in enumerate(lines):
        line.update({"extractor_version": OLDER} | read(number, line))
        line["content_sha256"] = content_sha256(line)
    path.write_bytes(b"".join(map(as_line, lines)))
    (report,) = reports_of(data_dir)
    told = json.loads(report.read_bytes())
    for row in told["files"]:
        if row["path"].endswith(path.name):
            data = path.read_bytes()
            row |= {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    report.write_text(json.dumps(told, ensure_ascii=False))
    (data_dir / "state").mkdir()
    assert rebuild(data_dir, ledger_file(data_dir)).problems == []


def another_extractor(folder: Path) -> Path:
    """A project in `folder` that reads every title otherwise."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "crawler", folder / "crawler", ignore=ignored)
    shutil.copytree(PROJECT / "tests" / "simulation", folder / "tests" / "simulation")
    shutil.copytree(PROJECT / "tests" / "chaos", folder / "tests" / "chaos")
    shutil.copytree(PROJECT / "tests" / "guard", folder / "tests" / "guard")
    shutil.copy(PROJECT / "scrapy.cfg", folder)
    with (folder / "crawler" / "pipelines" / "__init__.py").open("a") as file:
        file.write(_OTHERWISE)
    return folder


def all_lines(data_dir: Path) -> list[dict[str, Any]]:
    """The published lines, file by file."""
    return [
        json.loads(raw) for path in lines_of(data_dir) for raw in path.read_bytes().splitlines()
    ]


def tree(data_dir: Path) -> dict[str, bytes]:
    """Every file below a folder but for SQLite's companions."""
    return {
        path.relative_to(data_dir).as_posix(): path.read_bytes()
        for path in data_dir.rglob("*")
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    }
