"""`scrapy ledger copy TO`: moves the ledger between SQLite and a PostgreSQL database.

Exit codes: 0 done, 2 usage or no archive, 5 a ledger or the disk failed or the copy differs, 75 a
run holds the folder or the ledger.
"""

from __future__ import annotations

import os
import sys
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError
from sqlalchemy.engine import URL

from crawler.commands.base_command import ProjectCommand
from crawler.data_dir import ledger_file
from crawler.ledger import location
from crawler.ledger.copying import copy
from crawler.ledger.errors import NoLedgerError, OlderLedgerError
from crawler.ledger.ledger import Ledger
from crawler.ledger.location import LedgerUrlError
from crawler.ledger.opening import companions
from crawler.run_lock import lock_run, take_lock
from crawler.storage import fsync_dir, open_path, publish

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

SQLITE = "sqlite"


class Command(ProjectCommand, ScrapyCommand):
    def syntax(self) -> str:
        return f"copy {SQLITE}|{location.DRIVER}://USER@HOST/DATABASE"

    def short_desc(self) -> str:
        return "Move the ledger to a PostgreSQL database or back"

    def long_desc(self) -> str:
        return (
            "Copies every row into the place named, which must hold no ledger, compares both row "
            "by row, and lets the data folder use the copy from then on. The old ledger is kept: "
            "a file under a name of its own, a database as it is. The password of a database "
            "stands in PGPASSWORD or in a password file."
        )

    def execute(self, args: list[str], opts: argparse.Namespace) -> None:  # noqa: ARG002
        if len(args) != 2 or args[0] != "copy":
            raise UsageError(f"scrapy ledger {self.syntax()}")
        data_dir = self.archive()
        try:
            to = ledger_file(data_dir) if args[1] == SQLITE else location.parse(args[1])
            if args[1] != SQLITE and location.holds_password(args[1]):
                print(f"scrapy {self.name}: {location.GIVEN_AWAY}", file=sys.stderr)
            lock = take_lock(data_dir)
            try:
                self._copy(data_dir, to)
            finally:
                os.close(lock)
        except (LedgerUrlError, NoLedgerError) as error:
            raise UsageError(str(error)) from error

    def _copy(self, data_dir: Path, to: Path | URL) -> None:
        where = location.locate(data_dir)
        if location.shown(where) == location.shown(to):
            raise LedgerUrlError(f"the ledger of this folder is {location.shown(to)} already")
        # Opened to be written: nobody may write to it meanwhile, and both are of one schema.
        if not isinstance(where, URL):
            # Opening to write would make a ledger where there is none.
            with suppress(OlderLedgerError):
                Ledger.of(data_dir, read_only=True).close()
        with closing(Ledger.of(data_dir)) as source:
            rows = _to_server(source, to) if isinstance(to, URL) else _to_file(source, to)
            # On a server a killed run is told by its lock file to be one of this folder.
            if isinstance(to, URL):
                for run in source.runs.unfinished():
                    os.close(lock_run(data_dir, run.run_id))
        location.keep(data_dir, to)
        print(f"copied {rows} rows from {location.shown(where)} to {location.shown(to)}")
        if not isinstance(where, URL):
            print(f"the old one is {_set_aside(where)}")


def _to_server(source: Ledger, url: URL) -> int:
    with closing(Ledger.at(url, fresh=True)) as target:
        return sum(copy(source, target).values())


def _to_file(source: Ledger, path: Path) -> int:
    if path.exists():
        raise LedgerUrlError(f"{path} is in the way; move it aside")
    unfinished = open_path(path)
    for leftover in (unfinished, *companions(unfinished)):
        leftover.unlink(missing_ok=True)
    with closing(Ledger.open(unfinished, fresh=True)) as target:
        rows = sum(copy(source, target).values())
    publish(unfinished)
    return rows


def _set_aside(path: Path) -> Path:
    """Give the ledger that was copied another name; closed, it has no companions."""
    aside = path.with_name(f"{path.name}.copied")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.copied{number}")
    path.rename(aside)
    fsync_dir(path.parent)
    return aside
