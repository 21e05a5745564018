"""Who finds the text of pages whose ids and classes mean nothing: our fallback or readability?

    python -m benchmarks.fallback [--real FOLDER]

The pages are the committed fixtures and, with `--real`, saved ones with gold answers, each in a
redesign: every id and class under a name nobody has seen. What each finds is compared with the
text that is expected, by characters in order (F1), as the quality gate does.

readability-lxml is no dependency of the project; `benchmarks/extract.py` says how to install it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from statistics import fmean
from time import process_time

from crawler.extraction import extract
from crawler.items import Page
from crawler.layouts import NotAnArticle
from crawler.pages.encoding import decode_text
from tests.fixtures.kept import pages_of, synthetic
from tests.quality.scores import bare, f1
from tests.site.templates.redesign import redesigned

Finder = Callable[[Page], str]


def ours(page: Page) -> str:
    """What the extraction finds; nothing where it says that there is no article."""
    try:
        return extract([page]).body or ""
    except NotAnArticle:
        return ""


def readability() -> Finder:
    """readability-lxml, its summary as text."""
    document = import_module("readability").Document
    html = import_module("lxml.html")

    def find(page: Page) -> str:
        text = decode_text(page.body, page.header("Content-Type"))[0]
        return str(html.fromstring(document(text).summary()).text_content())

    return find


def fixtures() -> Iterator[tuple[str, Page, str]]:
    """Name, redesigned page and expected text of each fixture of one page that has a text."""
    for fixture in synthetic():
        expected = fixture.expected() or {}
        if expected.get("paragraphs") and not expected.get("page_urls"):
            page = pages_of(fixture)[0]
            yield fixture.name, _in_new_dress(page), "".join(expected["paragraphs"])


def real(folder: Path) -> Iterator[tuple[str, Page, str]]:
    """The same of saved pages beside `gold/*.json`."""
    for path in sorted(folder.glob("*.html")):
        gold = json.loads((folder / "gold" / f"{path.stem}.json").read_text("utf-8"))
        page = Page(gold["url"], 200, (), path.read_bytes(), "2026-11-24T00:00:00Z", None)
        yield path.stem, _in_new_dress(page), "".join(gold["body_paragraphs"])


def _in_new_dress(page: Page) -> Page:
    return Page(page.url, 200, page.headers, redesigned(page.body), page.fetched_at, None)


def compare(pages: list[tuple[str, Page, str]], finders: dict[str, Finder]) -> dict[str, float]:
    """Print a row for each finder; their mean F1."""
    print(f"{len(pages)} pages")
    print(f"{'':20}{'mean F1':>9}{'worst':>9}{'>= 0.99':>9}{'none':>6}{'ms':>8}  worst page")
    means = {}
    for name, find in finders.items():
        began = process_time()
        found = [bare(find(page)) for _, page, _ in pages]
        spent = (process_time() - began) * 1000 / len(pages)
        scores = [f1(bare(text), said) for (_, _, text), said in zip(pages, found, strict=True)]
        means[name] = fmean(scores)
        worst = min(range(len(scores)), key=scores.__getitem__)
        good = sum(score >= 0.99 for score in scores)
        row = f"{fmean(scores):9.4f}{scores[worst]:9.4f}{good:9}{found.count(''):6}{spent:8.2f}"
        print(f"{name:20}{row}  {pages[worst][0]}")
    return means


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--real", type=Path)
    options = parser.parse_args(arguments)
    finders: dict[str, Finder] = {"ours": ours}
    try:
        finders["readability-lxml"] = readability()
    except ImportError:
        print("not installed: readability-lxml")
    means = compare(list(real(options.real) if options.real else fixtures()), finders)
    return int(means["ours"] < max(means.values()))


if __name__ == "__main__":
    sys.exit(main())
