"""What does the search index cost, and how fast and exactly does it answer?

    python -m benchmarks.search [--articles 100000] [--days 150] [--queries 240]
        [--scanned 4000] [--folder DIR]

Writes that many made-up articles (benchmarks/chinese.py) as published lines, spread over so many
days, one of twenty of them in two versions, indexes them, and asks for substrings of 1 to 10
characters of their texts, bare and narrowed by region and days: the count, and the newest twenty
with title and excerpt. Then it indexes the first of them by themselves and holds each answer
against a scan of all texts, with traditional and full-width forms too. Times are of the CPU, with
warm file caches: what a machine takes that does nothing else. Exits 1 when an answer is wrong, or
one of a hundred takes over 50 ms.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from time import process_time
from typing import Any

import opencc

from benchmarks.chinese import FIRST_DAY, Writer
from crawler.search.folding import fold
from crawler.search.index import INDEX
from crawler.search.search import Query, SearchIndex

BOUND = 0.05  # seconds for an answer with filters and count
EDITED = 20  # one of so many articles has a second version

_LINES_A_FILE = 5000


def filters(days: int) -> dict[str, Any]:
    """A region and the middle third of the days."""
    since = FIRST_DAY.date() + timedelta(days=days // 3)
    until = since + timedelta(days=days // 3)
    return {"regions": frozenset({"js"}), "since": since, "until": until}


def fill(folder: Path, count: int, days: int) -> int:
    """Publish that many articles of so many days; the characters of their texts."""
    writer, characters = Writer(days=days), 0
    target = folder / "jsonl" / "2026" / "01"
    target.mkdir(parents=True, exist_ok=True)
    for first in range(0, count, _LINES_A_FILE):
        name = f"xinhua-20260101T{first // _LINES_A_FILE:06d}Z-0001.jsonl"
        with (target / name).open("w", encoding="utf-8") as file:
            for number in range(first, min(first + _LINES_A_FILE, count)):
                line = writer.line(number)
                characters += len(line["body"])
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
                if number % EDITED == 0:
                    second = writer.line(number + 10_000_000)
                    edit = {"version": 2, "body": f"{line['body']}\n\n{second['title']}。"}
                    edit["fetched_at"] = "2026-01-02T00:00:00Z"
                    file.write(json.dumps(line | edit, ensure_ascii=False) + "\n")
    return characters


def queries(count: int, articles: int) -> list[str]:
    """Substrings of 1 to 10 characters of titles and bodies, and a few that are nowhere."""
    chance, writer, found = random.Random(5), Writer(), []
    while len(found) < count:
        line = writer.line(chance.randrange(articles))
        text = chance.choice((line["title"], line["body"], line["body"]))
        length = 1 + len(found) % 10
        start = chance.randrange(max(len(text) - length, 1))
        query = text[start : start + length]
        if not any(character.isspace() for character in query):
            found.append(query)
    return found


def scan(lines: list[tuple[dict[str, Any], str, str]], query: str, **narrowed: Any) -> set[str]:
    """The articles that match, by reading all of them."""
    needle = fold(query)
    return {
        line["id"]
        for line, title, body in lines
        if (needle in title or needle in body)
        and (not narrowed or line["region"]["code"] in narrowed["regions"])
        and (not narrowed or narrowed["since"] <= date.fromisoformat(line["published_at"][:10]))
        and (not narrowed or narrowed["until"] >= date.fromisoformat(line["published_at"][:10]))
    }


def answer(index: SearchIndex, query: str, **narrowed: Any) -> set[str]:
    """The articles that the index finds, page by page."""
    first = index.search(Query(query, **narrowed))
    pages = [first, *(index.search(Query(query, **narrowed), n) for n in range(2, first.pages + 1))]
    ids = [hit.article_id for page in pages for hit in page.hits]
    assert len(ids) == len(set(ids)) == first.count, query
    return set(ids)


def _wrong(folder: Path, count: int, days: int, asked: list[str]) -> int:
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        part = Path(temporary)
        fill(part, count, days)
        path = part / "search.sqlite"
        INDEX.update(path, part, lambda _: None)
        texts = [
            (line, fold(line["title"]), fold(line["body"]))
            for file in sorted(part.glob("jsonl/*/*/*"))
            for line in map(json.loads, file.read_bytes().splitlines())
        ]
        traditional, wide = (
            opencc.OpenCC("s2t").convert,
            str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)}),
        )
        wrong, narrowed = 0, filters(days)
        with closing(SearchIndex.open(path, part)) as index:
            for query in asked:
                expected = scan(texts, query)
                forms = (query, traditional(query), query.translate(wide))
                wrong += sum(answer(index, form) != expected for form in forms)
                wrong += answer(index, query, **narrowed) != scan(texts, query, **narrowed)
        return wrong


def main() -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=150)
    parser.add_argument("--queries", type=int, default=240)
    parser.add_argument("--scanned", type=int, default=4000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        path = folder / "state" / "search.sqlite"
        if not path.exists():
            characters = fill(folder, options.articles, options.days)
            began = process_time()
            INDEX.update(path, folder, lambda _: None)
            spent, size = process_time() - began, path.stat().st_size
            print(
                f"{options.articles} articles, {characters / options.articles:.0f} characters each"
            )
            print(f"index: {spent:.1f} s CPU, {size / 1e6:.0f} MB,", end=" ")
            print(f"{size / characters:.1f} bytes a character")
        asked = queries(options.queries, options.articles)
        slow = _measure(path, folder, filters(options.days), asked)
        scanned = min(options.scanned, options.articles)
        wrong = _wrong(folder, scanned, options.days, asked)
        print(
            f"held against a scan of {scanned} articles: {len(asked) * 4 - wrong} of",
            end=" ",
        )
        print(f"{len(asked) * 4} answers equal")
    return 1 if wrong or slow else 0


def _measure(path: Path, folder: Path, filtered: dict[str, Any], asked: list[str]) -> bool:
    slow = False
    kinds: list[tuple[str, list[str], dict[str, Any]]] = []
    for length in (1, 2, 3, 4, 6, 8, 10):
        some = [query for query in asked if len(query) == length]
        kinds += [(f"{length} characters", some, {}), (f"{length}, narrowed", some, filtered)]
    kinds.append(("everywhere: 新华网, 记者, 的", ["新华网", "记者", "的"] * 3, {}))
    kinds.append(("everywhere, narrowed", ["新华网", "记者", "的"] * 3, filtered))
    both = ["的 记者", "一 新华网", "国 月电"]
    kinds.append(("a word and a letter", both, {}))
    kinds.append(("a word and a letter, narrowed", both, filtered))
    kinds.append(("nothing but filters", [""] * 3, filtered))
    print(f"{'ms with count':32}{'median':>8}{'99 %':>8}{'most':>8}{'hits':>9}")
    for name, some, narrowed in kinds:
        times, hits = [], []
        for query in some:
            began = process_time()
            with closing(SearchIndex.open(path, folder)) as index:
                hits.append(index.search(Query(query, **narrowed)).count)
            times.append(process_time() - began)
        times.sort()
        high = times[int(len(times) * 0.99) - 1] if len(times) > 1 else times[0]
        row = (statistics.median(times), high, times[-1])
        print(f"{name:32}" + "".join(f"{1000 * one:8.1f}" for one in row), end="")
        print(f"{statistics.median(hits):9.0f}")
        slow |= high > BOUND
    return slow


if __name__ == "__main__":
    sys.exit(main())
