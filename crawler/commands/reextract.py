"""`scrapy reextract WARC…`: JSONL again from archives, with today's code and no network; with
`--correct`, corrections of the archive's own lines.

Exit codes: 0 all was read, 1 something was damaged (the rest is written), 2 usage. `--correct` is a
run and ends as a crawl does: 3 where lines couldn't be read again, 75 while another run is on.
"""

from __future__ import annotations

import difflib
import json
import os
import shutil
import sqlite3
import sys
from argparse import ArgumentTypeError
from collections import Counter
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.archive.decode import largest_page
from crawler.commands.base_command import (
    NoArchiveError,
    ProjectCommand,
    bytes_bar,
    count,
    day,
    open_ledger,
    printable,
    region_codes,
    sentence,
)
from crawler.data_dir import lines_of, report_file
from crawler.exit_codes import DEGRADED, ERROR, OK
from crawler.exporters.report import CorrectionCounts
from crawler.items import CORRECTABLE_KEYS, HISTORY_KEYS
from crawler.layouts import AcceptedLayouts
from crawler.ledger.errors import NoLedgerError
from crawler.reextraction.batch import Job, join_parts, make_parts, parts_folder
from crawler.reextraction.correction import DamagedLineError
from crawler.reextraction.one_warc import Filter
from crawler.run_lock import take_lock
from crawler.runner import settings_check
from crawler.runner.correction_run import CorrectionRun, looked_at
from crawler.shown_text import masked_command, shown
from crawler.views.text_diff import of_fields

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Iterator

    from crawler.reextraction.correction import Reread
    from crawler.reextraction.one_warc import Tally

# So many corrections are shown in full by a dry run.
EXAMPLES = 10

_NOT_COMPARED = HISTORY_KEYS | {"schema_version", "extractor_version", "warc", "warc_pages"}

# What changes with the fields that are shown.
_FOLLOWS = frozenset({"paragraphs", "content_sha256"})


class Command(ProjectCommand, ScrapyCommand):
    def syntax(self) -> str:
        return "[options] <warc> ... | --correct [--fields KEYS] [--dry-run]"

    def short_desc(self) -> str:
        return "Make JSONL again from WARC or WACZ files, without network; correct published lines"

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        add = parser.add_argument
        add("-o", dest="output", type=Path, metavar="FILE", help="write there, not to stdout")
        add("-j", dest="jobs", type=count, metavar="N", help="processes (default: one a core)")
        add("--regions", type=region_codes, metavar="CODES", help="only these regions' articles")
        add("--hosts", type=_names, metavar="HOSTS", help="only these hosts' captures")
        add("--since", type=day, metavar="DAY", help="only captures of that day and after")
        add("--until", type=day, metavar="DAY", help="only captures of that day and before")
        add("--diff", type=Path, metavar="OLD.jsonl", help="print what differs from these lines")
        add("--correct", action="store_true", help="write corrections of the archive's own lines")
        add(
            "--fields", type=_field_names, metavar="KEYS",
            help="with --correct: for a difference in one of these keys, too",
        )  # fmt: skip
        add(
            "--dry-run", action="store_true", help="with --correct: only tell what would be written"
        )

    def execute(self, args: list[str], opts: Namespace) -> None:
        if _is_correction(args, opts):
            self._correct(opts)
            return
        files = _checked(args, opts)
        data_dir = self.data_dir
        max_bytes = largest_page(self.given.getint("DOWNLOAD_MAXSIZE"))
        accepted = AcceptedLayouts.of(data_dir)
        wanted = Filter(opts.regions, opts.hosts, opts.since, opts.until, max_bytes)
        with ExitStack() as stack:
            older = _older(opts.diff, wanted, stack) if opts.diff else None
            folder = stack.enter_context(parts_folder(opts.output))
            jobs = [Job.of(file, data_dir, folder, wanted, accepted) for file in files]
            jobs = list({job.part: job for job in jobs}.values())
            parts, tallies = self._make(jobs, folder, opts.jobs or os.cpu_count() or 1)
            if older:
                for line in older.differences(_records(parts)):
                    print(printable(line))
                print(older.summary(), file=sys.stderr)
            if opts.output:
                join_parts(parts, opts.output)
            elif not older:
                _write(parts)
        print(f"{len(jobs)} files: {_told(tallies)}", file=sys.stderr)

    def _make(
        self, jobs: list[Job], folder: Path, processes: int
    ) -> tuple[list[Path], list[Tally]]:
        """Make the parts, and say what was damaged. Ends the process where one of its workers was
        killed; the parts that are whole stay for the next call."""
        try:
            parts, tallies = make_parts(jobs, folder, processes, quiet=False)
        except BrokenProcessPool:
            self.say("a process was killed; what is whole is kept: start again to go on", ERROR)
            sys.exit(self.exitcode)
        for tally in tallies:
            for problem in tally.problems:
                self.say(problem, ERROR)
        return parts, tallies

    def _correct(self, opts: Namespace) -> None:
        """Correct published lines, or only tell what would be written."""
        data_dir = self.archive()
        processes = opts.jobs or os.cpu_count() or 1
        try:
            settings_check.check(self.given)
            if opts.dry_run:
                self._try_corrections(data_dir, opts.fields or (), processes)
            else:
                self._write_corrections(data_dir, opts.fields or (), processes)
        except settings_check.ConfigurationError as error:
            raise UsageError(str(error)) from error
        except NoLedgerError:
            raise NoArchiveError(data_dir) from None
        except BrokenProcessPool:
            self.say("a process was killed; nothing is written by a dry run", ERROR)
        except DamagedLineError as error:
            self.say(error, ERROR)

    def _write_corrections(self, data_dir: Path, fields: tuple[str, ...], processes: int) -> None:
        typed = shown(masked_command(["scrapy", "reextract", *sys.argv[1:]]))
        run = CorrectionRun.open(self.given, lock=take_lock(data_dir), command=typed, fields=fields)
        for told in run.mended:
            print(told, file=sys.stderr)
        with bytes_bar(lines_of(data_dir)) as bar:
            run.correct(processes, bar.update)
        exitcode = run.close()
        for alarm in run.alarms:
            self.say(alarm.text, exitcode)
        print("\n".join(_corrected(run.counts, "corrected")), file=sys.stderr)
        if run.report:
            print(f"Report: {shown(report_file(data_dir, run.run_id))}", file=sys.stderr)
        if run.problem:
            self.say(run.problem, exitcode)
        self.exitcode = exitcode

    def _try_corrections(self, data_dir: Path, fields: tuple[str, ...], processes: int) -> None:
        counts = CorrectionCounts(fields, looked_at=0)
        examples: list[Reread] = []
        exitcode = OK
        with open_ledger(self.given) as ledger, bytes_bar(lines_of(data_dir)) as bar:
            for count, found in looked_at(data_dir, ledger, fields, processes, bar.update):
                counts.looked_at = (counts.looked_at or 0) + count
                for one in found:
                    if one.left is None:
                        counts.add(one.keys)
                        if len(examples) < EXAMPLES:
                            examples.append(one)
                        continue
                    counts.left[one.left] += 1
                    if one.left.is_alarm:
                        exitcode = DEGRADED
                        what = f"{one.line['url']} can't be corrected: {one.detail}"
                        print(f"scrapy {self.name}: {sentence(what)}", file=sys.stderr)
        for one in examples:
            print(printable("\n".join(_correction(one))))
        more = counts.written - len(examples)
        if more > 0:
            print(f"… and {more} more")
        print("\n".join(_corrected(counts, "would be corrected")))
        self.exitcode = exitcode


