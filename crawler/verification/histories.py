"""The lines of one article against each other: a history without gap, double or contradiction.

In: the summaries of an article's lines, oldest first, each followed by its corrections. Out: a
Fault for each line that can't stand where it stands. What makes a line follow another is in
`crawler.history.versions`, `crawler.history.withdrawals` (gone records) and
`crawler.reextraction.correction`.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from crawler.items import CORRECTABLE_KEYS, VERSIONED_KEYS
from crawler.pipelines.content_digest import changed_fields

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from crawler.verification.line_summaries import LineSummary


# What a correction says as the line does that it corrects.
_KEPT_BY_CORRECTIONS = (
    "id", "version", "status", "gone", "url", "previous_sha256", "changed", "discovered_from",
    "first_seen_at", "fetched_at", "warc", "warc_pages",
)  # fmt: skip


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
    seen: dict[str, LineSummary] = {}
    for line in told:
        first = seen.setdefault(line.row["line_sha256"], line)
        if first is not line:
            where = f"it stands in {first.jsonl} as well, as line {first.number}"
            yield Fault(line, "duplicate_line", where)
    every, corrections = _revisions(list(seen.values()))
    for line, before in corrections:
        for message in _corrected(line, before, data_dir):
            yield Fault(line, "history_mismatch", message)
    captured = [revisions for revisions in every if revisions[0].is_captured]
    stays = [revisions for revisions in every if not revisions[0].is_captured]
    if captured:
        yield from _faults_of_captures(captured, stays, data_dir)
    content: list[LineSummary] = []
    for number, revisions in enumerate(stays):
        line = revisions[0]
        before = stays[number - 1][0] if number else None
        known = content or [one for those in captured for one in those]
        messages = [*_contradictions(line, before, known, has_captures=bool(captured))]
        if line.row["run_id"] not in clock_errors:
            messages += _times(line, stays[0][0])
        if (content or line.row["changed"]) and not line.is_gone:
            messages += _changes(line, known, data_dir)
        yield from (Fault(line, "history_mismatch", message) for message in messages)
        content = content if line.is_gone else revisions


def _faults_of_captures(
    captured: Sequence[list[LineSummary]],
    stays: Sequence[list[LineSummary]],
    data_dir: Path,
) -> Iterator[Fault]:
    """What is wrong with lines of other web archives' captures. Their numbers say in which order
    we learnt of them, their times when the page was so; each was held against what was known of
    the time before, which later ones may have come between."""
    content = [one for those in (*captured, *stays) if not those[0].is_gone for one in those]
    first_seen = min((one.version, one.first_seen_at or "") for one in (content or captured[0]))[1]
    numbers = Counter(
        one.version
        for one in content
        if not one.revision and (one.status == "live" or one.row["changed"])
    )
    for revisions in captured:
        line = revisions[0]
        for message in _contradictions_of_capture(line, content):
            yield Fault(line, "history_mismatch", message)
        if numbers[line.version] > 1:
            yield Fault(line, "history_mismatch", f"another line is version {line.version}, too")
        known_then = [those[0] for those in stays if those[0].version < line.version]
        if known_then and all(one.fetched_at <= line.fetched_at for one in known_then):
            message = "a capture of others is not older than our own newest look"
            yield Fault(line, "history_mismatch", message)
        if line.first_seen_at != first_seen:
            message = f"first_seen_at is {line.first_seen_at}, in the first record {first_seen}"
            yield Fault(line, "history_mismatch", message)
        known = [one for one in content if one.row["content_sha256"] == line.previous_sha256]
        for message in _changes(line, known, data_dir) if known else ():
            yield Fault(line, "history_mismatch", message)
    lacking = set(range(1, max(numbers, default=0) + 1)) - set(numbers)
    if lacking:
        message = f"no line is version {min(lacking)}"
        yield Fault(captured[-1][0], "history_mismatch", message)


def _contradictions_of_capture(line: LineSummary, content: Sequence[LineSummary]) -> Iterator[str]:
    """What the line of a capture says against the article's others."""
    yield from _contradictions_within(line)
    if line.status != "live":
        yield f"status is {line.status}: a capture of others is no look of ours"
    if line.previous_sha256 is None:
        if line.row["changed"]:
            yield "it changes fields, and no record is before it"
        return
    others = {one.row["content_sha256"] for one in content if one is not line}
    if line.previous_sha256 not in others:
        yield "previous_sha256 is not the content_sha256 of another record"
    if not line.row["changed"]:
        yield "it changes nothing"


def _contradictions_within(line: LineSummary) -> Iterator[str]:
    """What a line that stands by itself says against itself."""
    if line.revision or line.corrects:
        yield "it says that it corrects a line, and stands by itself"
    if line.also_at != sorted(set(line.also_at) - {line.canonical_url}):
        yield "also_at is not sorted, or names an address twice"


def _revisions(
    history: Sequence[LineSummary],
) -> tuple[list[list[LineSummary]], list[tuple[LineSummary, LineSummary | None]]]:
    """The lines that stand by themselves, each with its corrections; and each correction with the
    revision before it, None where that isn't there. `history` is in the order of revisions."""
    stays: list[list[LineSummary]] = []
    corrections: list[tuple[LineSummary, LineSummary | None]] = []
    of: dict[tuple[Any, ...], list[LineSummary]] = {}
    for line in history:
        key = (line.fetched_at, line.version, line.status)
        if not line.revision:
            of[key] = [line]
            stays.append(of[key])
            continue
        revisions = of.get(key, [])
        corrections.append((line, revisions[-1] if revisions else None))
        revisions.append(line)
    return stays, corrections


