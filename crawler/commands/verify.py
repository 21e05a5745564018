"""`scrapy verify [PATH|RUN…]`: proves files, digests, indexes, manifests, and JSONL against WARC.

Exit codes: 0 all is sound, 1 something isn't (each defect is a line: file, offset, code, why),
2 usage, 5 the ledger or a file can't be read.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.commands.base_command import ProjectCommand, count, print_json, printable, sentence
from crawler.data_dir import STATE_FOLDER
from crawler.exit_codes import ERROR, OK
from crawler.jobs.storing import fetch_published
from crawler.run_lock import is_locked
from crawler.shown_text import shown
from crawler.verification.file_places import MOVED_FILE, MovedMonthsError
from crawler.verification.scope import Scope, ScopeError
from crawler.verification.whole_archive import NO_LEDGER, name_of, verify

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from pathlib import Path

    from crawler.verification.findings import Finding
from crawler.verification.whole_archive import Verification


class Command(ProjectCommand, ScrapyCommand):
    def syntax(self) -> str:
        return "[options] [<path or run> ...]"

    def short_desc(self) -> str:
        return "Prove archives: files, digests, indexes, manifests, JSONL against WARC"

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument(
            "-j", dest="jobs", type=count, metavar="N", help="processes (default: one a core)"
        )
        parser.add_argument(
            "--json", dest="as_json", action="store_true", help="print one JSON object instead"
        )

    def execute(self, args: list[str], opts: Namespace) -> None:
        data_dir = self.data_dir
        if data_dir.exists() and not data_dir.is_dir():
            raise UsageError(f"DATA_DIR is no folder: {shown(data_dir)}")
        self._fetch(args)
        if not args:
            self.archive()
        try:
            scope = Scope.of(data_dir, args)
        except ScopeError as error:
            raise UsageError(sentence(str(error))) from error
        try:
            verdict = verify(
                scope,
                opts.jobs or os.cpu_count() or 1,
                quiet=False,
                is_busy=lambda: _is_busy(scope.data_dir),
            )
        except MovedMonthsError as error:
            raise UsageError(sentence(str(error))) from error
        except BrokenProcessPool as error:
            self.say(error, ERROR)
            return
        if verdict.ledger_note:
            print(sentence(verdict.ledger_note), file=sys.stderr)
        self.exitcode = ERROR if verdict.findings else OK
        if opts.as_json:
            print_json(verdict.as_json(scope.data_dir))
            return
        for finding in verdict.findings:
            print(sentence(_sentence(finding, scope.data_dir)))
        for note in verdict.notes:
            print(printable(note))
        print(_summary(verdict))

    def _fetch(self, args: list[str]) -> None:
        """Fetch what STORE has, unless all that is asked for is here."""
        if not (args and all(map(os.path.exists, args))):
            fetch_published(self.given)


def _sentence(finding: Finding, data_dir: Path) -> str:
    name = name_of(finding, data_dir)
    at = "" if finding.offset is None else f" at {finding.offset}"
    return f"{name}{at}: {finding.code}: {finding.message}"


def _summary(verdict: Verification) -> str:
    counts = verdict.counts
    told = [f"{counts[name]} {name}" for name in ("WARCs", "records", "JSONL files", "lines")]
    told += [f"{counts['pictures']} pictures"] if counts["pictures"] else []
    told.append(f"{counts['manifests']} manifests")
    if counts["differing"]:
        fields = ", ".join(f"{name} {number}" for name, number in verdict.fields.most_common())
        told.append(f"{counts['differing']} lines today's extractor reads otherwise ({fields})")
    if counts["moved files"]:
        unproved = f"{counts['moved lines']} lines not proved by them"
        told.append(f"{counts['moved files']} files moved away as {MOVED_FILE} says, {unproved}")
    codes = Counter(finding.code for finding in verdict.findings)
    defects = ", ".join(f"{number} {code}" for code, number in codes.most_common())
    found = f"defects: {defects}" if defects else "all sound"
    is_copy = verdict.ledger == NO_LEDGER and counts["manifests"]
    unheld = f"; not held against a ledger: the folder has no {STATE_FOLDER}/" if is_copy else ""
    return f"{', '.join(told)}: {found}{unheld}"


def _is_busy(data_dir: Path) -> bool:
    """Whether a run is on in the folder; a folder that can't be locked has none."""
    try:
        return is_locked(data_dir)
    except OSError:
        return False
