"""`scrapy status`: how the archive stands, in one look.

Exit codes: 0 fine; 3 alarms hold, a job was given up or found damage, or the last run is older than
STATUS_MAX_AGE; 5 the ledger can't be read; 2 there is no archive in the data folder.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.clock import iso, now
from crawler.commands.base_command import (
    ProjectCommand,
    open_ledger,
    print_json,
    printable,
    sentence,
)
from crawler.data_dir import stored_file
from crawler.exit_codes import DEGRADED
from crawler.jobs import storing
from crawler.ledger.jobs import ALIVE
from crawler.storage import StorageError, is_writable
from crawler.views.archive_status import screen, status_of

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


class Command(ProjectCommand, ScrapyCommand):
    def short_desc(self) -> str:
        return "Say how the archive stands: last run, alarms, what is owed, disk"

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        add = parser.add_argument
        add("--json", action="store_true", help="the same for programs")
        add("--worker", action="store_true", help="only whether a worker of this machine is on")

    def execute(self, args: list[str], opts: Namespace) -> None:
        if args:
            raise UsageError("status takes no arguments")
        if opts.worker:
            self._worker()
            return
        data_dir = self.data_dir
        max_age = timedelta(hours=self.given.getfloat("STATUS_MAX_AGE"))
        if self.given["STORE"] and is_writable(stored_file(data_dir)):
            self._fetch()
        with open_ledger(self.given) as ledger:
            status = status_of(data_dir, ledger, now(), max_age)
        if opts.json:
            print_json(status.as_json(), indent=1)
        else:
            print(printable(screen(status)))
        if not status.is_fine:
            self.exitcode = DEGRADED

    def _fetch(self) -> None:
        """Fetch the reports of runs on other machines; what stands here is told without them."""
        try:
            storing.begin(self.given)
        except StorageError as error:
            told = f"the runs of other machines are not told: {error}"
            print(f"scrapy {self.name}: {sentence(told)}", file=sys.stderr)

    def _worker(self) -> None:
        """Say whether a worker of this machine is on, for whoever starts it again."""
        host = os.uname().nodename
        with open_ledger(self.given) as ledger:
            jobs = ledger.jobs.state()
        ours = [one for one in jobs.workers if one.host == host] if jobs else []
        there = [one for one in ours if not one.is_lost]
        for one in there:
            print(f"{one.name}: seen at {iso(one.seen_at)}")
        if not there:
            self.say(f"no worker of {host} was seen in the last {ALIVE} seconds", DEGRADED)
