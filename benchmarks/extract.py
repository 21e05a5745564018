"""What does extraction cost beside other extractors, on the same pages, in the same process?

    python -m benchmarks.extract [--rounds 30] [--pages 12] [--kilobytes 60] [--real FOLDER]

Ours is bytes to finished article: decoding, layouts, all pipelines, digest. Beside it the general
extractors, which get decoded text, and as the floor a bare parse by lexbor and by lxml. The pages
are the loopback site's, filled up with furniture around the text to the size of real ones; `--real`
takes saved pages instead (`*.html` with `gold/*.json` that name their addresses).

Every round runs each contestant once over every page, in an order that moves on by one a round, so
that what disturbs the machine disturbs all. Times are CPU times of this process in ms a page; the
ratio is taken between the medians. Exits 1 if ours takes over a twentieth of newspaper4k's time.

The peers are no dependencies of the project. Into a venv of its own:

    pip install -e . newspaper4k jieba trafilatura readability-lxml
    pip install pytest hypothesis cryptography  # what tests/site imports

Those that are not installed are left out and named.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from itertools import cycle, islice
from pathlib import Path
from time import process_time
from typing import Any

from crawler import urls
from crawler.extraction import extract
from crawler.items import Page
from crawler.pages.encoding import decode_text
from tests.site import Story, World, render

# Ours to newspaper4k's, at most.
BOUND = 1 / 20

OURS, PEER = "ours", "newspaper4k"

Contestant = Callable[[Page, str], object]


def ours(page: Page, _: str) -> object:
    """From bytes to the article."""
    return extract([page])


def newspaper() -> Contestant:
    article = import_module("newspaper").Article

    def run(page: Page, text: str) -> object:
        made = article(page.url, language="zh", fetch_images=False)
        made.download(input_html=text)
        made.parse()
        return made.text

    return run


def trafilatura() -> Contestant:
    module = import_module("trafilatura")
    return lambda page, text: module.bare_extraction(text, url=page.url, with_metadata=True)


def readability() -> Contestant:
    document = import_module("readability").Document

    def run(_: Page, text: str) -> object:
        made = document(text)
        return made.title(), made.summary()

    return run


def lexbor() -> Contestant:
    parser = import_module("selectolax.lexbor").LexborHTMLParser
    return lambda _, text: parser(text).root


def parsel() -> Contestant:
    selector = import_module("parsel").Selector
    return lambda _, text: selector(text).root


CONTESTANTS: dict[str, Callable[[], Contestant]] = {
    OURS: lambda: ours,
    PEER: newspaper,
    "trafilatura": trafilatura,
    "readability-lxml": readability,
    "bare parse, lexbor": lexbor,
    "bare parse, lxml by parsel": parsel,
}


def installed() -> tuple[dict[str, Contestant], list[str]]:
    """The contestants that can be run, and the names of those that can't."""
    found: dict[str, Contestant] = {}
    missing = []
    for name, make in CONTESTANTS.items():
        try:
            found[name] = make()
        except ImportError:
            missing.append(name)
    return found, missing


def synthetic(count: int, size: int) -> list[Page]:
    """Pages of every generation, `size` bytes each, mostly furniture as real ones are."""
    world = World(seed=3, articles=24)
    stories: dict[str, Story] = {}
    for key in world.channels:
        for plan in world.plans(key):
            if plan.task.kind == "text" and not plan.hidden:
                stories.setdefault(plan.task.layout, world.state(plan).story)
    wanted = [stories[name] for name in ("g3", "g4", "g5", "g6_main", "g6_regional", "g2_main")]
    return [
        _page(story.url, _filled(render(story.layout, story), story.encoding, size, number))
        for number, story in enumerate(islice(cycle(wanted), count))
    ]


def real(folder: Path) -> list[Page]:
    """Saved pages at the addresses their gold answers name."""
    pages = []
    for path in sorted(folder.glob("*.html")):
        gold = folder / "gold" / f"{path.stem}.json"
        pages.append(_page(json.loads(gold.read_text("utf-8"))["url"], path.read_bytes()))
    return pages


