"""What the commands share: their base class, how they end when the disk, the terminal or a pipe
fails (one sentence and a documented exit code), values of options, and text that is safe to print.
"""

from __future__ import annotations

import codecs
import io
import json
import os
import sqlite3
import sys
import unicodedata
from argparse import ArgumentTypeError
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from scrapy.exceptions import UsageError
from tqdm import tqdm

from crawler import regions
from crawler.arguments import parse_day
from crawler.data_dir import folder_of
from crawler.exit_codes import DEGRADED, LOCKED, STORAGE, USAGE
from crawler.ledger.errors import LedgerInUseError, NoLedgerError
from crawler.ledger.ledger import Ledger
from crawler.ledger.location import GIVEN_AWAY, LedgerUrlError, holds_password
from crawler.run_lock import CannotStartError, is_begun
from crawler.runner.process import open_streams
from crawler.shared_storage.store import ReadThere, StoreError, place_of
from crawler.shown_text import shown
from crawler.storage import StorageError, look_elsewhere

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator
    from datetime import date
    from pathlib import Path

    from _typeshed import ReadableBuffer
    from scrapy.settings import BaseSettings, Settings


class ProjectCommand:
    """The first base of each of our commands; the second is a command of Scrapy's. A command does
    its work in `execute`. (Scrapy takes each subclass of ScrapyCommand in `commands/` for a
    command, so this isn't one.)
    """

    # As Scrapy's commands declare it: a command outside a project would have no settings of ours.
    requires_project = True
    # Only a crawl has a reactor and a log.
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}
    settings: Settings | None
    exitcode: int

    @property
    def name(self) -> str:
        """The command as it is typed: the name of its module."""
        return type(self).__module__.rpartition(".")[2]

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add Scrapy's options; what is wrong with one is told on one line, not below the usage."""
        super().add_options(parser)  # type: ignore[misc]  # ScrapyCommand's
        parser.error = self._misused  # type: ignore[method-assign]

    def _misused(self, message: str) -> NoReturn:
        refuse(self.name, f"{message} (`scrapy {self.name} --help`)", USAGE)

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Take the settings from the options, which Scrapy's command does."""
        open_streams()
        if unknown := [word for word in args if word.startswith("--")]:
            self._misused(f"unknown option {unknown[0][:120]}")
        with ends(self.name):
            super().process_options(args, opts)  # type: ignore[misc]  # ScrapyCommand's

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Do the work of the command and end as `ends` does. What Scrapy would tell of a misuse
        below three lines on the usage is one line here, a LEDGER that can't be used too. What is
        held by another process is told with the exit code for it."""
        _open_output()
        with ends(self.name):
            try:
                self._warn_of_password()
                self._look_elsewhere()
                self.execute(args, opts)
            except (UsageError, LedgerUrlError, StoreError) as error:
                refuse(self.name, error, USAGE)
            except CannotStartError as error:
                refuse(self.name, error, error.exitcode)
            except LedgerInUseError as error:
                refuse(self.name, error, LOCKED)

    def _warn_of_password(self) -> None:
        """Tell of a password in LEDGER; a crawl tells it in its log. Raises LedgerUrlError."""
        given = self.settings["LEDGER"] if self.settings else ""
        if not self.requires_crawler_process and holds_password(given):
            print(f"scrapy {self.name}: {GIVEN_AWAY}", file=sys.stderr)

    def _look_elsewhere(self) -> None:
        """Let published files that aren't in DATA_DIR be read in STORE. Raises StoreError."""
        if self.settings and self.settings["STORE"]:
            place = place_of(self.settings["STORE"])
            look_elsewhere(folder_of(self.settings), ReadThere(place))

    def execute(self, args: list[str], opts: argparse.Namespace) -> None:
        """Do the work of the command; set `exitcode` where it isn't 0."""
        raise NotImplementedError

    @property
    def given(self) -> Settings:
        """The settings, which Scrapy sets before a command runs."""
        assert self.settings is not None
        return self.settings

    @property
    def data_dir(self) -> Path:
        """DATA_DIR. There may be no archive in it."""
        return folder_of(self.given)

    def archive(self) -> Path:
        """DATA_DIR, in which an archive was begun. Raises UsageError where none was."""
        if not is_begun(self.data_dir):
            raise NoArchiveError(self.data_dir)
        return self.data_dir

    def say(self, problem: object, exitcode: int) -> None:
        """Tell of a problem on stderr, which then decides the exit code."""
        print(f"scrapy {self.name}: {sentence(str(problem))}", file=sys.stderr)
        self.exitcode = exitcode


