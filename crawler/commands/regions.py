"""`scrapy regions`: the registry, and how each region's lists answered when they were last asked.

Reads the region files and, once a crawl has made it, the ledger. Exit codes: 2 for a faulty region
file, 5 for a ledger that can't be read (the registry is printed all the same).
"""

from __future__ import annotations

import sys
import unicodedata
from collections import defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.clock import iso
from crawler.commands.base_command import ProjectCommand, open_ledger, print_json
from crawler.exit_codes import STORAGE
from crawler.ledger.errors import LedgerError, NoLedgerError
from crawler.regions import Region, RegionError, load

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from scrapy.settings import BaseSettings

    from crawler.ledger.rows import ListState

Health = dict[str, int | str | None]

_HEADINGS = ("CODE", "NAME", "GB2260", "LISTS", "ANSWERED", "LAST ANSWER (UTC)", "HOSTS")


class Command(ProjectCommand, ScrapyCommand):
    def short_desc(self) -> str:
        return "Print the regional channels, their hosts and the health of their lists"

    def long_desc(self) -> str:
        return (
            "One line per region: its lists in the registry, how many of the lists ever asked "
            "answered when last asked, and its hosts (each with www. too)."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--json", action="store_true", help="all that is known, as JSON")

    def execute(self, args: list[str], opts: argparse.Namespace) -> None:
        if args:
            raise UsageError("regions takes no arguments", print_help=False)
        try:
            regions = load()
        except RegionError as error:
            raise UsageError(str(error), print_help=False) from error
        assert self.settings is not None
        health = dict.fromkeys(regions, _health(()))
        try:
            health |= _healths(self.settings)
        except LedgerError as error:
            self.say(error, STORAGE)
        if opts.json:
            records = [asdict(region) | health[code] for code, region in regions.items()]
            print_json(records, indent=2)
        else:
            text = _table([_row(region, health[code]) for code, region in regions.items()])
            sys.stdout.write(text + "\n")


def _healths(settings: BaseSettings) -> dict[str, Health]:
    """By region code; nothing before the first crawl."""
    states: defaultdict[str, list[ListState]] = defaultdict(list)
    try:
        with open_ledger(settings) as ledger:
            for state in ledger.lists.states():
                if state.region is not None and state.last_at is not None:
                    states[state.region].append(state)
    except NoLedgerError:
        return {}
    return {region: _health(of_region) for region, of_region in states.items()}


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


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    table = [_HEADINGS, *rows]
    widths = [max(map(_width, column)) for column in zip(*table, strict=True)]
    lines = []
    for row in table:
        cells = zip(row, widths, strict=True)
        padded = (cell + " " * (width - _width(cell)) for cell, width in cells)
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def _width(text: str) -> int:
    """Terminal columns: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