def _corrected(line: LineSummary, before: LineSummary | None, data_dir: Path) -> Iterator[str]:
    """What is wrong with a correction; `before` is the revision before it."""
    if before is None or line.corrects is None or line.is_gone:
        yield f"revision {line.revision} corrects no line that is here"
        return
    if line.revision != before.revision + 1:
        yield f"revision {line.revision} follows {before.revision}"
    if line.corrects["line"] != before.line:
        yield f"it corrects {line.corrects['line']}, the revision before it is {before.line}"
    one, other = _record(before, data_dir), _record(line, data_dir)
    differing = {key for key in CORRECTABLE_KEYS if one[key] != other[key]}
    named = set(line.corrects["keys"])
    if not named:
        yield "it corrects no key"
    if named - differing:
        yield f"it corrects {min(named - differing)}, which is the same"
    unnamed = set(changed_fields(one, other)) - named
    if unnamed:
        yield f"it doesn't say that {min(unnamed)} differs"
    kept = [key for key in _KEPT_BY_CORRECTIONS if one[key] != other[key]]
    if kept:
        yield f"a correction keeps {', '.join(kept)}"
    if {one["canonical_url"], *one["also_at"]} != {other["canonical_url"], *other["also_at"]}:
        yield "a correction keeps the addresses"


def _contradictions(
    line: LineSummary,
    before: LineSummary | None,
    content: Sequence[LineSummary],
    *,
    has_captures: bool,
) -> Iterator[str]:
    """What a line says against those before it: `before` is the last of them, `content` the
    revisions of the last that has content. By which of these the line was made depends on when it
    was corrected. `has_captures`: web archives have captures of the article, whose lines may have
    been known when this one was written, and have some of the numbers."""
    yield from _contradictions_within(line)
    previous = {one.row["content_sha256"] for one in content} or {None}
    if has_captures and before is None:
        previous.add(None)
    if line.previous_sha256 not in previous:
        yield "previous_sha256 is not the content_sha256 of the record before"
    if line.status not in _statuses_after(before, has_captures=has_captures):
        yield f"status is {line.status} after {before.status if before else 'no other record'}"
    if before is not None and content:
        yield from _steps(line, before, has_captures=has_captures)
        if line.is_gone:
            yield from _last(line, content)
    elif has_captures:
        return
    elif line.version != 1 or line.row["changed"]:
        yield f"version {line.version} is the first there is"


def _statuses_after(before: LineSummary | None, *, has_captures: bool) -> tuple[str, ...]:
    """The statuses that a line may have after the one before."""
    if before is None:
        return ("live", "gone") if has_captures else ("live",)
    return ("restored",) if before.is_gone else ("live", "gone")


def _steps(line: LineSummary, before: LineSummary, *, has_captures: bool) -> Iterator[str]:
    """Check that the version grows by one with a change and stays without, and that no address
    is lost. Where web archives have captures of the article, the numbers between may be theirs."""
    step = bool(line.row["changed"])
    is_further = has_captures and step and line.version > before.version
    if line.version != before.version + step and not is_further:
        yield f"version {line.version} follows {before.version}, with {step or 'no'} changed field"
    if line.status == "live" and not step:
        yield "it changes nothing"
    if line.is_gone and step:
        yield "a gone record changes nothing"
    lost = {before.canonical_url, *before.also_at} - {line.canonical_url, *line.also_at}
    if lost:
        yield f"also_at lacks {min(lost)}, which the record before has"


def _last(line: LineSummary, content: Sequence[LineSummary]) -> Iterator[str]:
    """What a gone line says of the line with content before it, in one of its revisions."""
    if line.title not in {one.title for one in content}:
        yield "its title is not that of the last version"
    # schema version 1 has none
    if line.last is None:
        return
    told = [
        {
            "version": one.version,
            "published_at": one.content["published_at"],
            "source": one.source,
            "line": one.line,
        }
        for one in content
    ]
    if line.last not in told:
        yield f"gone.last is {line.last}; the last version was {told[-1]}"


def _times(line: LineSummary, first: LineSummary) -> Iterator[str]:
    if line.first_seen_at is None or line.first_seen_at != first.first_seen_at:
        yield f"first_seen_at is {line.first_seen_at}, in the first record {first.first_seen_at}"
    elif line.is_own_capture and line.first_seen_at > line.fetched_at:
        yield f"it was first seen at {line.first_seen_at}, after it was fetched"


def _changes(line: LineSummary, content: Sequence[LineSummary], data_dir: Path) -> Iterator[str]:
    """`changed` names the fields that differ from the last version with content, in the revision
    that the line follows. Where another extractor read that one, it was extracted again to compare,
    so only the names can be checked."""
    changed: Any = line.row["changed"]
    if not set(changed) <= set(VERSIONED_KEYS):
        yield "changed names fields that make no version"
        return
    before = next(
        (
            one
            for one in content
            if one.row["content_sha256"] == line.previous_sha256
            and one.row["extractor_version"] == line.row["extractor_version"]
        ),
        None,
    )
    if before is None:
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
