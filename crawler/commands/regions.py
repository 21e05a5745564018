"""`scrapy regions [REGION…]`: the registry, and how each region's lists answered when last asked.

Of the regions named also each of their lists, with what it yielded and when it is asked again.

Reads the region files and, once a crawl has made it, the ledger. Exit codes: 2 for a faulty region
file or an unknown region, 5 for a ledger that can't be read (the registry is printed all the same).
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.clock import iso, now
from crawler.commands.base_command import (
    NoArchiveError,
    ProjectCommand,
    open_ledger,
    print_json,
    sentence,
)
from crawler.exit_codes import STORAGE
from crawler.ledger.errors import LedgerError
from crawler.regions import Region, RegionError, load, resolve
from crawler.shown_text import columns, padded
from crawler.views.list_sources import sources_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from crawler.ledger.rows import ListState
    from crawler.views.list_sources import SourceRow

Health = dict[str, int | str | None]

_HEADINGS = ("CODE", "NAME", "GB2260", "LISTS", "ANSWERED", "LAST ANSWER (UTC)", "HOSTS")
_OF_SOURCES = (
    "LIST", "LOOKS", "NEW", "FIRST", "SOLE", "ELSEWHERE", "NEXT LOOK (UTC)", "NEWEST ARTICLE",
)  # fmt: skip


class Command(ProjectCommand, ScrapyCommand):
    def syntax(self) -> str:
        return "[<region> …]"

    def short_desc(self) -> str:
        return "Print the regional channels, their hosts and the health of their lists"

    def long_desc(self) -> str:
        return (
            "One line per region: its lists in the registry, how many of the lists ever asked "
            "answered when last asked, and its hosts (each with www. too). Of regions that are "
            "named each list that was asked: what it brought in the last 30 days, the share of it "
            "that other lists had shown before, its newest article, when it is asked again."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--json", action="store_true", help="all that is known, as JSON")

    def execute(self, args: list[str], opts: argparse.Namespace) -> None:
        try:
            regions = load()
            named = [resolve(token).code for arg in args for token in re.split("[,，]", arg)]
        except RegionError as error:
            raise UsageError(str(error)) from error
        chosen = {code: regions[code] for code in named} or regions
        health, sources = self._known([regions[code] for code in dict.fromkeys(named)])
        nothing = _health(())
        if opts.json:
            records = [
                asdict(region)
                | health.get(code, nothing)
                | ({"sources": [row.as_json() for row in sources[code]]} if named else {})
                for code, region in chosen.items()
            ]
            print_json(records, indent=2)
            return
        table = [_row(region, health.get(code, nothing)) for code, region in chosen.items()]
        print(_table(_HEADINGS, table))
        for code, rows in sources.items():
            print(f"\n{code} {regions[code].name}: lists, with what they brought in 30 days")
            print(_table(_OF_SOURCES, map(_source_row, rows)) if rows else "none asked")

    def _known(
        self, named: Sequence[Region]
    ) -> tuple[dict[str, Health], dict[str, list[SourceRow]]]:
        """By region code: how the lists answered, and of the regions that are named each list.
        Nothing before the first crawl, nor where the ledger can't be read, which is told."""
        states: defaultdict[str, list[ListState]] = defaultdict(list)
        sources: dict[str, list[SourceRow]] = {region.code: [] for region in named}
        try:
            with open_ledger(self.given) as ledger:
                asked = [one for one in ledger.lists.states() if one.region and one.last_at]
                found = {region.code: sources_of(region, ledger, now()) for region in named}
        except NoArchiveError:
            return {}, sources
        except LedgerError as error:
            self.say(error, STORAGE)
            return {}, sources
        for state in asked:
            states[state.region or ""].append(state)
        return {code: _health(of_region) for code, of_region in states.items()}, found


def _health(states: Sequence[ListState]) -> Health:
    answers = [state.last_ok_at for state in states if state.last_ok_at is not None]
    return {
        "lists_asked": len(states),
        "lists_answered": sum(state.failures == 0 for state in states),
        "last_answer_at": iso(max(answers)) if answers else None,
    }


def _row(region: Region, health: Health) -> tuple[str, ...]:
    asked, answered = health["lists_asked"], health["lists_answered"]
    hosts = [host for host in region.hosts if not host.startswith("www.")]
    return (
        region.code,
        region.name,
        region.gb2260 or "-",
        str(len(region.lists) + len(region.nodes)),
        f"{answered} of {asked}" if asked else "-",
        str(health["last_answer_at"] or "-"),
        " ".join(hosts or region.folders),
    )


def _source_row(row: SourceRow) -> tuple[str, ...]:
    learnt, known, share = row.learnt, row.known, row.known_elsewhere
    due = "every run" if row.next_look is None else iso(row.next_look)
    newest = "-"
    if known and known.newest_url:
        newest = f"{known.newest_url} {sentence(known.newest_title or '')}".strip()
    return (
        row.state.url,
        f"{learnt.looks} in {learnt.days} days",
        str(learnt.new),
        str(learnt.first),
        str(learnt.sole),
        "-" if share is None else f"{share:.0%}",
        f"dead, {due}" if row.is_dead else due,
        newest,
    )


def _table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    table = [headings, *rows]
    widths = [max(map(columns, column)) for column in zip(*table, strict=True)]
    lines = []
    for row in table:
        cells = zip(row, widths, strict=True)
        lines.append("  ".join(padded(cell, width) for cell, width in cells).rstrip())
    return "\n".join(lines)
