"""What asking lists by what they bring saves, and what it costs.

`python -m benchmarks.list_cadence`: one region in memory, a front page and columns that bring from
twenty articles a day to none, hourly runs of weeks with the real walks and ledger, once as they are
and once with every list asked in every run. Printed are the requests of the days after the
learning, how long after its publication an article was first seen, and what is saved: of the
requests of every run, and of those of runs so far apart that articles would be seen as late on
average.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from argparse import ArgumentParser
from collections import deque
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from statistics import mean, median
from unittest.mock import patch

from scrapy.utils.test import get_crawler

from crawler import regions
from crawler.archive.writer import WarcWriter
from crawler.arguments import parse
from crawler.context import attach
from crawler.data_dir import warc_name
from crawler.exporters.jsonl import JsonlWriter
from crawler.exporters.publisher import Publisher
from crawler.items import Page
from crawler.ledger.ledger import Ledger
from crawler.ledger.schedule import LEARNING_DAYS
from crawler.spiders.frontier import sighting
from crawler.spiders.list_walk import ListWalk
from tests.run_parts import facts

HOST = "http://www.gz.xinhuanet.com"
# Midnight in Beijing.
START = datetime(2026, 1, 4, 16, tzinfo=UTC)
A_DAY = (20, 8, 4, 2, 1, 1, 0.5, 0.5, 0.2, 0.1, *[0] * 14)
PER_PAGE, ON_FRONT_PAGE = 20, 16


@dataclass
class Site:
    """`published` are (moment, address, column), the newest last; a third of them, the less
    important, never stand on the front page."""

    rng: Random
    published: list[tuple[datetime, str, int]] = field(default_factory=list)

    def write(self, days: int) -> None:
        moments = []
        for column, rate in enumerate(A_DAY):
            for day in range(-10, days):
                for _ in range(int(rate) + (self.rng.random() < rate % 1)):
                    hour = self.rng.triangular(6, 23, 10)
                    moments.append((START + timedelta(days=day, hours=hour), column))
        for number, (at, column) in enumerate(sorted(moments)):
            local = at + timedelta(hours=8)
            url = f"{HOST}/{local:%Y-%m/%d}/c_112{number:07}.htm"
            self.published.append((at, url, column))

    def page(self, url: str, now: datetime) -> bytes | None:
        shown = [one for one in self.published if one[0] <= now][::-1]
        if url == f"{HOST}/":
            links = [one[1] for one in shown if int(one[1][-7:-4]) % 3][:ON_FRONT_PAGE]
            nav = "".join(f'<a href="/l{chr(97 + n)}/">栏目{n}</a>' for n in range(len(A_DAY)))
        elif url.startswith(f"{HOST}/l") and len(url) == len(HOST) + 4:
            column = ord(url[-2]) - 97
            links, nav = [one[1] for one in shown if one[2] == column][:PER_PAGE], ""
            links = links or [f"{HOST}/2016-01/0{column % 9 + 1}/c_11100000{column:02}.htm"]
        else:
            return None
        rows = "".join(f'<li><a href="{link}">要闻</a></li>' for link in links)
        return f"<html><body><ul>{rows}</ul><p>{nav}</p></body></html>".encode()


def play(site: Site, days: int, *, learns: bool) -> dict[str, float]:
    asked = 0
    seen: dict[str, datetime] = {}
    learnt_at = START + timedelta(days=LEARNING_DAYS + 1)
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Ledger.open(Path(folder) / "ledger.sqlite")) as ledger,
    ):
        for hour in range(days * 24):
            now = START + timedelta(hours=hour, minutes=45)
            asked_now, found = _run(site, ledger, Path(folder), hour, now, learns=learns)
            asked += asked_now if now >= learnt_at else 0
            for url in found:
                seen.setdefault(url, now)
    delays = [
        (seen[url] - at) / timedelta(hours=1)
        for at, url, _ in site.published
        if at >= learnt_at and url in seen
    ]
    wanted = sum(learnt_at <= at <= START + timedelta(days=days - 1) for at, _, _ in site.published)
    return {
        "requests": asked,
        "articles": wanted,
        "seen": len(delays),
        "mean_delay_hours": round(mean(delays), 2),
        "median_delay_hours": round(median(delays), 2),
        "longest_delay_hours": round(max(delays), 2),
    }


def _run(
    site: Site, ledger: Ledger, folder: Path, number: int, now: datetime, *, learns: bool
) -> tuple[int, set[str]]:
    run = facts(
        run_id=f"run-{number}", data_dir=folder,
        arguments=parse({"regions": "gz"}, regions.load()), regions=regions.load(),
    )  # fmt: skip
    archive = WarcWriter(folder, partial(warc_name, "none"), info={}, max_bytes=1)
    publisher = Publisher(run, ledger, archive, JsonlWriter(folder, "jsonl/run.jsonl"))
    limits = {"LIST_MAX_PAGES": 5, "LIST_MAX_COLUMNS": 200, "LIST_MAX_DEPTH": 3}
    crawler = get_crawler(settings_dict=limits)
    learnt = (ledger.sources, ledger.placements) if learns else ()
    attach(crawler, run, ledger.lists, publisher, *learnt)
    found: set[str] = set()
    count = 0
    clocks = [f"crawler.spiders.{name}.now" for name in ("list_walk", "list_looks", "frontier")]
    with (
        patch(clocks[0], lambda: now),
        patch(clocks[1], lambda: now),
        patch(clocks[2], lambda: now),
    ):
        walk = ListWalk(crawler)
        steps = deque(walk.start())
        while steps := steps or deque(walk.columns()):
            step = steps.popleft()
            body = site.page(step.url, now)
            count += step.url.startswith(HOST) and body is not None
            page = Page(step.url, 200 if body else 404, (), body or b"", "", None)
            answer = walk.answered(step, page)
            steps += answer.steps
            new = {one.url for one in answer.sightings}
            ledger.addresses.see([sighting(url) for url in new], run_id=run.run_id, at=now)
            found |= new
        walk.finish()
    ledger.placements.drop_lines(run.run_id)
    ledger.commit()
    return count, found


def main() -> int:
    parser = ArgumentParser(prog="python -m benchmarks.list_cadence", description=__doc__)
    parser.add_argument("--days", type=int, default=35)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    logging.disable(logging.WARNING)  # the registry's further lists answer with 404
    site = Site(Random(args.seed))
    site.write(args.days)
    told = {
        name: play(site, args.days, learns=learns)
        for name, learns in (("every run", False), ("as it brings news", True))
    }
    before, after = told.values()
    as_late = before["requests"] * before["mean_delay_hours"] / after["mean_delay_hours"]
    told["saved"] = {
        "requests": round(1 - after["requests"] / before["requests"], 3),
        "requests_at_the_same_mean_delay": round(1 - after["requests"] / as_late, 3),
    }
    print(json.dumps(told, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
