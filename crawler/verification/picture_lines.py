"""The lines of `data/images/`: each by itself, its picture's bytes against it, then the ledger."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from crawler import urls
from crawler.archive.decode import DecodeError
from crawler.archive.pointers import read_page
from crawler.archive.reader import WarcError
from crawler.data_dir import images_name, run_of
from crawler.exporters.pictures import KEYS, OF_ARCHIVED, SCHEMA_VERSION
from crawler.items import WarcPointer
from crawler.media_type import picture_type
from crawler.outcomes import PictureOutcome
from crawler.storage import open_file
from crawler.verification.exact_lines import read_exactly
from crawler.verification.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from crawler.ledger.ledger import Ledger
    from crawler.verification.moved_months import MovedMonths

_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_ID = re.compile(r"[0-9]{5,12}|[0-9a-f]{32}|[0-9a-f]{64}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)

_TEXTS = ("run_id", "article_id", "url", "outcome", "at")

# What a record that isn't there is called, and one that holds something else.
_NO_RECORD, _OTHER_BYTES = "bad_pointer", "picture_mismatch"


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
    offset = 0
    seen: set[tuple[str, str]] = set()
    try:
        with open_file(path) as file:
            for number, line in enumerate(file, start=1):
                report.lines += 1
                told, fault = read_exactly(line, KEYS, "a picture", partial(_fault, path))
                code = "bad_picture"
                if told is not None:
                    code, fault = _of_bytes(report, told, data_dir, moved)
                    key = (told["article_id"], told["url"])
                    if key in seen:
                        code, fault = "bad_picture", f"{key[1]} of {key[0]} has a line already"
                    seen.add(key)
                if fault:
                    report.findings.append(Finding(path, offset, code, f"line {number}: {fault}"))
                offset += len(line)
    except OSError as error:
        message = error.strerror or str(error)
        report.findings.append(Finding(path, None, "bad_picture", message))
    if not report.lines and not report.findings:
        report.findings.append(Finding(path, 0, "empty_file", "there is no line"))
    return report


def _fault(path: Path, told: Mapping[str, Any]) -> str | None:
    """What a line says against the format."""
    bad = next((name for name in _TEXTS if not isinstance(told[name], str)), None)
    if bad is not None:
        return f"{bad} is {told[bad]!r}"
    if told["schema_version"] != SCHEMA_VERSION or told["run_id"] != run_of(path.name):
        return f"version {told['schema_version']!r}, of run {told['run_id']}"
    if not (_ID.fullmatch(told["article_id"]) and _is_count(told["version"])):
        return f"version {told['version']!r} of article {told['article_id']}"
    if told["outcome"] not in set(PictureOutcome) or not _UTC.fullmatch(told["at"]):
        return f"outcome {told['outcome']} at {told['at']}"
    if told["outcome"] != PictureOutcome.ARCHIVED:
        is_bare = all(told[name] is None for name in OF_ARCHIVED)
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
    """A code, and what a line says against the bytes it points at."""
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
    """The pictures that a file's lines say are archived; bad lines are told already."""
    with open_file(file) as opened:
        for line in opened:
            told, _ = read_exactly(line, KEYS, "a picture", partial(_fault, file))
            if told is not None and told["outcome"] == PictureOutcome.ARCHIVED:
                yield told["article_id"], told["url"]
