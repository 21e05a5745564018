"""The lines of `data/sightings/` and `data/images/`: each by itself, then against the ledger.

In: the files. Out: Findings. What appeared on a list can't appear again before it went, and what
went had appeared; what is left at the end is what the ledger takes for shown. The archived bytes of
a picture must be those that its line tells of.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from crawler import urls
from crawler.archive.decode import DecodeError
from crawler.archive.pointers import read_page
from crawler.archive.reader import WarcError
from crawler.coverage import sightings
from crawler.data_dir import images_name, run_of
from crawler.exporters import pictures
from crawler.items import WarcPointer, as_line
from crawler.media_type import picture_type
from crawler.outcomes import PictureOutcome
from crawler.storage import open_file
from crawler.verification.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from crawler.ledger.ledger import Ledger
    from crawler.verification.file_places import MovedMonths

_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
# The types of the keys that may be null, beside null.
_NULLABLE: Mapping[str, type] = {
    "region": str, "headline": str, "differs": bool, "position": int, "time_shown": str,
    "last_shown_at": str,
}  # fmt: skip

_TEXTS_OF_SIGHTING = frozenset({"run_id", "at", "list", "article_id", "url"})

# A list, an address on it, and its headline there.
Placement = tuple[str, str, str | None]

_ID = re.compile(r"[0-9]{5,12}|[0-9a-f]{32}|[0-9a-f]{64}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)

_TEXTS_OF_PICTURE = ("run_id", "article_id", "url", "outcome", "at")

# What a record that isn't there is called, and one that holds something else.
_NO_RECORD, _OTHER_BYTES = "bad_pointer", "picture_mismatch"


class _Line(NamedTuple):
    """A line of a file: its number, its offset, and its object, or None and what is wrong."""

    number: int
    offset: int
    told: dict[str, Any] | None
    fault: str | None


def _sightings_in(path: Path) -> Iterator[_Line]:
    """The lines of a file of sightings. Raises OSError."""
    return _lines_in(path, sightings.KEYS, "a sighting", _fault_of_sighting)


def _pictures_in(path: Path) -> Iterator[_Line]:
    """The lines of a file of pictures. Raises OSError."""
    return _lines_in(path, pictures.KEYS, "a picture", _fault_of_picture)


def _lines_in(
    path: Path,
    keys: Sequence[str],
    kind: str,
    fault_of: Callable[[Path, Mapping[str, Any]], str | None],
) -> Iterator[_Line]:
    """The lines of a file. What is wrong with one: no JSON, other keys or another order, what
    `fault_of` says of its values, or other bytes than we would write. `kind` names such a line in a
    sentence."""
    offset = 0
    with open_file(path) as file:
        for number, line in enumerate(file, start=1):
            told, fault = None, None
            try:
                told = json.loads(line)
            except ValueError as error:
                fault = f"no JSON: {error}"
            else:
                if not isinstance(told, dict) or tuple(told) != tuple(keys):
                    fault = f"its keys are not those of {kind}"
                else:
                    fault = fault_of(path, told)
                    if fault is None and as_line(told) != line:
                        fault = f"it isn't written as {kind} is"
            yield _Line(number, offset, None if fault else told, fault)
            offset += len(line)


@dataclass(slots=True)
class SightingsReport:
    """What was found, how many lines there are, and what is shown after the last of them: list,
    address and headline, with the time it appeared."""

    findings: list[Finding] = field(default_factory=list)
    lines: int = 0
    shown: dict[Placement, str] = field(default_factory=dict)


def check_sightings(paths: Sequence[Path], *, is_whole: bool) -> SightingsReport:
    """Check these files in this order, that of their publication; with `is_whole` they are all
    there are, so that their lines must follow from each other."""
    report = SightingsReport()
    for path in paths:
        try:
            for line in _sightings_in(path):
                report.lines += 1
                code, fault = "bad_sighting", line.fault
                if line.told is not None and is_whole:
                    code, fault = "sighting_mismatch", _follow(report.shown, line.told)
                if fault:
                    message = f"line {line.number}: {fault}"
                    report.findings.append(Finding(path, line.offset, code, message))
        except OSError as error:
            message = error.strerror or str(error)
            report.findings.append(Finding(path, None, "bad_sighting", message))
    return report


def _fault_of_sighting(path: Path, told: Mapping[str, Any]) -> str | None:
    """What a line says against the format."""
    bad = next((name for name in sightings.KEYS if not _is_of_type(name, told[name])), None)
    if bad is not None:
        return f"{bad} is {told[bad]!r}"
    events = (sightings.APPEARED, sightings.GONE)
    if told["schema_version"] != sightings.SCHEMA_VERSION or told["event"] not in events:
        return f"version {told['schema_version']!r}, event {told['event']!r}"
    if told["run_id"] != run_of(path.name):
        return f"it is of run {told['run_id']}"
    for name in ("at", "last_shown_at"):
        if told[name] is not None and not _UTC.fullmatch(told[name]):
            return f"{name} is {told[name]!r}"
    url, article_id = told["url"], told["article_id"]
    if urls.canonical(url) != url or urls.article_id(url) != article_id:
        return f"{url} is not the address of {article_id}"
    return None


def _is_of_type(name: str, value: Any) -> bool:
    if name in _NULLABLE:
        return value is None or type(value) is _NULLABLE[name]
    if name == "page":
        return type(value) is int and value >= 1
    if name == "also_at":
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return name not in _TEXTS_OF_SIGHTING or isinstance(value, str)


def _follow(shown: dict[Placement, str], told: Mapping[str, Any]) -> str | None:
    """Take a line into what is shown; return what contradicts the lines before it. Further
    pages of a list are not followed."""
    key = (told["list"], told["url"], told["headline"])
    if told["page"] > 1:
        return None
    if told["event"] == sightings.APPEARED:
        if key in shown:
            return f"{told['url']} appeared on {told['list']}, where it was shown already"
        shown[key] = told["at"]
        return None
    since = shown.pop(key, None)
    if since is None:
        return f"{told['url']} went from {told['list']}, where it had not appeared"
    if not since <= (told["last_shown_at"] or since) <= told["at"]:
        return f"{told['url']} was last shown at {told['last_shown_at']}"
    return None


def check_shown(report: SightingsReport, ledger: Ledger, path: Path) -> Iterator[Finding]:
    """Hold what the lines leave as shown against the ledger's placements."""
    known = {
        (row["list_url"], row["url"], row["headline"] or None): row["appeared_at"]
        for row in ledger.dump.placements()
    }
    for keys, message in (
        (known.keys() - report.shown.keys(), "the ledger takes it for shown, the sightings don't"),
        (report.shown.keys() - known.keys(), "the sightings take it for shown, the ledger doesn't"),
    ):
        if keys:
            where, url, _ = min(keys, key=lambda key: (key[0], key[1]))
            yield Finding(path, None, "ledger_mismatch", f"{url} on {where}: {message}")


