"""`scrapy reextract --correct`: its options, what it prints, how it ends."""

from __future__ import annotations

import difflib
import os
import sys
from argparse import ArgumentTypeError
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any

from scrapy.exceptions import UsageError
from tqdm import tqdm

from crawler.commands.base_command import NoArchiveError, open_ledger, printable, sentence
from crawler.data_dir import folder_of, lines_of, report_file
from crawler.exit_codes import DEGRADED, ERROR, LOCKED, OK, USAGE
from crawler.exporters.report import CorrectionCounts
from crawler.file_name_escapes import shown
from crawler.items import CORRECTABLE_KEYS
from crawler.ledger.errors import LedgerInUseError, NoLedgerError
from crawler.masking import masked_command
from crawler.reextraction.correction import DamagedLineError
from crawler.run_lock import CannotStartError, take_lock
from crawler.runner import settings_check
from crawler.runner.correction_run import CorrectionRun, looked_at
from crawler.views.text_diff import of_fields

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator
    from pathlib import Path

    from scrapy.settings import Settings

    from crawler.commands.base_command import ProjectCommand
    from crawler.reextraction.correction import Looked

# So many corrections are shown in full by a dry run.
EXAMPLES = 10


def add_options(parser: ArgumentParser) -> None:
    """The options of corrections."""
    add = parser.add_argument
    add("--correct", action="store_true", help="write corrections of the archive's own lines")
    add(
        "--fields", type=field_names, metavar="KEYS",
        help="with --correct: for a difference in one of these keys, too",
    )  # fmt: skip
    add("--dry-run", action="store_true", help="with --correct: only tell what would be written")


def field_names(value: str) -> tuple[str, ...]:
    """Keys of a line, separated by commas, in the order of the format."""
    names = set(value.split(","))
    for name in value.split(","):
        if name not in CORRECTABLE_KEYS:
            near = difflib.get_close_matches(name[:40], CORRECTABLE_KEYS, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            known = ", ".join(CORRECTABLE_KEYS)
            raise ArgumentTypeError(f"{name[:80]!r} is none of {known}{hint}")
    return tuple(key for key in CORRECTABLE_KEYS if key in names)


def is_asked(args: list[str], opts: Namespace) -> bool:
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


def correct(command: ProjectCommand, settings: Settings, opts: Namespace) -> None:
    """Do it; sets the exit code of the command."""
    data_dir = command.archive()
    processes = opts.jobs or os.cpu_count() or 1
    try:
        settings_check.check(settings)
        if opts.dry_run:
            _try(command, settings, opts.fields or (), processes)
        else:
            _run(command, settings, opts.fields or (), processes)
    except settings_check.ConfigurationError as error:
        command.say(error, USAGE)
    except CannotStartError as error:
        command.say(error, error.exitcode)
    except NoLedgerError:
        raise NoArchiveError(data_dir) from None
    except LedgerInUseError as error:
        command.say(error, LOCKED)
    except BrokenProcessPool:
        command.say("a process was killed; nothing is written by a dry run", ERROR)
    except DamagedLineError as error:
        command.say(error, ERROR)


def _run(
    command: ProjectCommand, settings: Settings, fields: tuple[str, ...], processes: int
) -> None:
    data_dir = folder_of(settings)
    typed = shown(masked_command(["scrapy", "reextract", *sys.argv[1:]]))
    run = CorrectionRun.open(settings, lock=take_lock(data_dir), command=typed, fields=fields)
    for told in run.mended:
        print(told, file=sys.stderr)
    with _progress(data_dir) as bar:
        run.correct(processes, bar.update)
    exitcode = run.close()
    for alarm in run.alarms:
        command.say(alarm.text, exitcode)
    print("\n".join(_summary(run.counts, "corrected")), file=sys.stderr)
    if run.report:
        print(f"Report: {shown(report_file(data_dir, run.run_id))}", file=sys.stderr)
    if run.problem:
        command.say(run.problem, exitcode)
    command.exitcode = exitcode


def _try(
    command: ProjectCommand, settings: Settings, fields: tuple[str, ...], processes: int
) -> None:
    data_dir = folder_of(settings)
    counts = CorrectionCounts(fields, looked_at=0)
    examples: list[Looked] = []
    exitcode = OK
    with open_ledger(settings) as ledger, _progress(data_dir) as bar:
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
                    print(f"scrapy {command.name}: {sentence(what)}", file=sys.stderr)
    for one in examples:
        print(printable("\n".join(_shown(one))))
    more = counts.written - len(examples)
    if more > 0:
        print(f"… and {more} more")
    print("\n".join(_summary(counts, "would be corrected")))
    command.exitcode = exitcode


def _shown(one: Looked) -> Iterator[str]:
    assert one.record is not None
    revision = one.record["revision"]
    yield f"{one.line['id']} version {one.line['version']}, revision {revision}: {one.line['url']}"
    yield from of_fields(one.keys, one.line, one.record)


def _summary(counts: CorrectionCounts, what: str) -> Iterator[str]:
    keys = ", ".join(f"{key} {number}" for key, number in sorted(counts.keys.items()))
    which = f": {keys}" if keys else ""
    yield f"{counts.looked_at} lines looked at, {counts.written} {what}{which}"
    if counts.left:
        left = ", ".join(f"{number} {reason}" for reason, number in sorted(counts.left.items()))
        yield f"left as they are though they aren't read as they say: {left}"


def _progress(data_dir: Path) -> tqdm[Any]:
    """A bar over the bytes of the published lines, where stderr is a terminal."""
    size = sum(path.stat().st_size for path in lines_of(data_dir))
    tqdm.monitor_interval = 0  # its thread would be forked
    return tqdm(total=size, unit="B", unit_scale=True, leave=False, disable=None)
