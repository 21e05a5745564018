"""The lines of one article against each other: a history without gap, double or contradiction.

In: the summaries of an article's lines, oldest first. Out: a Fault for each line that can't stand
where it stands. What makes a line follow another is in `crawler.history.versions` and
`crawler.history.withdrawals` (gone records).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from crawler.items import VERSIONED_KEYS
from crawler.pipelines.content_digest import changed_fields

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from crawler.verification.line_summaries import LineSummary


class Fault(NamedTuple):
    """A line, the code of its defect and the sentence."""

    line: LineSummary
    code: str
    message: str


def faults_of_history(
    told: Sequence[LineSummary], data_dir: Path, clock_errors: Collection[str] = ()
) -> Iterator[Fault]:
    """What is wrong in the history of one article. `clock_errors` are runs that began while the
    clock stood before an earlier run: their times say nothing of what came first."""
    history, seen = [], dict[str, "LineSummary"]()
    for line in told:
        first = seen.setdefault(line.row["line_sha256"], line)
        if first is line:
            history.append(line)
        else:
            where = f"it stands in {first.jsonl} as well, as line {first.number}"
            yield Fault(line, "duplicate_line", where)
    content: LineSummary | None = None
    for number, line in enumerate(history):
        before = history[number - 1] if number else None
        for message in _contradictions(line, before, content):
            yield Fault(line, "history_mismatch", message)
        if line.row["run_id"] not in clock_errors:
            for message in _times(line, history[0]):
                yield Fault(line, "history_mismatch", message)
        if content and not line.is_gone:
            for message in _changes(line, content, data_dir):
                yield Fault(line, "history_mismatch", message)
        content = content if line.is_gone else line


def _contradictions(
    line: LineSummary, before: LineSummary | None, content: LineSummary | None
) -> Iterator[str]:
    """What a line says against those before it: `before` is the last of them, `content` the last
    that has content."""
    if line.also_at != sorted(set(line.also_at) - {line.canonical_url}):
        yield "also_at is not sorted, or names an address twice"
    previous = content.row["content_sha256"] if content else None
    if line.previous_sha256 != previous:
        yield "previous_sha256 is not the content_sha256 of the record before"
    if line.status not in _statuses_after(before):
        yield f"status is {line.status} after {before.status if before else 'no other record'}"
    if before is not None and content is not None:
        yield from _steps(line, before, content)
    elif line.version != 1 or line.row["changed"]:
        yield f"version {line.version} is the first there is"


def _statuses_after(before: LineSummary | None) -> tuple[str, ...]:
    """The statuses that a line may have after the one before."""
    if before is None:
        return ("live",)
    return ("restored",) if before.is_gone else ("live", "gone")


def _steps(line: LineSummary, before: LineSummary, content: LineSummary) -> Iterator[str]:
    """A version more with each change and none without; nothing that was known is lost."""
    step = bool(line.row["changed"])
    if line.version != before.version + step:
        yield f"version {line.version} follows {before.version}, with {step or 'no'} changed field"
    if line.status == "live" and not step:
        yield "it changes nothing"
    if line.is_gone and step:
        yield "a gone record changes nothing"
    if line.is_gone and line.title != content.title:
        yield "its title is not that of the last version"
    lost = {before.canonical_url, *before.also_at} - {line.canonical_url, *line.also_at}
    if lost:
        yield f"also_at lacks {min(lost)}, which the record before has"


def _times(line: LineSummary, first: LineSummary) -> Iterator[str]:
    if line.first_seen_at is None or line.first_seen_at != first.first_seen_at:
        yield f"first_seen_at is {line.first_seen_at}, in the first record {first.first_seen_at}"
    elif line.is_own_capture and line.first_seen_at > line.fetched_at:
        yield f"it was first seen at {line.first_seen_at}, after it was fetched"


def _changes(line: LineSummary, before: LineSummary, data_dir: Path) -> Iterator[str]:
    """`changed` names the fields that differ. Where another extractor read the version before, that
    was extracted again to compare, so only the names can be checked."""
    changed: Any = line.row["changed"]
    if not set(changed) <= set(VERSIONED_KEYS):
        yield "changed names fields that make no version"
        return
    if line.row["extractor_version"] != before.row["extractor_version"]:
        return
    found = []
    if line.row["content_sha256"] != before.row["content_sha256"]:
        found = changed_fields(_record(before, data_dir), _record(line, data_dir))
    if changed != found:
        yield f"changed is {changed}; what differs is {found}"


def _record(line: LineSummary, data_dir: Path) -> dict[str, Any]:
    with (data_dir / line.jsonl).open("rb") as file:
        file.seek(line.offset)
        record: dict[str, Any] = json.loads(file.readline())
    return record