@dataclass(slots=True)
class PicturesReport:
    """What was found in one file of picture lines: `moved` are lines whose records went with their
    month."""

    path: Path
    findings: list[Finding] = field(default_factory=list)
    lines: int = 0
    moved: int = 0


def check_pictures(path: Path, data_dir: Path, moved: MovedMonths) -> PicturesReport:
    """Check every line of a file, and that the archived bytes are those it tells of."""
    report = PicturesReport(path)
    seen: set[tuple[str, str]] = set()
    try:
        for line in _pictures_in(path):
            report.lines += 1
            code, fault = "bad_picture", line.fault
            if line.told is not None:
                code, fault = _of_bytes(report, line.told, data_dir, moved)
                key = (line.told["article_id"], line.told["url"])
                if key in seen:
                    code, fault = "bad_picture", f"{key[1]} of {key[0]} has a line already"
                seen.add(key)
            if fault:
                message = f"line {line.number}: {fault}"
                report.findings.append(Finding(path, line.offset, code, message))
    except OSError as error:
        message = error.strerror or str(error)
        report.findings.append(Finding(path, None, "bad_picture", message))
    if not report.lines and not report.findings:
        report.findings.append(Finding(path, 0, "empty_file", "there is no line"))
    return report


def _fault_of_picture(path: Path, told: Mapping[str, Any]) -> str | None:
    """What a line says against the format."""
    bad = next((name for name in _TEXTS_OF_PICTURE if not isinstance(told[name], str)), None)
    if bad is not None:
        return f"{bad} is {told[bad]!r}"
    if told["schema_version"] != pictures.SCHEMA_VERSION or told["run_id"] != run_of(path.name):
        return f"version {told['schema_version']!r}, of run {told['run_id']}"
    if not (_ID.fullmatch(told["article_id"]) and _is_count(told["version"])):
        return f"version {told['version']!r} of article {told['article_id']}"
    if told["outcome"] not in set(PictureOutcome) or not _UTC.fullmatch(told["at"]):
        return f"outcome {told['outcome']} at {told['at']}"
    if told["outcome"] != PictureOutcome.ARCHIVED:
        is_bare = all(told[name] is None for name in pictures.OF_ARCHIVED)
        is_told = isinstance(told["detail"], str)
        return None if is_bare and is_told else f"it ended as {told['outcome']} and says more"
    return _fault_of_archived(told)


