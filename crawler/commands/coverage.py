"""`scrapy coverage SINCE UNTIL`: what was and wasn't collected of these days, by region.

Of a day that is closed its certificate is shown, of one that isn't yet what is known by now. Days
before the first that was watched whole get their certificates by this. Exit codes: 2 no days, or no
archive; 5 the ledger can't be read or the disk failed; 75 certificates are to be written and a run
holds the folder.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentTypeError
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.clock import now
from crawler.commands.base_command import ProjectCommand, day, open_ledger, print_json
from crawler.coverage.certificates import days_of, first_whole_day, last_closable, region_row
from crawler.coverage.verdicts import Verdict
from crawler.data_dir import certificate_name
from crawler.runner.offline_run import certify
from crawler.runner.run import recheck_schedule
from crawler.shown_text import masked_command, shown

if TYPE_CHECKING:
    import argparse
    from datetime import date, datetime
    from pathlib import Path

    from crawler.ledger.ledger import Ledger

_DAY = timedelta(days=1)

# So many days at a time are shown: ten years.
_MOST_DAYS = 3660


class Command(ProjectCommand, ScrapyCommand):
    def syntax(self) -> str:
        return "<since> <until>"

    def short_desc(self) -> str:
        return "Show what was and wasn't collected of the days from one to another"

    def long_desc(self) -> str:
        return (
            "By day of publication (Beijing) and region: complete, incomplete with what is "
            "wanting, or unknown with why. Days before the archive's first whole day are certified "
            "by this."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--json", action="store_true", help="the certificates, as JSON")

    def execute(self, args: list[str], opts: argparse.Namespace) -> None:
        days = _days(args)
        data_dir = self.data_dir
        with open_ledger(self.given) as ledger:
            wanting = _before_the_first(ledger, days, now())
        if wanting:
            certify(
                data_dir,
                wanting,
                command=shown(masked_command(["scrapy", *sys.argv[1:]])),
                schedule=recheck_schedule(self.given),
            )
        with open_ledger(self.given) as ledger:
            told = [_told(data_dir, ledger, one, now()) for one in days]
        if opts.json:
            print_json(told, indent=1)
        else:
            for one in told:
                print("\n".join(_lines(one)))


def _days(args: list[str]) -> list[date]:
    if len(args) != 2:
        raise UsageError("coverage takes two days: SINCE UNTIL")
    try:
        since, until = map(day, args)
    except ArgumentTypeError as error:
        raise UsageError(str(error)) from error
    if since > until:
        raise UsageError(f"since {since} is after until {until}")
    count = (until - since).days + 1
    if count > _MOST_DAYS:
        raise UsageError(f"{count} days are more than {_MOST_DAYS}")
    return [since + _DAY * number for number in range(count)]


def _before_the_first(ledger: Ledger, days: list[date], at: datetime) -> list[date]:
    """Those of the days that have no certificate and get none by themselves."""
    first, closed = first_whole_day(ledger), ledger.certificates.days()
    last = last_closable(at)
    return [
        one for one in days if one not in closed and one <= last and (first is None or one < first)
    ]


def _told(data_dir: Path, ledger: Ledger, of: date, at: datetime) -> dict[str, Any]:
    """The certificate of a day; for one that is open the same, `closed` null."""
    path = data_dir / certificate_name(of, 0)
    if path.is_file():
        told: dict[str, Any] = json.loads(path.read_bytes())
        return told
    regions = {code: region_row(one) for code, one in days_of(ledger, of, at).items()}
    return {"day": of.isoformat(), "closed": None, "regions": regions}


def _lines(told: dict[str, Any]) -> list[str]:
    state = f"closed {told['closed']}" if told["closed"] else "open"
    lines = [f"{told['day']}  {state}"]
    for code, row in told["regions"].items():
        counts = f"{row['archived']} of {row['seen']} archived"
        if row["refused"]:
            counts += f", {len(row['refused'])} refused"
        lines.append(f"  {code:8}  {row['verdict']:10}  {counts}")
        if row["verdict"] != Verdict.COMPLETE:
            lines += [f"              {reason}" for reason in row["reasons"]]
    return lines