def _checked(args: list[str], opts: Namespace) -> list[Path]:
    """The files to read, each once. Raises UsageError."""
    if not args:
        raise UsageError("which WARC files?")
    files = [Path(name) for name in dict.fromkeys(args)]
    for file in [*files, *([opts.diff] if opts.diff else [])]:
        if not file.is_file():
            what = "not a file" if file.exists() else "no such file"
            raise UsageError(f"{what}: {shown(file)}")
    if opts.output and opts.output.exists() and not opts.output.is_file():
        message = f"-o {shown(opts.output)} is no file; without -o lines go to stdout"
        raise UsageError(message)
    return files


def _write(parts: list[Path]) -> None:
    for path in parts:
        with path.open("rb") as part:
            shutil.copyfileobj(part, sys.stdout.buffer)


def _told(tallies: list[Tally]) -> str:
    """What became of the captures, in numbers."""
    total: Counter[str] = Counter()
    for tally in tallies:
        total += tally.counts
    if total:
        return ", ".join(f"{count} {name}" for name, count in sorted(total.items()))
    others = sum(tally.others for tally in tallies)
    return f"no article ({others} records of other addresses)" if others else "no article"


def _older(path: Path, wanted: Filter, stack: ExitStack) -> OlderLines:
    try:
        return OlderLines(path.name, stack.enter_context(path.open("rb")), wanted)
    except ValueError as error:
        raise UsageError(sentence(str(error))) from error


def _records(parts: list[Path]) -> Iterator[dict[str, Any]]:
    for path in parts:
        with path.open("rb") as part:
            yield from map(json.loads, part)


def _names(value: str) -> frozenset[str]:
    return frozenset(value.lower().split(","))


