"""The originals that revisits refer to: each must stand in a published file's index.

In: a data folder and the reports of its WARCs. Out: a Finding for each revisit of nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from crawler.data_dir import indexes_of
from crawler.verification.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from crawler.verification.findings import WarcReport
    from crawler.verification.moved_months import MovedMonths


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
    found = set()
    for path in indexes_of(data_dir):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            _, timestamp, entry = (*line.split(" ", 2), "", "")[:3]
            try:
                fields = json.loads(entry)
                key = (fields["url"], timestamp, fields["digest"])
            except (ValueError, KeyError, TypeError):
                continue  # the index's own check reports it
            if key in wanted and fields.get("mime") != "warc/revisit":
                found.add(key)
    for report in reports:
        for original in report.originals:
            key = (original.uri, _timestamp(original.date), original.payload_digest)
            if key not in found and not moved.may_hold(original.date):
                message = f"no capture of {original.uri} at {original.date} has that digest"
                yield Finding(report.path, original.offset, "revisit_of_nothing", message)


def _timestamp(date: str) -> str:
    return "".join(character for character in date if character.isdigit())[:14]