@contextmanager
def ends(name: str) -> Iterator[None]:
    """Let the command `name` end with one sentence and exit code 5 where its disk, its terminal or
    a pipe fails; with 3 at a signal of the terminal."""
    try:
        yield
        sys.stdout.flush()
    except (OSError, StorageError, sqlite3.OperationalError, UnicodeEncodeError) as error:
        refuse(name, _why(error), STORAGE)
    except KeyboardInterrupt:
        refuse(name, "stopped by a signal", DEGRADED)
    finally:
        flush()


def refuse(name: str, problem: object, exitcode: int) -> NoReturn:
    """One line on stderr, which cron mails, and the exit code."""
    # stderr may be on the same full disk: then the exit code alone tells
    with suppress(OSError):
        print(f"scrapy {name}: {sentence(str(problem))}", file=sys.stderr)
    flush()
    sys.exit(exitcode)


def flush() -> None:
    """Write out what stdout and stderr hold. What they can't take is dropped: Python would try it
    again at its end, print a traceback, and exit with 120 in place of our code."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, StorageError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        why = error.strerror or str(error)
        return f"{shown(error.filename)}: {why}" if isinstance(error.filename, str) else why
    if isinstance(error, UnicodeEncodeError):
        return f"a name can't be written in this locale's encoding: {error.object[:200]}"
    if isinstance(error, sqlite3.OperationalError):
        return f"a temporary database failed: {error}"
    return str(error)


class _Output(io.FileIO):
    """Stdout, which says of itself that it failed: an OSError of it names no file."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError as error:
            raise StorageError("the output was closed before all was written") from error
        except OSError as error:
            message = f"the output can't be written: {error.strerror}"
            raise StorageError(message) from error


def _open_output() -> None:
    """Escape in what is printed what the terminal's encoding lacks, and know when it fails."""
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper) and out is sys.__stdout__:
        out.flush()
        raw = _Output(out.fileno(), "w", closefd=False)
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(raw),
            encoding=out.encoding,
            errors="backslashreplace",
            line_buffering=out.line_buffering,
        )


def print_json(value: Any, *, indent: int | None = None) -> None:
    """Print a value as JSON, which stays JSON in every encoding of the terminal."""
    encoding = codecs.lookup(sys.stdout.encoding or "ascii").name
    print(json.dumps(value, ensure_ascii=encoding != "utf-8", indent=indent))


class NoArchiveError(UsageError):
    """No archive was begun in the data folder."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(f"there is no archive in {shown(data_dir)}: a crawl begins one ({WHERE})")


@contextmanager
def open_ledger(settings: BaseSettings) -> Iterator[Ledger]:
    """The data folder's ledger, to be read. Where a copy of it is read, stderr says so. Raises
    NoArchiveError before a crawl and LedgerError, also at the end, when it was written to while it
    was read in a place where that can't be prevented."""
    data_dir = folder_of(settings)
    try:
        ledger = Ledger.of(data_dir, settings["LEDGER"], read_only=True)
    except NoLedgerError:
        raise NoArchiveError(data_dir) from None
    try:
        if ledger.note:
            print(sentence(ledger.note), file=sys.stderr)
        yield ledger
        ledger.connection.check_unchanged()
    finally:
        ledger.close()


# What DATA_DIR is relative to, for help texts and errors.
WHERE = "-s DATA_DIR or XINHUA_DATA_DIR sets the folder, a relative one is the project's"


def printable(text: str) -> str:
    """Text of the web without what could steer a terminal: controls, direction marks."""
    return "".join(
        character if character == "\n" or unicodedata.category(character)[0] != "C" else "\ufffd"
        for character in text
    )


def sentence(text: str) -> str:
    """The same on one line."""
    return printable(text.replace("\n", "\\n"))


def count(value: str) -> int:
    """An option's number from 1 up. Raises ArgumentTypeError, whose sentence argparse prints."""
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise ArgumentTypeError(f"a number from 1 up is wanted, not {value!r}")
    return int(value)


def day(value: str) -> date:
    """An option's day such as 2017-09-28. Raises ArgumentTypeError."""
    try:
        return parse_day(value)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def region_codes(value: str) -> frozenset[str]:
    """Codes of regions that are named by code or name, separated by commas, in any locale. Raises
    ArgumentTypeError."""
    try:
        return frozenset(regions.resolve(token).code for token in shown(value).split(","))
    except regions.RegionError as error:
        raise ArgumentTypeError(str(error)) from None


def bytes_bar(files: Iterable[Path], *, readings: int = 1) -> tqdm[Any]:
    """A bar over the bytes of files that are read so many times, where stderr is a terminal."""
    total = readings * sum(path.stat().st_size for path in files)
    # tqdm's monitor is a thread, which worker processes would inherit
    tqdm.monitor_interval = 0
    return tqdm(total=total, unit="B", unit_scale=True, leave=False, disable=None)
