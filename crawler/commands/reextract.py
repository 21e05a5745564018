"""`scrapy reextract WARC…`: JSONL again from archives, with today's code and no network; with
`--correct`, corrections of the archive's own lines.

Exit codes: 0 all was read, 1 something was damaged (the rest is written), 2 usage. `--correct` is a
run and ends as a crawl does: 3 where lines couldn't be read again, 75 while another run is on.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections import Counter
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.archive.decode import bound
from crawler.commands import correcting
from crawler.commands.base_command import ProjectCommand, printable, sentence
from crawler.commands.compare_lines import OlderLines
from crawler.commands.options import count, day, region_codes
from crawler.exit_codes import ERROR
from crawler.file_name_escapes import shown
from crawler.layouts import AcceptedLayouts
from crawler.reextraction.batch import Job, join_parts, make_parts, parts_folder
from crawler.reextraction.one_warc import Filter

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from crawler.reextraction.one_warc import Tally


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
        correcting.add_options(parser)

    def execute(self, args: list[str], opts: Namespace) -> None:
        if correcting.is_asked(args, opts):
            correcting.correct(self, self.given, opts)
            return
        files = _checked(args, opts)
        data_dir = self.data_dir
        max_bytes = bound(self.given.getint("DOWNLOAD_MAXSIZE"))
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
