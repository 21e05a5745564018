"""`scrapy export`: published lines in the formats of other tools.

Exit codes: 0 written (also when no line matches, which is said), 1 a published line is damaged, 2
usage, no archive or a missing extra, 5 the file could not be written.
"""

from __future__ import annotations

import importlib
import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError
from tqdm import tqdm

from crawler.commands.base_command import ProjectCommand, no_archive
from crawler.commands.options import day, region_codes
from crawler.data_dir import folder_of, lines_of
from crawler.exit_codes import ERROR
from crawler.export_formats.card import Card
from crawler.export_formats.selection import BadLineError, Selection, selected
from crawler.file_name_escapes import shown
from crawler.run_lock import is_begun
from crawler.storage import open_path

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterable, Iterator
    from typing import BinaryIO

    from crawler.export_formats.selection import PublishedLine

# Format to module and function. Modules are imported when asked for: some need the extra.
_FORMATS = {
    "parquet": ("crawler.export_formats.parquet", "write_parquet"),
    "csv": ("crawler.export_formats.csv_table", "write_csv"),
    "jsonld": ("crawler.export_formats.json_ld", "write_json_ld"),
    "zyte": ("crawler.export_formats.zyte", "write_zyte"),
    "text": ("crawler.export_formats.plain_text", "write_text"),
}
_STATUSES = ("live", "gone", "restored")


class Command(ProjectCommand, ScrapyCommand):
    def syntax(self) -> str:
        return "--format FORMAT [options]"

    def short_desc(self) -> str:
        return "Write published lines as Parquet, CSV, JSON-LD, zyte-common-items or text"

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        add = parser.add_argument
        add("--format", choices=[*_FORMATS], required=True, help="what to write")
        add("-o", dest="output", type=Path, metavar="FILE", help="write there, not to stdout")
        add("--latest", action="store_true", help="of each article only its newest state")
        add("--region", type=region_codes, default=frozenset(), metavar="CODES", help="js,he")
        add("--since", type=day, metavar="DAY", help="published that day or later (Beijing)")
        add("--until", type=day, metavar="DAY", help="published that day or earlier")
        add("--query", metavar="WORDS", help="all of these words in title or text")
        add("--source", metavar="NAME", help="part of the source's name")
        add("--status", type=_statuses, default=frozenset(), metavar="NAMES", help="gone,restored")
        add("--layout", type=_names, default=frozenset(), metavar="NAMES", help="Main2017")

    def execute(self, args: list[str], opts: Namespace) -> None:
        assert self.settings is not None
        if args:
            raise UsageError(f"unknown argument {args[0]!r}", print_help=False)
        if opts.format == "parquet" and opts.output is None:
            raise UsageError("Parquet is no text: give a file with -o", print_help=False)
        if opts.since and opts.until and opts.since > opts.until:
            raise UsageError(f"since {opts.since} is after until {opts.until}", print_help=False)
        write = _writer(opts.format)
        data_dir = folder_of(self.settings)
        if not is_begun(data_dir):
            raise UsageError(no_archive(data_dir), print_help=False)
        files = lines_of(data_dir)
        if not files:
            raise UsageError(
                f"the archive in {shown(data_dir)} has no published line", print_help=False
            )
        selection = Selection(
            opts.region, opts.since, opts.until, opts.query, opts.source, opts.status,
            opts.layout, opts.latest,
        )  # fmt: skip
        try:
            self._export(write, files, selection, opts)
        except BadLineError as error:
            self.say(error, ERROR)

    def _export(
        self,
        write: Callable[[Iterable[PublishedLine], BinaryIO], int],
        files: list[Path],
        selection: Selection,
        opts: Namespace,
    ) -> None:
        card, output, read = Card(), opts.output, 0

        def progress(length: int) -> None:
            nonlocal read
            read += 1
            bar.update(length)

        size = sum(path.stat().st_size for path in files)
        with tqdm(total=size, unit="B", unit_scale=True, leave=False, disable=None) as bar:
            lines = _counted(selected(files, selection, progress), card)
            if output is None:
                count = write(lines, sys.stdout.buffer)
                sys.stdout.buffer.flush()
            else:
                partial = open_path(output)
                try:
                    with partial.open("wb") as file:
                        count = write(lines, file)
                except BaseException:
                    partial.unlink(missing_ok=True)
                    raise
                partial.replace(output)
                said = card.markdown(opts.format, output, selection, len(files))
                output.with_name(output.name + ".md").write_text(said, "utf-8")
        nothing = "" if count else "; nothing matches"
        print(f"{count} of {read} lines in {len(files)} files{nothing}", file=sys.stderr)


def _counted(lines: Iterable[PublishedLine], card: Card) -> Iterator[PublishedLine]:
    for line in lines:
        card.add(line.keys)
        yield line


def _writer(form: str) -> Callable[[Iterable[PublishedLine], BinaryIO], int]:
    module, name = _FORMATS[form]
    try:
        return getattr(importlib.import_module(module), name)  # type: ignore[no-any-return]
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("crawler"):
            raise
        why = f"{form} needs {error.name}: make install EXTRAS=export"
        raise UsageError(why, print_help=False) from None


def _names(value: str) -> frozenset[str]:
    return frozenset(name.strip() for name in value.split(",") if name.strip())


def _statuses(value: str) -> frozenset[str]:
    names = _names(value)
    if not names <= set(_STATUSES):
        raise ArgumentTypeError(f"{', '.join(_STATUSES)} are wanted, not {value!r}")
    return names
