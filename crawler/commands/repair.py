"""`scrapy repair`: by hand what the start of every crawl does, and the making of a lost ledger.

Exit codes: 0 done (nothing to do is also done), 1 something could not be taken over, 2 the data
folder can't be written or STORE is another cluster's, 5 the ledger, the disk or STORE failed, 75 a
run holds the folder.
"""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.commands.base_command import ProjectCommand
from crawler.coverage.restoring import restore
from crawler.exit_codes import ERROR
from crawler.jobs.storing import fetch_published
from crawler.ledger.ledger import Ledger
from crawler.ledger.location import LedgerUrlError, locate
from crawler.ledger.rebuild import rebuild
from crawler.run_lock import take_lock
from crawler.runner.recovery import recover
from crawler.runner.run import recheck_schedule

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


class Command(ProjectCommand, ScrapyCommand):
    def short_desc(self) -> str:
        return "Mend and publish what a killed run left; make a lost ledger again"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument(
            "--ledger",
            action="store_true",
            help="make the ledger again from the published JSONL, WARC indexes and reports,"
            " here and in STORE",
        )

    def execute(self, args: list[str], opts: argparse.Namespace) -> None:
        if args:
            raise UsageError("repair takes no arguments")
        if opts.ledger:
            fetch_published(self.given)
        data_dir = self.archive()
        try:
            lock = take_lock(data_dir)
            try:
                self._repair(data_dir, is_ledger_lost=opts.ledger)
            finally:
                os.close(lock)
        except LedgerUrlError as error:
            raise UsageError(f"LEDGER: {error}") from error

    def _repair(self, data_dir: Path, *, is_ledger_lost: bool) -> None:
        setting = self.given["LEDGER"]
        schedule = recheck_schedule(self.given)
        if is_ledger_lost:
            where = locate(data_dir, setting)
            done = rebuild(data_dir, where, schedule=schedule, further=restore)
            print(f"ledger: made of {done.lines} lines and {done.runs} runs")
            for problem in done.problems:
                self.say(problem, ERROR)
        with closing(Ledger.of(data_dir, setting)) as ledger:
            sentences = recover(data_dir, ledger, schedule)
        print("\n".join(sentences) or "nothing to mend")
