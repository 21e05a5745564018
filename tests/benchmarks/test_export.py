"""The export's benchmark runs on a small archive, and its lines are lines of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jsonschema import Draft202012Validator

from benchmarks import export as benchmark
from crawler.exporters.jsonl import line_schema

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_lines_are_articles_of_their_own() -> None:
    lines = list(benchmark.articles(20, 2.0))
    for line in lines:
        Draft202012Validator(line_schema()).validate(line)
    assert len({line["id"] for line in lines}) == len({line["body"] for line in lines}) == 20


def test_every_line_is_in_a_file(tmp_path: Path) -> None:
    size = benchmark.make_archive(tmp_path / "a", count=25, files=10, longer=0.1)
    paths = sorted((tmp_path / "a").glob("jsonl/*/*/*.jsonl"))
    assert len(paths) == 10
    assert sum(path.stat().st_size for path in paths) == size
    assert sum(path.read_bytes().count(b"\n") for path in paths) == 25


def test_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark.main(["parquet", "--articles", "20", "--files", "4"]) == 0
    said = capsys.readouterr().out
    assert "20 articles, 4 files" in said
    assert "parquet" in said
    assert "README.md: SELECT region.name" in said
