"""The walks of runs over a site in memory, with the real ledger and no network."""

from __future__ import annotations

import json
from collections import deque
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING

import pytest
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
from crawler.spiders.list_walk import ListWalk
from tests.new_ledgers import new_ledger
from tests.run_parts import facts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scrapy.crawler import Crawler

HOST = "http://www.gz.xinhuanet.com"
ROOT = f"{HOST}/"
REGIONS = regions.load()


def article(number: int) -> str:
    """The address of an article of 2020."""
    return f"{HOST}/2020-03/05/c_112{number:07}.htm"


def page(articles: object = (), **links: str) -> bytes:
    """A list's page: articles by their numbers, then links by their texts."""
    assert isinstance(articles, (range, list, tuple))
    rows = "".join(f'<li><a href="{article(number)}">要闻</a></li>' for number in articles)
    others = "".join(f'<a href="{url}">{text}</a>' for text, url in links.items())
    return f"<html><body><ul>{rows}</ul><p>{others}</p></body></html>".encode()


def node(articles: object, total: int | None, count: int = 2) -> bytes:
    """An answer of the list API; None for a row that names no article."""
    assert isinstance(articles, (range, list, tuple))
    rows = [{"LinkUrl": "" if one is None else article(one), "Title": "要闻"} for one in articles]
    return f"({json.dumps({'status': 0, 'data': {'list': rows}, 'totalnum': total})})".encode()


def begin_walk(
    ledger: Ledger, folder: Path, crawler: Crawler, number: int, spargs: dict[str, str]
) -> tuple[ListWalk, Publisher]:
    """The walk of a new run over a ledger and a folder, and what publishes for it."""
    run = facts(
        run_id=f"run-{number}",
        data_dir=folder,
        arguments=parse(spargs, REGIONS),
        regions=REGIONS,
    )
    archive = WarcWriter(folder, partial(warc_name, "run"), info={}, max_bytes=1)
    publisher = Publisher(run, ledger, archive, JsonlWriter(folder, "jsonl/run.jsonl"))
    attach(crawler, run, ledger.lists, ledger.sources, ledger.placements, publisher)
    return ListWalk(crawler), publisher


@cache
def _crawler(**settings: int) -> Crawler:
    limits = {"LIST_MAX_PAGES": 5, "LIST_MAX_COLUMNS": 40, "LIST_MAX_DEPTH": 3}
    return get_crawler(settings_dict=limits | settings)


@dataclass
class Walks:
    """`site` maps addresses to bodies or statuses, anything else is 404; `asked` are the addresses
    of the last run in their order, `seen` the articles that the ledger durably knows, `sent` the
    validators of the last run's requests."""

    ledger: Ledger
    folder: Path
    site: dict[str, bytes | int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    sent: dict[str, object] = field(default_factory=dict)
    alarms: list[str] = field(default_factory=list)
    count: int = 0

    def run(
        self, *, kill: int | None = None, settings: dict[str, int] | None = None, **arguments: str
    ) -> ListWalk:
        """One run of Guizhou's lists, or of `lists`; killed after `kill` answers."""
        self.count += 1
        spargs = arguments if "lists" in arguments else {"regions": "gz"} | arguments
        crawler = _crawler(**(settings or {}))
        walk, publisher = begin_walk(self.ledger, self.folder, crawler, self.count, spargs)
        self.asked, self.sent = [], {}
        steps = deque(walk.start())
        while steps := steps or deque(walk.columns()):
            if kill is not None and len(self.asked) >= kill:
                self.ledger.connection.raw.rollback()
                self.ledger = Ledger(self.ledger.connection)  # nothing is remembered
                return walk
            step = steps.popleft()
            self.asked.append(step.url)
            self.sent |= dict.fromkeys(walk.conditions(step), step.url)
            answer = self.site.get(step.url, self.site.get("*", 404))
            status, body = (200, answer) if isinstance(answer, bytes) else (answer, b"")
            headers = (("ETag", f'"{hash(body)}"'),)
            found = walk.answered(step, Page(step.url, status, headers, body, "", None))
            steps += found.steps
            self.ledger.commit()
            self.seen |= {sighting.url for sighting in found.sightings}
        self.alarms = [alarm.text for alarm in publisher.alarms()]
        return walk

    def has_seen(self, *numbers: int) -> bool:
        return {article(number) for number in numbers} <= self.seen


@pytest.fixture
def walks(memory: Path) -> Iterator[Walks]:
    with closing(new_ledger(memory / "ledger.sqlite")) as ledger:
        yield Walks(ledger, memory)
