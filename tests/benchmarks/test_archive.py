"""The archive's benchmark runs both contests on equal terms, and its bounds can fail."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from benchmarks import archive as benchmark
from benchmarks.extract import synthetic

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunScrapy
    from tests.site import Site


@pytest.mark.parametrize(("most", "least", "code"), [(1e9, 0.0, 0), (0.0, 0.0, 1), (1e9, 1e9, 1)])
def test_the_bounds(most: float, least: float, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "MOST_CPU", most)
    monkeypatch.setattr(benchmark, "LEAST_RATE", least)
    monkeypatch.setattr(benchmark, "crawl_ratio", lambda rounds, articles: 1.0)
    arguments = ["--rounds", "1", "--pages", "8", "--kilobytes", "20"]
    assert benchmark.main(arguments) == code


def test_both_write_the_same_lines(tmp_path: Path) -> None:
    pages = synthetic(12, 20_000)
    files = benchmark.fill(tmp_path, pages)
    assert len(files) == benchmark.FILES
    readings = {name: benchmark.read_by(name, files) for name in benchmark.CONTESTANTS}
    benchmark.check_same(readings, len(pages))
    (name, reading), *_ = readings.items()
    assert json.loads(reading.lines[0])["warc"]["length"] > 0
    for lines, why in (
        (reading.lines[1:], "made 11 lines of 12 pages"),
        ([b"{}\n", *reading.lines[1:]], "not the same"),
    ):
        other = benchmark.Reading(lines, reading.seconds, reading.cpu_seconds)
        with pytest.raises(RuntimeError, match=why):
            benchmark.check_same(readings | {name: other}, len(pages))


def test_the_plain_crawl_is_the_same_but_for_the_archive(
    site: Site, proxy: dict[str, str], scrapy_cmd: RunScrapy, tmp_path: Path
) -> None:
    articles = [one["url"] for one in site.truth()["articles"] if one["listed_on"]][:5]
    bodies = []
    for name, options in (("ours", []), ("plain", benchmark.plain_scrapy.options())):
        folder = tmp_path / name
        done = scrapy_cmd(
            "crawl", "xinhua", "-a", "urls=" + ",".join(articles), "-s", "DOWNLOAD_DELAY=0",
            *options, data_dir=folder, env=proxy,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        (path,) = folder.glob("jsonl/*/*/*.jsonl")
        lines = map(json.loads, path.read_bytes().splitlines())
        bodies.append({line["id"]: line["body"] for line in lines})
    assert bodies[0] == bodies[1]
    assert len(bodies[0]) == 5
    assert list((tmp_path / "ours").rglob("*.warc.gz"))
    assert not list((tmp_path / "plain").rglob("*.warc.gz"))
