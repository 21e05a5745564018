"""`scrapy wacz RUN…` or `--month YYYY-MM`: what was archived as one WACZ file.

Exit codes: 0 written; 1 a run or month has no WARC, or a file is missing or damaged; 2 usage, no
archive; 5 the file could not be written.
"""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.archive.reader import WarcError
from crawler.commands.base_command import ProjectCommand
from crawler.data_dir import (
    WARC_FOLDER,
    WARC_SUFFIX,
    files_of_run,
    is_run_id,
)
from crawler.exit_codes import ERROR
from crawler.export_formats.wacz import Package, write_wacz
from crawler.shown_text import shown
from crawler.storage import open_path

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


class Command(ProjectCommand, ScrapyCommand):
    def syntax(self) -> str:
        return "[options] RUN… | --month YYYY-MM"

    def short_desc(self) -> str:
        return "Write what runs or a month archived as one WACZ file"

    def long_desc(self) -> str:
        return (
            "Write WARC files, their index and the titles and texts of their lines as one WACZ "
            "file, which ReplayWeb.page opens. The same files give the same bytes."
        )

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--month", type=_month, metavar="YYYY-MM", help="all WARCs of a month")
        parser.add_argument(
            "-o", dest="output", type=Path, metavar="FILE",
            help="write there (default: xinhua-RUN.wacz or xinhua-YYYY-MM.wacz, here)",
        )  # fmt: skip

    def execute(self, args: list[str], opts: Namespace) -> None:
        if bool(args) == bool(opts.month):
            raise UsageError("wacz takes runs or --month")
        for run in args:
            if not is_run_id(run):
                what = f"{shown(run)!r} is no run's id, such as 20260105T034500Z-9f3c"
                raise UsageError(what)
        data_dir = self.archive()
        if opts.month:
            of = opts.month
            warcs = sorted(data_dir.glob(f"{WARC_FOLDER}/{of.replace('-', '/')}/*{WARC_SUFFIX}"))
        else:
            runs = sorted(set(args))
            of = runs[0] if len(runs) == 1 else f"{runs[0]}-to-{runs[-1]}"
            by_run = [_warcs(data_dir, run) for run in runs]
            warcs = [path for one in by_run for path in one]
            if not all(by_run):
                warcs, of = [], runs[by_run.index([])]
        if not warcs:
            self.say(f"nothing is archived of {of} in {shown(data_dir)}", ERROR)
            return
        output = opts.output or Path(f"xinhua-{of}.wacz")
        try:
            pages = _write(Package.of(data_dir, f"xinhua-archive {of}", warcs), output)
        except (WarcError, ValueError) as error:
            self.say(f"{error}; run `scrapy verify`", ERROR)
        else:
            print(f"{len(warcs)} WARCs with {pages} pages written to {shown(output)}")


def _warcs(data_dir: Path, run: str) -> list[Path]:
    return [path for path in files_of_run(data_dir, run) if path.name.endswith(WARC_SUFFIX)]


def _write(package: Package, output: Path) -> int:
    """Write the file; readers see it when it is whole."""
    partial = open_path(output)
    try:
        with partial.open("wb") as file:
            pages = write_wacz(package, file)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    partial.replace(output)
    return pages


def _month(value: str) -> str:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", value, re.ASCII):
        raise ArgumentTypeError(f"a month such as 2026-01 is wanted, not {value!r}")
    return value