def _page(url: str, body: bytes) -> Page:
    return Page(url, 200, (("Content-Type", "text/html"),), body, "2026-11-24T00:00:00Z", None)


def _filled(body: bytes, codec: str, size: int, seed: int) -> bytes:
    """The page with menus, link lists, styles and scripts before and after what it shows."""
    rng = random.Random(seed)
    before: list[bytes] = []
    after: list[bytes] = []
    missing = size - len(body)
    while missing > 0:
        piece = _furniture(rng).encode(codec)
        (before if rng.random() < 0.4 else after).append(piece)
        missing -= len(piece)
    start = body.index(b">", body.index(b"<body")) + 1
    end = body.index(b"</body>")
    return body[:start] + b"".join(before) + body[start:end] + b"".join(after) + body[end:]


def _furniture(rng: random.Random) -> str:
    kind = rng.randrange(4)
    number = rng.randrange(10**6)
    if kind == 0:
        rule = f".nav{number}{{float:left;margin:0 {number % 20}px;color:#{number:06d}}}\n"
        return f"<style>{rule * 12}</style>"
    if kind == 1:
        call = f'if(document.getElementById("m{number}")){{load("/js/{number}.js",{number});}}\n'
        return f"<script>{call * 12}</script>"
    links = "".join(
        f'<li class="item"><a href="/2026-09/{n:02d}/c_{number}{n}.htm" target="_blank">'
        f"{rng.choice('东西南北')}街{number % 97}号{rng.choice('店馆桥')}今日开放</a></li>"
        for n in range(10, 22)
    )
    return (
        f'<div class="col-{number}"><h3>栏目{number % 31}</h3><ul class="list">{links}</ul></div>'
    )


def measure(
    contestants: dict[str, Contestant], pages: list[Page], rounds: int
) -> dict[str, list[float]]:
    """CPU ms a page of each contestant in each round."""
    texts = [decode_text(page.body, page.header("Content-Type"))[0] for page in pages]
    times: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    for number in range(rounds + 1):
        if number == 1:
            gc.freeze()  # what each loaded for itself (dictionaries) shall cost the others nothing
        for name in names[number % len(names) :] + names[: number % len(names)]:
            run = contestants[name]
            gc.collect()
            urls._split_short.cache_clear()  # a crawl meets a page's address for the first time
            urls._canonical_short.cache_clear()
            began = process_time()
            for page, text in zip(pages, texts, strict=True):
                run(page, text)
            if number:  # round 0 is for warming up
                times[name].append((process_time() - began) * 1000 / len(pages))
    return times


def report(times: dict[str, list[float]], pages: list[Page]) -> int:
    """Print the table; 1 if ours is over the bound."""
    size = statistics.fmean(len(page.body) for page in pages) / 1000
    mine = statistics.median(times[OURS])
    rounds = len(times[OURS])
    print(f"{len(pages)} pages of {size:.0f} kB on average, {rounds} rounds, CPU ms a page")
    print(f"{'':28}{'min':>9}{'median':>9}{'pages/s':>9}{'to ours':>9}")
    for name, spent in times.items():
        median = statistics.median(spent)
        columns = f"{min(spent):9.3f}{median:9.3f}{1000 / median:9.0f}{median / mine:9.2f}"
        print(f"{name:28}{columns}")
    if PEER not in times:
        return 0
    share = mine / statistics.median(times[PEER])
    print(f"ours takes 1/{1 / share:.1f} of {PEER}'s time; the bound is 1/{1 / BOUND:.0f}")
    return int(share > BOUND)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--pages", type=int, default=12)
    parser.add_argument("--kilobytes", type=int, default=60)
    parser.add_argument("--real", type=Path)
    options: Any = parser.parse_args(arguments)
    warnings.simplefilter("ignore")  # the peers'
    contestants, missing = installed()
    if missing:
        print(f"not installed: {', '.join(missing)}")
    if options.real:
        pages = real(options.real)
    else:
        pages = synthetic(options.pages, options.kilobytes * 1000)
    return report(measure(contestants, pages, options.rounds), pages)


if __name__ == "__main__":
    sys.exit(main())