def _field_names(value: str) -> tuple[str, ...]:
    """Keys of a line, separated by commas, in the order of the format."""
    names = set(value.split(","))
    for name in value.split(","):
        if name not in CORRECTABLE_KEYS:
            near = difflib.get_close_matches(name[:40], CORRECTABLE_KEYS, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            known = ", ".join(CORRECTABLE_KEYS)
            raise ArgumentTypeError(f"{name[:80]!r} is none of {known}{hint}")
    return tuple(key for key in CORRECTABLE_KEYS if key in names)


def _is_correction(args: list[str], opts: Namespace) -> bool:
    """Whether corrections are asked for. Raises UsageError where they don't go with the rest."""
    if not opts.correct:
        for name, value in (("--fields", opts.fields), ("--dry-run", opts.dry_run)):
            if value:
                raise UsageError(f"{name} goes with --correct")
        return False
    others = {
        "WARC files": args, "-o": opts.output, "--diff": opts.diff, "--regions": opts.regions,
        "--hosts": opts.hosts, "--since": opts.since, "--until": opts.until,
    }  # fmt: skip
    for name, value in others.items():
        if value:
            why = "--correct reads the lines of the data folder, all of them"
            raise UsageError(f"{why}: it takes no {name}")
    return True


def _correction(one: Reread) -> Iterator[str]:
    assert one.record is not None
    revision = one.record["revision"]
    yield f"{one.line['id']} version {one.line['version']}, revision {revision}: {one.line['url']}"
    yield from of_fields(one.keys, one.line, one.record)


def _corrected(counts: CorrectionCounts, what: str) -> Iterator[str]:
    keys = ", ".join(f"{key} {number}" for key, number in sorted(counts.keys.items()))
    which = f": {keys}" if keys else ""
    yield f"{counts.looked_at} lines looked at, {counts.written} {what}{which}"
    if counts.left:
        left = ", ".join(f"{number} {reason}" for reason, number in sorted(counts.left.items()))
        yield f"left as they are though they aren't read as they say: {left}"


class OlderLines:
    """The lines of a file open for reading, to be compared with those made again of the same
    captures; `wanted` says which of them are to be made again. Raises ValueError for a line that is
    no article's."""

    def __init__(self, name: str, lines: BinaryIO, wanted: Filter) -> None:
        self._name = name
        self._lines = lines
        self._wanted = wanted
        # a temporary file that SQLite removes
        self._places = sqlite3.connect("", isolation_level=None)
        self._places.executescript(
            "CREATE TABLE places (id TEXT, at TEXT, offset INTEGER, PRIMARY KEY (id, at))"
            " WITHOUT ROWID; BEGIN;"
        )
        self.counts: Counter[str] = Counter()
        self.fields: Counter[str] = Counter()
        offset = 0
        for number, line in enumerate(lines, 1):
            try:
                key = _key(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                message = f"{name}, line {number}: no line of an article"
                raise ValueError(message) from error
            self._places.execute("INSERT OR REPLACE INTO places VALUES (?, ?, ?)", (*key, offset))
            offset += len(line)

    def differences(self, records: Iterable[dict[str, Any]]) -> Iterator[str]:
        """What to review, in the order of the new records; last what only the older file has."""
        for new in records:
            self.counts["compared"] += 1
            found = self._places.execute(
                "DELETE FROM places WHERE (id, at) = (?, ?) RETURNING offset", _key(new)
            ).fetchone()
            if found is None:
                self.counts["only new"] += 1
                yield f"{new['id']} {new['url']}: not in {self._name}"
            else:
                yield from self._difference(self._at(found[0]), new)
        for (offset,) in self._places.execute("SELECT offset FROM places ORDER BY offset"):
            before = self._at(offset)
            is_wanted = self._wanted.wants(before["url"], before["fetched_at"])
            # no capture says that an article is gone
            if is_wanted and before["status"] != "gone":
                self.counts["only old"] += 1
                yield f"{before['id']} {before['url']}: only in {self._name}"

    def summary(self) -> str:
        """How many lines differ, and in which fields."""
        fields = ", ".join(f"{name} {number}" for name, number in self.fields.most_common())
        counts = self.counts
        return (
            f"{counts['compared']} compared with {self._name}: {counts['different']} differ"
            f"{f' ({fields})' if fields else ''}, {counts['only new']} not in it,"
            f" {counts['only old']} only in it"
        )

    def _difference(self, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
        compared = [key for key in after if key not in _NOT_COMPARED]
        changed = [key for key in compared if before.get(key) != after[key]]
        shown = [key for key in changed if key not in _FOLLOWS] or changed
        if shown:
            self.counts["different"] += 1
            self.fields.update(shown)
            yield f"{after['id']} {after['url']}: {', '.join(shown)}"
            yield from of_fields(shown, before, after)

    def _at(self, offset: int) -> dict[str, Any]:
        self._lines.seek(offset)
        record: dict[str, Any] = json.loads(self._lines.readline())
        return record


def _key(record: dict[str, Any]) -> tuple[str, str]:
    return str(record["id"]), str(record["fetched_at"])
