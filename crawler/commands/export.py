"""`scrapy export`: published lines in the formats of other tools.

Exit codes: 0 written (also when no line matches, which is said), 1 a published line is damaged, 2
usage, no archive or a missing extra, 5 the file could not be written.
"""

from __future__ import annotations

import importlib
import os
import signal
import sqlite3
import sys
from argparse import ArgumentTypeError
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.commands.base_command import ProjectCommand, bytes_bar, day, region_codes
from crawler.data_dir import EXPORTS_FOLDER, lines_of
from crawler.exit_codes import ERROR
from crawler.export_formats.card import Card
from crawler.export_formats.selection import BadLineError, PublishedLine, Selection, selected
from crawler.shown_text import shown
from crawler.storage import StorageError, open_path, write_atomically

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterable, Iterator

# Format to module and function. Modules are imported when asked for: some need the extra.
_FORMATS = {
    "parquet": ("crawler.export_formats.parquet", "parquet"),
    "csv": ("crawler.export_formats.csv_table", "csv"),
    "jsonld": ("crawler.export_formats.json_ld", "json_ld"),
    "zyte": ("crawler.export_formats.zyte", "zyte"),
    "text": ("crawler.export_formats.plain_text", "text"),
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
        if args:
            raise UsageError(f"unknown argument {args[0]!r}")
        output = None if opts.output == Path("-") else opts.output
        if opts.format == "parquet" and output is None:
            raise UsageError("Parquet is no text: give a file with -o")
        if opts.since and opts.until and opts.since > opts.until:
            raise UsageError(f"since {opts.since} is after until {opts.until}")
        form = _Format.named(opts.format)
        data_dir = self.archive()
        if output is not None:
            _check(output, data_dir)
        selection = Selection(
            opts.region, opts.since, opts.until, opts.query, opts.source, opts.status,
            opts.layout, opts.latest,
        )  # fmt: skip
        # As Ctrl-C does: what is half-written is taken away. Under nohup SIGHUP is ignored.
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, signal.default_int_handler)
        try:
            self._export(form, data_dir, selection, output)
        except BadLineError as error:
            self.say(error, ERROR)

    def _export(
        self, form: _Format, data_dir: Path, selection: Selection, output: Path | None
    ) -> None:
        files, read = lines_of(data_dir), 0

        def on_line(length: int) -> None:
            nonlocal read
            read += 1
            bar.update(length)

        with (
            Card(form.name, form.columns(), data_dir, selection, files=len(files)) as card,
            bytes_bar(files, readings=2 if selection.latest else 1) as bar,
        ):
            lines = _counted(selected(files, selection, on_line, bar.update), card)
            if output is None:
                count = form.write(lines, sys.stdout.buffer)
                sys.stdout.buffer.flush()
            else:
                with _writing(output):
                    if output.exists() and not output.is_file():
                        with output.open("wb") as device:
                            count = form.write(lines, device)
                    else:
                        count = _write_file(form, lines, output, card)
        nothing = "" if count else "; nothing matches" if read else "; nothing is published yet"
        counted = "1 file" if len(files) == 1 else f"{len(files)} files"
        print(f"{count} of {read} lines in {counted}{nothing}", file=sys.stderr)


def _check(output: Path, data_dir: Path) -> None:
    """Raise UsageError for a place where no export may stand."""
    if output.is_dir():
        raise UsageError(f"-o {shown(output)} is a folder; a file is wanted")
    place, archive = output.resolve(), data_dir.resolve()
    if archive in place.parents and place.parent not in (archive, archive / EXPORTS_FOLDER):
        raise UsageError(
            f"-o {shown(output)} is among the archive's own files; write it elsewhere",
        )


@contextmanager
def _writing(output: Path) -> Iterator[None]:
    """Name the file in an error of writing: unlike one of opening or reading, it names none."""
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            raise
        raise StorageError.of("writing", output, error) from error


def _write_file(
    form: _Format,
    lines: Iterable[PublishedLine],
    output: Path,
    card: Card,
) -> int:
    """Write the file and its card, which stand there whole or not at all: until then the file bears
    the ending of an open one. An older card goes first, so that none tells of another file."""
    output = output.resolve()
    partial, beside = open_path(output), output.with_name(f"{output.name}.md")
    try:
        with partial.open("wb") as file:
            count = form.write(lines, file)
            file.flush()
            os.fsync(file.fileno())
        told = card.markdown(output.name, partial, count)
        beside.unlink(missing_ok=True)
        partial.replace(output)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    write_atomically(beside, told.encode())
    return count


def _counted(lines: Iterable[PublishedLine], card: Card) -> Iterator[PublishedLine]:
    for line in lines:
        try:
            card.add(line.keys)
        except (AttributeError, KeyError, TypeError, sqlite3.ProgrammingError) as error:
            raise line.damaged(f"does not fit the schema ({error!r})") from error
        yield line


class _Format(NamedTuple):
    """A format: what writes it, and its columns with what each holds."""

    name: str
    write: Callable[[Iterable[PublishedLine], BinaryIO], int]
    columns: Callable[[], dict[str, str]]

    @classmethod
    def named(cls, name: str) -> _Format:
        """Raises UsageError where its library isn't installed."""
        module, kind = _FORMATS[name]
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("crawler"):
                raise
            why = f"{name} needs {error.name}: make install EXTRAS=export"
            raise UsageError(why) from None
        return cls(name, getattr(found, f"write_{kind}"), getattr(found, f"{kind}_columns"))


def _names(value: str) -> frozenset[str]:
    return frozenset(name.strip() for name in value.split(",") if name.strip())


def _statuses(value: str) -> frozenset[str]:
    names = _names(value)
    if not names <= set(_STATUSES):
        raise ArgumentTypeError(f"{', '.join(_STATUSES)} are wanted, not {value!r}")
    return names
