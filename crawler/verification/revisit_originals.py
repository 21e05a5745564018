"""The originals that revisits refer to: each must stand in a published file's index.

In: a data folder and the reports of its WARCs. Out: a Finding for each revisit of nothing.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from typing import TYPE_CHECKING

from crawler.data_dir import indexes_of, run_of
from crawler.verification.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from crawler.verification.findings import WarcReport
    from crawler.verification.moved_months import MovedMonths

# The address, the digits of the date, the payload digest.
Key = tuple[str, str, str]


def check_originals(
    data_dir: Path, reports: Iterable[WarcReport], moved: MovedMonths
) -> Iterator[Finding]:
    """Every revisit's original must stand in a published file's index, with that digest, unless it
    may be of a month that was moved away with its index."""
    reports = list(reports)
    wanted = {
        (original.uri, _timestamp(original.date), original.payload_digest)
        for report in reports
        for original in report.originals
    }
    if not wanted:
        return
    left = set(wanted)
    for path in _likeliest_first(indexes_of(data_dir), {timestamp for _, timestamp, _ in wanted}):
        if not left:
            break
        left -= _captures(path, left)
    for report in reports:
        for original in report.originals:
            key = (original.uri, _timestamp(original.date), original.payload_digest)
            if key in left and not moved.may_hold(original.date):
                message = f"no capture of {original.uri} at {original.date} has that digest"
                yield Finding(report.path, original.offset, "revisit_of_nothing", message)


def _captures(path: Path, wanted: set[Key]) -> set[Key]:
    """Those of the captures that an index has."""
    found = set()
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        _, timestamp, entry = (*line.split(" ", 2), "", "")[:3]
        try:
            fields = json.loads(entry)
            key = (fields["url"], timestamp, fields["digest"])
        except (ValueError, KeyError, TypeError):
            continue  # the index's own check reports it
        if key in wanted and fields.get("mime") != "warc/revisit":
            found.add(key)
    return found


def _likeliest_first(indexes: Iterable[Path], timestamps: Iterable[str]) -> Iterator[Path]:
    """The indexes, first those of the runs that were on at these times: the last that had begun.
    One run at a time writes into a folder, so after years hardly another one has to be read."""
    by_run: dict[str, list[Path]] = {}
    others: list[Path] = []
    for path in indexes:
        run_id = run_of(path.name)
        (by_run.setdefault(run_id, []) if run_id else others).append(path)
    runs = sorted(by_run)
    begun = [_timestamp(run_id.partition("-")[0]) for run_id in runs]
    at = {bisect_right(begun, timestamp) - 1 for timestamp in timestamps}
    for number in sorted(at - {-1}):
        yield from by_run.pop(runs[number])
    for paths in by_run.values():
        yield from paths
    yield from others


def _timestamp(date: str) -> str:
    return "".join(character for character in date if character.isdigit())[:14]
