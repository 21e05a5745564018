"""`scrapy reextract WARC…`: JSONL again from archives, with today's code and no network.

Exit codes: 0 all was read, 1 something was damaged (the rest is written), 2 usage.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from argparse import ArgumentTypeError
from collections import Counter
from concurrent.futures.process import BrokenProcessPool
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler import regions
from crawler.commands.output import printable
from crawler.items import HISTORY_KEYS
from crawler.reextraction import Filter
from crawler.reextraction.batch import Job, join, parts_folder, work

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

_NOT_COMPARED = HISTORY_KEYS | {"extractor_version", "warc", "warc_pages"}


class Command(ScrapyCommand):
    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        return "[options] <warc> ..."

    def short_desc(self) -> str:
        return "Make JSONL again from WARC or WACZ files, without network"

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        add = parser.add_argument
        add("-o", dest="output", type=Path, metavar="FILE", help="write there, not to stdout")
        add("-j", dest="jobs", type=_count, metavar="N", help="processes (default: one a core)")
        add("--regions", type=_codes, metavar="CODES", help="only these regions' articles")
        add("--hosts", type=_names, metavar="HOSTS", help="only these hosts' captures")
        add("--since", type=_day, metavar="DAY", help="only captures of that day and after")
        add("--until", type=_day, metavar="DAY", help="only captures of that day and before")
        add("--diff", type=Path, metavar="OLD.jsonl", help="print what differs from these lines")

    def run(self, args: list[str], opts: Namespace) -> None:
        assert self.settings is not None
        if not args:
            raise UsageError("which WARC files?", print_help=False)
        files = [Path(name) for name in dict.fromkeys(args)]
        for file in [*files, *([opts.diff] if opts.diff else [])]:
            if not file.is_file():
                raise UsageError(f"no such file: {file}", print_help=False)
        data_dir = Path(self.settings["DATA_DIR"]).absolute()
        wanted = Filter(opts.regions, opts.hosts, opts.since, opts.until)
        total: Counter[str] = Counter()
        with parts_folder(opts.output) as folder:
            jobs = [Job.of(file, data_dir, folder, wanted) for file in files]
            jobs = list({job.part: job for job in jobs}.values())
            try:
                parts, tallies = work(jobs, folder, opts.jobs or os.cpu_count() or 1, quiet=False)
            except BrokenProcessPool:
                self._fail("a process was killed; what is whole is kept: start again to go on")
                sys.exit(self.exitcode)  # the parts stay
            for tally in tallies:
                total += tally.counts
                for problem in tally.problems:
                    self._fail(problem)
            if opts.diff:
                for line in _differences(opts.diff, parts):
                    print(line)
            if opts.output:
                join(parts, opts.output)
            elif not opts.diff:
                for path in parts:
                    with path.open("rb") as part:
                        shutil.copyfileobj(part, sys.stdout.buffer)
        counts = ", ".join(f"{count} {name}" for name, count in sorted(total.items()))
        print(f"{len(jobs)} files: {counts or 'no article'}", file=sys.stderr)

    def _fail(self, problem: str) -> None:
        print(f"scrapy reextract: {printable(problem)}", file=sys.stderr)
        self.exitcode = 1


def _differences(old: Path, parts: list[Path]) -> Iterator[str]:
    """Captures whose lines differ from the old ones, field by field, and those only one side has.

    Lines are matched by article and time of capture; of the old file only their places are kept.
    """
    places: dict[tuple[str, str], int] = {}
    with old.open("rb") as lines:
        offset = 0
        for line in lines:
            places[_key(json.loads(line))] = offset
            offset += len(line)
        for path in parts:
            with path.open("rb") as part:
                for line in part:
                    new = json.loads(line)
                    place = places.pop(_key(new), None)
                    if place is None:
                        yield f"{new['id']} {new['url']}: not in {old.name}"
                        continue
                    lines.seek(place)
                    yield from _difference(json.loads(lines.readline()), new)
        for place in places.values():
            lines.seek(place)
            before = json.loads(lines.readline())
            if before["status"] != "gone":  # which no capture says
                yield f"{before['id']} {before['url']}: only in {old.name}"


def _difference(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    changed = [key for key in after if key not in _NOT_COMPARED and before.get(key) != after[key]]
    if changed:
        yield f"{after['id']} {after['url']}: {', '.join(changed)}"
    for key in changed:
        yield f"  - {key}: {json.dumps(before.get(key), ensure_ascii=False)}"
        yield f"  + {key}: {json.dumps(after[key], ensure_ascii=False)}"


def _key(record: dict[str, Any]) -> tuple[str, str]:
    return record["id"], record["fetched_at"]


def _count(value: str) -> int:
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise ArgumentTypeError(f"a number from 1 up is wanted, not {value!r}")
    return int(value)


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ArgumentTypeError(f"a day such as 2017-09-28 is wanted, not {value!r}") from None


def _names(value: str) -> frozenset[str]:
    return frozenset(value.lower().split(","))


def _codes(value: str) -> frozenset[str]:
    try:
        return frozenset(regions.resolve(token).code for token in value.split(","))
    except regions.RegionError as error:
        raise ArgumentTypeError(str(error)) from None
