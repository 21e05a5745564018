"""`scrapy report`: how a year of runs went, as one folder of pages that opens from disk.

Exit codes: 0 written; 2 usage, no archive, a folder that can't be written, a missing extra; 5 the
ledger can't be read or the disk failed while the report was written.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.clock import now
from crawler.commands.base_command import ProjectCommand, open_ledger
from crawler.shown_text import shown
from crawler.views.archive_status import status_of
from crawler.views.report import Report, ReportSums, report_of

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

# The folder of the report, in the data folder.
FOLDER = "report"


class Command(ProjectCommand, ScrapyCommand):
    def short_desc(self) -> str:
        return "Write the report of a year of runs as a folder of pages"

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        add = parser.add_argument
        add("-o", dest="output", type=Path, metavar="FOLDER", help="write there (DATA_DIR/report)")
        add("--lang", choices=("zh", "en"), default="zh", help="language of the pages (zh)")

    def execute(self, args: list[str], opts: Namespace) -> None:
        if args:
            raise UsageError(f"unknown argument {args[0]!r}")
        try:
            from crawler.room.rendering import texts
            from crawler.room.report import write_folder
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("crawler"):
                raise
            why = f"the report needs {error.name}: make install EXTRAS=room"
            raise UsageError(why) from None
        data_dir = self.data_dir
        report = self._report(data_dir)
        folder: Path = opts.output or data_dir / FOLDER
        _check(folder)
        count = write_folder(report, texts(opts.lang), folder, data_dir)
        print(f"{count} files in {shown(folder)}: open {shown(folder / 'index.html')}")

    def _report(self, data_dir: Path) -> Report:
        at = now()
        max_age = timedelta(hours=self.given.getfloat("STATUS_MAX_AGE"))
        with open_ledger(self.given) as ledger:
            status = status_of(data_dir, ledger, at, max_age)
            return report_of(data_dir, ledger, status, ReportSums(), at)


def _check(folder: Path) -> None:
    """Raise UsageError for a folder that can't be written; it is made where it isn't there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = error.strerror or str(error)
        message = f"{shown(folder)} can't be written ({why}): -o names another folder"
        raise UsageError(message) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        message = f"{shown(folder)} can't be written: -o names another folder"
        raise UsageError(message)