def _fault_of_archived(told: Mapping[str, Any]) -> str | None:
    if urls.picture_address(told["url"]) is None:
        return f"{told['url']} is out of scope"
    if not (isinstance(told["fetched_url"], str) and isinstance(told["type"], str)):
        return f"{told['fetched_url']!r} gave {told['type']!r}"
    if not _is_count(told["size"]) or not _SHA256.fullmatch(str(told["sha256"])):
        return f"size {told['size']!r}, sha256 {told['sha256']!r}"
    return None if told["detail"] is None else "it is archived, and says why it isn't"


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _of_bytes(
    report: PicturesReport, told: Mapping[str, Any], data_dir: Path, moved: MovedMonths
) -> tuple[str, str | None]:
    """The code and the sentence of what a line says against the bytes that it points at; None
    for the sentence where it agrees."""
    if told["outcome"] != PictureOutcome.ARCHIVED:
        return "", None
    try:
        pointer = WarcPointer(**told["warc"])
        if moved.misses(data_dir, pointer.file):
            report.moved += 1
            return "", None
        page = read_page(data_dir, pointer)
    except (WarcError, DecodeError, TypeError, ValueError, AttributeError) as error:
        return _NO_RECORD, f"{told['url']}: {error}"
    found = {
        "fetched_url": page.url,
        "at": page.fetched_at,
        "size": len(page.body),
        "sha256": hashlib.sha256(page.body).hexdigest(),
        "type": picture_type(page.body),
    }
    if page.status != 200:
        return _OTHER_BYTES, f"{told['url']}: its record is an answer with HTTP {page.status}"
    for name, value in found.items():
        if told[name] != value:
            return _OTHER_BYTES, f"{told['url']}: {name} is {told[name]}, in the WARC {value}"
    return "", None


def check_archived(paths: Sequence[Path], ledger: Ledger, path: Path) -> Iterator[Finding]:
    """Hold the pictures that lines say are archived against the ledger, run by run; `paths` are all
    files there are, `path` is the ledger's."""
    runs = set()
    for file in paths:
        run_id = run_of(file.name)
        if run_id is None:
            continue
        runs.add(run_id)
        known = {
            (row.article_id, row.url) for row in ledger.pictures.of_run(run_id, archived_only=True)
        }
        told = set(_archived_in(file))
        for missing, message in (
            (told - known, "its line says that it is archived, the ledger doesn't"),
            (known - told, "the ledger takes it for archived, no line says so"),
        ):
            if missing:
                article_id, url = min(missing)
                where = f"run {run_id}: {url} of {article_id}: {message}"
                yield Finding(path, None, "ledger_mismatch", where)
    for run_id in sorted(ledger.pictures.archiving_runs() - runs):
        message = f"the ledger knows pictures of run {run_id}, {images_name(run_id)} isn't there"
        yield Finding(path, None, "ledger_mismatch", message)


def _archived_in(file: Path) -> Iterator[tuple[str, str]]:
    """The pictures that a file's lines say are archived. Bad lines are reported by
    `check_pictures`."""
    for line in _pictures_in(file):
        if line.told is not None and line.told["outcome"] == PictureOutcome.ARCHIVED:
            yield line.told["article_id"], line.told["url"]
