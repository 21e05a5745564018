"""Real pages, served at their own addresses and crawled by the ordinary command, held against gold.

The pages are not ours to publish: they stand beside the checkout, or these tests are skipped.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.processes import Crawl, crawl
from tests.quality.judged import answer_of, judge
from tests.site import Site

if TYPE_CHECKING:
    from pathlib import Path

REQUIRED = "title=1,published=1,source=1,reporter=1,editor=1,region=1,body_f1=0.995,leaks=0,lost=0"


@pytest.fixture(scope="module")
def gold(shared: Path) -> dict[str, dict[str, Any]]:
    """The gold answers by address."""
    answers = [json.loads(path.read_text()) for path in (shared / "pages/gold").glob("*.json")]
    return {answer["url"]: answer for answer in answers}


@pytest.fixture(scope="module")
def crawled(
    shared: Path, gold: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Crawl:
    with Site(regions=["js"], shared=shared) as site:
        return crawl(
            "-a", "urls=-", "-s", "DOWNLOAD_DELAY=0", "-s", "LOG_LEVEL=WARNING",
            data_dir=tmp_path_factory.mktemp("real") / "data",
            env=site.environment,
            stdin="".join(f"{url}  # gold\n" for url in gold),
        )  # fmt: skip


def test_every_page_is_published(crawled: Crawl, gold: dict[str, dict[str, Any]]) -> None:
    assert crawled.exitcode == 0, crawled.stderr
    assert crawled.report["outcomes"] == {"published": len(gold)}
    assert {line["url"] for line in crawled.lines} == set(gold)
    assert all(line["flags"] == [] for line in crawled.lines)


def test_the_judge_finds_nothing_wrong(
    crawled: Crawl, shared: Path, gold: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    judged = judge(shared, map(answer_of, crawled.lines), tmp_path / "predicted.jsonl", REQUIRED)
    assert judged.returncode == 0, judged.stdout + judged.stderr


def test_the_seed_says_what_its_text_says(crawled: Crawl) -> None:
    (seed,) = (line for line in crawled.lines if line["id"] == "1121738857")
    assert seed["region"] == {"code": "js", "name": "江苏", "gb2260": "320000"}
    assert seed["codes"]["fwl"] == "010070080010000000000000011111101121738857"
    assert seed["published_precision"] == "second"
    assert seed["is_reprint"] is True
    assert any(cut["rule"].startswith("disclaimer") for cut in seed["removed"])
    assert "版权" not in seed["body"]
