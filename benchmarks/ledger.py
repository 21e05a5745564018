"""Does the ledger cost the same with 10 million addresses as with 10 thousand?

    python -m benchmarks.ledger [--small 10000] [--large 10000000] [--rounds 100] [--folder DIR]

Fills two ledgers (about ten minutes and 14 GB for the large one; kept if --folder is given),
then does in turn with both what a run does, and compares medians and the memory of two processes.
Exits 1 if starting a run, a list page or memory takes over twice as much. Times are wall times
with warm file caches; nothing is committed but in `start` and `checkpoint`.
"""

from __future__ import annotations

import argparse
import random
import secrets
import statistics
import subprocess
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.ledger_fill import LINKS, LISTS, fill, list_url, page, sightings
from crawler.ledger.ledger import Ledger
from crawler.ledger.rows import Sighting
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

BOUND = 2.0

# The steps that must stay within the bound, and so must memory; the others are told.
BOUNDED = ("start a run", "list page, newest 100", "list page, any 100", "list page, 100 new")

AT = datetime(2027, 6, 1, tzinfo=UTC)
RUN = "20270601T000000Z-0002"


class Bench:
    """One ledger and the steps of a run on it; each step returns its seconds.

    The ledger stays open, as in a run, and each step is rolled back.
    """

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self.size = size
        self._ledger = Ledger.open(path)
        self._serial = secrets.token_hex(4)
        self._random = random.Random(self._serial)
        self._runs = 0

    def close(self) -> None:
        self._ledger.close()

    def steps(self) -> dict[str, Callable[[], float]]:
        return {
            "start a run": self.start,
            "list page, newest 100": lambda: self.list_page(self._newest()),
            "list page, any 100": lambda: self.list_page(self._any(LINKS)),
            "list page, 100 new": lambda: self.list_page(self._new()),
            "an article, seen to finished": self.article,
            "an article's re-check": self.recheck,
            "checkpoint of 100 new": self.checkpoint,
        }

    def start(self) -> float:
        """From nothing to the first request: open, begin, see what is owed and due."""
        self._runs += 1
        run_id = f"{self._serial}-{self._runs}"
        began = perf_counter()
        with closing(Ledger.open(self.path)) as ledger:
            ledger.runs.unfinished()
            ledger.runs.start(run_id, AT, "scrapy crawl xinhua")
            ledger.commit()
            ledger.addresses.owed(run_id=run_id, at=AT, regions=["js"], limit=100)
            ledger.articles.due(AT, regions=["js"], limit=100)
            ledger.hosts.holds(AT)
            ledger.lists.states(["js"])
            seconds = perf_counter() - began
            ledger.runs.finish(run_id, AT, 0, "finished", {})
            ledger.commit()
        return seconds

    def list_page(self, links: list[Sighting]) -> float:
        """Resolve the links of one list answer and make them known ground."""
        url = list_url(self._random.randrange(LISTS))
        urls = [link.url for link in links]
        began = perf_counter()
        self._ledger.lists.known_links(url, urls)
        self._ledger.lists.add_answer(url, at=AT, status=200, region="js", links=urls)
        self._ledger.addresses.see(links, run_id=RUN, at=AT)
        self._ledger.lists.finish_walk(url, at=AT)
        return self._undo(began)

    def article(self) -> float:
        (link,) = self._new()[:1]
        began = perf_counter()
        self._ledger.addresses.see([link], run_id=RUN, at=AT)
        self._ledger.articles.get(link.article_id)
        self._ledger.addresses.get(link.url)
        self._ledger.addresses.of_article(link.article_id)
        self._ledger.addresses.finish(link.url, Outcome.MISSING, run_id=RUN, at=AT)
        return self._undo(began)

    def recheck(self) -> float:
        (link,) = self._any(1)
        began = perf_counter()
        self._ledger.addresses.recheck([link.url], run_id=RUN)
        article = self._ledger.articles.get(link.article_id)
        assert article
        self._ledger.articles.note_check(article.id, AT, AT + timedelta(days=30), None, None)
        self._ledger.addresses.finish(link.url, Outcome.NOT_MODIFIED, run_id=RUN, at=AT)
        return self._undo(began)

    def checkpoint(self) -> float:
        """The commit, fsync included, after a page of new links."""
        self._ledger.addresses.see(self._new(), run_id=RUN, at=AT)
        began = perf_counter()
        self._ledger.commit()
        return perf_counter() - began

    def _undo(self, began: float) -> float:
        seconds = perf_counter() - began
        self._ledger.connection.raw.rollback()
        return seconds

    def _newest(self) -> list[Sighting]:
        return page(self._ledger, self.size, self._random.randrange(LISTS))

    def _any(self, count: int) -> list[Sighting]:
        numbers = [self._random.randrange(1, self.size // 2) * 2 - 1 for _ in range(count)]
        return sightings(self._ledger, numbers)

    def _new(self) -> list[Sighting]:
        serial = self._random.randrange(10**9, 9 * 10**9)
        return [
            Sighting(f"http://www.js.xinhuanet.com/2027-06/01/c_{serial + n}.htm", f"{serial + n}")
            for n in range(LINKS)
        ]


def compare(small: Bench, large: Bench, rounds: int) -> list[tuple[str, float, float]]:
    """Median seconds of each step on both ledgers, taken in turn."""
    rows = []
    large_steps = large.steps()
    for name, step in small.steps().items():
        times = [(step(), large_steps[name]()) for _ in range(rounds)]
        rows.append((name, *(statistics.median(column) for column in zip(*times, strict=True))))
    return rows


def memory(bench: Bench, rounds: int) -> float:
    """Peak memory in MB of a process of its own that does the steps on one ledger."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.ledger", "--memory-of", str(bench.path),
         "--large", str(bench.size), "--rounds", str(rounds)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return float(done.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--memory-of", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory_of:
        bench = Bench(options.memory_of, options.large)
        for step in bench.steps().values():
            for _ in range(options.rounds):
                step()
        status = Path("/proc/self/status").read_text()  # getrusage would show the parent's peak
        (peak,) = (row.split()[1] for row in status.splitlines() if row.startswith("VmHWM:"))
        print(int(peak) / 1024)
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        return report(
            *(_bench(folder, size) for size in (options.small, options.large)), options.rounds
        )


def _bench(folder: Path, size: int) -> Bench:
    path = folder / str(size) / "ledger.sqlite"
    if not path.exists():
        unfinished = path.with_name("unfinished.sqlite")
        fill(unfinished, size)
        unfinished.rename(path)
    with path.open("rb") as file:  # into the file cache, as far as memory goes
        while file.read(1 << 20):
            pass
    return Bench(path, size)


def report(small: Bench, large: Bench, rounds: int) -> int:
    """Print the table; 1 if a ratio is over the bound."""
    print(f"{'':32}{small.size:>12,}{large.size:>12,}{'ratio':>8}")
    worst = 0.0
    for name, *seconds in compare(small, large, rounds):
        ratio = seconds[1] / seconds[0]
        worst = max(worst, ratio if name in BOUNDED else 0.0)
        print(f"{name:32}{seconds[0] * 1e3:>9.2f} ms{seconds[1] * 1e3:>9.2f} ms{ratio:>8.2f}")
    used = [memory(bench, rounds) for bench in (small, large)]
    worst = max(worst, used[1] / used[0])
    print(f"{'peak memory':32}{used[0]:>9.0f} MB{used[1]:>9.0f} MB{used[1] / used[0]:>8.2f}")
    sizes = [bench.path.stat().st_size / 2**20 for bench in (small, large)]
    print(f"{'file':32}{sizes[0]:>9.0f} MB{sizes[1]:>9.0f} MB")
    return int(worst > BOUND)


if __name__ == "__main__":
    sys.exit(main())
