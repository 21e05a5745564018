"""`scrapy index`: bring the search index up to what is published.

Exit codes: 0 done, nothing new is also done; 1 a published line is damaged, or the index is of
another archive; 2 there is no archive, or INDEX can't be written or is no index; 3 stopped by a
signal, the next one goes on; 5 its disk is full or fails; 75 another process is making it.
"""

from __future__ import annotations

import errno
import sqlite3
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.commands.base_command import ProjectCommand, bytes_bar
from crawler.data_dir import lines_of, search_index_file
from crawler.exit_codes import ERROR, LOCKED, STORAGE, USAGE
from crawler.line_index import BusyError, ForeignFileError, LineIndexError
from crawler.search.index import INDEX
from crawler.shown_text import shown
from crawler.storage import StorageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from pathlib import Path

    from crawler.line_index import Update


class Command(ProjectCommand, ScrapyCommand):
    def short_desc(self) -> str:
        return "Bring the search index up to what is published"

    def long_desc(self) -> str:
        return (
            "Read the published lines that the search index doesn't hold yet. The index is "
            "state/search.sqlite in the data folder, or the file that -s INDEX=… or XINHUA_INDEX "
            "names, where the data folder can't be written."
        )

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--rebuild", action="store_true", help="make it anew")

    def execute(self, args: list[str], opts: Namespace) -> None:
        if args:
            raise UsageError("index takes no arguments")
        data_dir, path = self.archive(), search_index_file(self.given)
        try:
            done = _update(path, data_dir, rebuild=opts.rebuild)
        except BusyError as error:
            self.say(error, LOCKED)
        except ForeignFileError as error:
            self.say(error, USAGE)
        except LineIndexError as error:
            self.say(error, ERROR)
        except (StorageError, OSError, sqlite3.Error) as error:
            self.say(*_told(path, error))
        else:
            print(f"{done.lines} lines of {done.files} files added to {shown(path)}")
            for problem in done.damaged:
                self.say(f"{problem}; run `scrapy verify`", ERROR)


def _update(path: Path, data_dir: Path, *, rebuild: bool) -> Update:
    with bytes_bar(lines_of(data_dir)) as bar:
        return INDEX.update(path, data_dir, bar.update, rebuild=rebuild)


def _told(path: Path, error: Exception) -> tuple[str, int]:
    """What to say of a disk that refuses, and the exit code: a place that may not be written is a
    matter of settings."""
    why = error.__cause__ if isinstance(error, StorageError) else error
    message = f"the search index {shown(path)} can't be written: {getattr(why, 'strerror', why)}"
    if isinstance(why, OSError) and why.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
        return f"{message}; -s INDEX=… puts it elsewhere", USAGE
    return message, STORAGE
