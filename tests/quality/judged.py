"""What is scored: our fixtures, and the saved real pages where the shared folder exists."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from crawler.extraction import extract
from crawler.items import Page, as_record
from tests.fixtures.kept import all_kept
from tests.quality.scores import Score, by_layout
from tests.site.shared import SEED_URL, seed_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from crawler.fixtures import Fixture

REQUIRED = "title=1,published=1,source=1,editor=1,body_f1=0.995,leaks=0,lost=0"


def scores(fixtures: Iterable[Fixture] | None = None) -> dict[str, Score]:
    """The scores of fixtures, all by default, by the layout that is expected to claim them."""
    return by_layout(_pairs(all_kept() if fixtures is None else fixtures))


def _pairs(fixtures: Iterable[Fixture]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for fixture in fixtures:
        expected = fixture.expected()
        if expected is not None:
            yield expected.get("layout", "refused"), expected, fixture.derive()


def answers(shared: Path, markup: str = "seed") -> Iterator[dict[str, Any]]:
    """What we read on each saved page that has a gold answer, and on the seed's, as the judge wants
    it. `markup` is that of the seed's page (`tests.site.templates.g3`)."""
    for gold in sorted((shared / "pages" / "gold").glob("*.json")):
        url = json.loads(gold.read_text("utf-8"))["url"]
        if url == SEED_URL:
            body = seed_page(shared / "seed", markup)
        else:
            body = gold.parents[1].joinpath(f"{gold.stem}.html").read_bytes()
        headers = (("Content-Type", "text/html"),)
        record = as_record(extract([Page(url, 200, headers, body, "2026-11-24T00:00:00Z", None)]))
        yield {"file": gold.stem} | answer_of(record)


def answer_of(record: dict[str, Any]) -> dict[str, Any]:
    """What a line says, as the judge wants it."""
    return {
        "url": record["url"],
        "article_id": record["id"],
        "title": record["title"],
        "published": record["published_at"],
        "source": record["source"],
        "reporters": [person["name"] for person in record["reporters"]],
        "editors": record["editors"],
        "paragraphs": record["paragraphs"],
        "images": record["images"],
        "region": record["region"] and record["region"]["name"],
    }


def judge(
    shared: Path, predicted: Iterable[dict[str, Any]], file: Path, required: str = REQUIRED
) -> subprocess.CompletedProcess[str]:
    """The shared judge on our answers, which are put into `file`."""
    lines = (json.dumps(answer, ensure_ascii=False) + "\n" for answer in predicted)
    file.write_text("".join(lines), "utf-8")
    return subprocess.run(
        [sys.executable, shared / "score.py", file, shared / "pages" / "gold",
         "--pages", "--require", required],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
