"""Proves published lines: each is derived again from the records it points at and compared.

In: a JSONL file and its data folder. Out: a Finding for each line that is not what its records and
today's code give, the fields that another extractor version read otherwise, and a summary of each
line, by which lines are held against each other and against the ledger. Of a gone line the looks
that it rests on must be in the archive and say so.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import nullcontext
from dataclasses import fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from crawler import extraction, urls
from crawler.archive.decode import DecodeError
from crawler.archive.pointers import MissingFileError, is_our_file, pointed_at, read_page
from crawler.archive.reader import WarcError
from crawler.archive.wacz import MARK, Unpacked
from crawler.data_dir import FILE_PREFIX, LINES_FOLDER, LINES_SUFFIX, run_of
from crawler.items import (
    HISTORY_KEYS,
    LONGEST_VALIDATOR,
    Article,
    Gone,
    WarcPointer,
    as_line,
    as_record,
    keys_of,
)
from crawler.layouts import NO_LAYOUTS, AcceptedLayouts, NotAnArticle
from crawler.ledger import line_rows
from crawler.pages.assembly import AstrayError, IncompleteError
from crawler.pipelines.clean_text import clean_line
from crawler.pipelines.content_digest import content_sha256
from crawler.storage import StorageError, is_there, open_file
from crawler.verification.file_places import MOVED_FILE, MovedMonths
from crawler.verification.findings import Finding, LinesReport
from crawler.verification.line_summaries import spooled, summary_of
from crawler.verification.revisit_lines import NeededRevisits, archives_near, pages_of_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import TextIO

    from crawler.items import Page

# Sentences kept of one file; the counts hold all.
_MAX_NOTES = 1000

# What no extractor decides: it must be the same whichever version made the line.
_OF_THE_RECORD = frozenset({"url", "fetched_at", "http", "warc", "warc_pages", "archive"})

# The number of a line in its run.
_COUNT = re.compile("[1-9][0-9]{0,9}")

_POINTER = {one.name: {"str": str, "int": int}[str(one.type)] for one in fields(WarcPointer)}

# What a gone record says; every other key is empty in it.
_SAID = frozenset({
    "id", "version", "status", "gone", "url", "canonical_url", "also_at", "region", "title",
    "previous_sha256", "first_seen_at", "fetched_at", "extractor_version", "run_id",
    "schema_version", "line",
})  # fmt: skip

_LEAST_LOOKS = 2
# A look is noted when its answer was read: later than the answer's record, and not by much.
_LONGEST_READING = timedelta(days=1)

# How extraction says that pages are no article, or not all of one.
REFUSALS = (NotAnArticle, AstrayError, IncompleteError)


def verify_lines(
    path: Path,
    data_dir: Path,
    folders: Sequence[Path] = (),
    spool: Path | None = None,
    moved: MovedMonths = MovedMonths(),  # noqa: B008 - frozen
    accepted: AcceptedLayouts = NO_LAYOUTS,
) -> LinesReport:
    """Check every line of one published JSONL file. Revisits that lines rest on are looked for in
    the files that its lines point into, beside them, and in `folders`. Summaries of the lines of a
    run go to `spool`. Of lines whose records were moved away only the digest is checked."""
    report = LinesReport(path, spool if path.is_relative_to(data_dir) else None)
    with report.spool.open("w", encoding="ascii") if report.spool else nullcontext() as summaries:
        proof = _Proof(report, data_dir, summaries, moved, accepted)
        try:
            with open_file(path) as file:
                offset = 0
                for raw in file:
                    report.lines += 1
                    proof.check(offset, raw)
                    offset += len(raw)
            proof.close(folders)
        except OSError as error:
            report.findings.append(Finding(path, None, "unreadable", error.strerror or str(error)))
        finally:
            proof.unpacked.close()
    if not report.lines:
        report.findings.append(Finding(path, 0, "empty_file", "there is no line"))
    return report


def verify_line(path: Path, number: int, offset: int, raw: bytes, data_dir: Path) -> LinesReport:
    """Check one published line by itself, as `verify_lines` checks each of a file's. A line that
    rests on a revisit in others' archives is `unproved`: they aren't read through for it. So is one
    whose records were moved away. Raises MovedMonthsError."""
    report = LinesReport(path, lines=number)
    try:
        accepted = AcceptedLayouts.of(data_dir)
    except StorageError as error:
        report.findings.append(Finding(path, offset, "bad_layout", str(error)))
        return report
    proof = _Proof(report, data_dir, None, MovedMonths.of(data_dir), accepted)
    try:
        proof.check(offset, raw)
        proof.close_files()
        report.unproved += proof.unproved()
        if report.moved:
            report.unproved.append(f"its records were moved away, as {MOVED_FILE} says")
    finally:
        proof.unpacked.close()
    return report


class _Proof:
    """The checks of one file's lines."""

    def __init__(
        self,
        report: LinesReport,
        data_dir: Path,
        summaries: TextIO | None,
        moved: MovedMonths,
        accepted: AcceptedLayouts,
    ) -> None:
        self._accepted = accepted
        self._moved = moved
        self._report = report
        self._data_dir = data_dir
        self._summaries = summaries
        self._offset = 0
        self._count = 0
        self._missing: Counter[Path] = Counter()
        self._files: dict[str, None] = {}
        self._needed = NeededRevisits()
        self.unpacked = Unpacked()

    def check(self, offset: int, raw: bytes) -> None:
        self._offset = offset
        line = self._parsed(raw)
        if line is None:
            return
        try:
            pointers = _pointers(line)
            derived = self._check_records(line, raw, pointers)
            self._check_run(line, derived)
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            self._add("bad_line", f"no values of ours: {error}")
        except ExtractionFailedError as error:
            self._add("extraction_failed", f"{line['id']}: {error}")

    def _check_records(
        self, line: dict[str, Any], raw: bytes, pointers: list[WarcPointer]
    ) -> dict[str, Any] | None:
        """Hold a line against its records; return what today's code makes of them, or None."""
        try:
            pages = [
                read_page(self._data_dir, pointer, unpacked=self.unpacked) for pointer in pointers
            ]
        except MissingFileError as error:
            if self._has_moved(error.path):
                self._check_digest(line)
            else:
                self._missing[error.path] += 1
            return None
        except (WarcError, DecodeError) as error:
            self._add("bad_pointer", str(error))
            return None
        if line["status"] == "gone":
            self._check_gone(line, raw, pages)
            return None
        if not pages:
            raise TypeError("it points at no record")
        self._files.update((pointer.file, None) for pointer in pointers)
        return self._check_told(line, raw, pages)

    def _has_moved(self, path: Path) -> bool:
        data_dir = self._data_dir
        return path.is_relative_to(data_dir) and self._moved.has(
            path.relative_to(data_dir).as_posix()
        )

    def _check_digest(self, line: Mapping[str, Any]) -> None:
        """Check a line whose records were moved away: only its own digest can be."""
        self._report.moved += 1
        if line["status"] != "gone" and line["content_sha256"] != content_sha256(line):
            self._add("line_mismatch", f"{line['id']}: content_sha256 is not that of its fields")

    def close(self, folders: Sequence[Path]) -> None:
        """Report what shows only at the end: files that aren't there, and revisits that lines
        need and no archive has."""
        self.close_files()
        self._needed.look_in(archives_near(map(self._file, self._files), folders))
        for number, offset, article_id, url, date in self._needed.left():
            at = f" at {date}" if date else ""
            what = f"its record is of another look, and no revisit is found of {url}{at}"
            message = f"line {number}: {article_id}: {what}"
            self._report.findings.append(
                Finding(self._report.path, offset, "line_mismatch", message)
            )

    def close_files(self) -> None:
        """Report each file that isn't there once for all lines that point into it."""
        for path, count in self._missing.items():
            lines = "1 line points" if count == 1 else f"{count} lines point"
            what = f"{lines} into {path}, which is not there"
            self._report.findings.append(Finding(self._report.path, None, "bad_pointer", what))

    def unproved(self) -> list[str]:
        """A sentence for each revisit that a line rests on and that was not looked for."""
        return [
            f"{article_id} rests on a revisit of {url} that was not looked for"
            for _, _, article_id, url, _ in self._needed.left()
        ]

    def _add(self, code: str, message: str) -> None:
        where = f"line {self._report.lines}: {message}"
        self._report.findings.append(Finding(self._report.path, self._offset, code, where))

    def _parsed(self, raw: bytes) -> dict[str, Any] | None:
        try:
            line = json.loads(raw)
        except (ValueError, RecursionError) as error:
            self._add("bad_line", f"not JSON: {error}")
            return None
        try:
            keys = keys_of(line)
        except (TypeError, KeyError, ValueError) as error:
            self._add("bad_line", f"no format of ours: {error}")
            return None
        if tuple(line) != keys:
            self._add("bad_line", "its keys are not those of the format, in their order")
            return None
        return line  # type: ignore[no-any-return]

    def _check_told(
        self, line: dict[str, Any], raw: bytes, pages: list[Page]
    ) -> dict[str, Any] | None:
        """Check that the line follows from its pages; the revisits that it needs for that are
        looked for at the end."""
        told, needed = pages_of_line(line, pages, self._is_ours)
        before = len(self._report.findings)
        derived = self._check_derived(line, raw, told)
        if len(self._report.findings) == before:
            for revisit in needed:
                self._needed.add(revisit, self._report.lines, self._offset, str(line["id"]))
        return derived

    def _is_ours(self, page: Page) -> bool:
        assert page.warc
        return is_our_file(pointed_at(self._data_dir, page.warc, self.unpacked))

    def _file(self, name: str) -> Path:
        """The archive of a name in pointers; the package of one inside a WACZ."""
        path = self._data_dir / name
        return path if is_there(path) else self._data_dir / name.partition(MARK)[0]

    def _check_derived(
        self, line: dict[str, Any], raw: bytes, pages: list[Page]
    ) -> dict[str, Any] | None:
        is_same_code = line["extractor_version"] == self._accepted.version
        try:
            derived = as_record(extract_again(pages, self._accepted, must_be_whole=True))
            derived["schema_version"] = line["schema_version"]
        except REFUSALS as error:
            self._differs(line, f"{type(error).__name__}: {error}", (), is_same_code)
            return None
        keys = keys_of(line)
        again = as_line({key: line[key] if key in HISTORY_KEYS else derived[key] for key in keys})
        if again == raw:
            return derived
        values = json.loads(again)
        names = [key for key in keys if values[key] != line[key]]
        others = [name for name in names if name != "extractor_version"]
        if not names:
            self._add("line_mismatch", "the values are right, but not written as the crawl does")
        elif is_same_code or _OF_THE_RECORD & set(others) - _in_older_form(line, pages[0]):
            self._differs(line, f"not what its record gives: {', '.join(names)}", others, True)
        elif line["content_sha256"] != content_sha256(line):
            self._differs(line, "content_sha256 is not that of its fields", others, True)
        elif others:
            self._differs(line, ", ".join(others), others, False)
        return derived

    def _differs(
        self, line: Mapping[str, Any], what: str, names: list[str] | tuple[()], is_defect: bool
    ) -> None:
        if is_defect:
            self._add("line_mismatch", f"{line['id']}: {what}")
            return
        report = self._report
        report.differing += 1
        report.fields.update(names or ["(all)"])
        if len(report.notes) < _MAX_NOTES:
            report.notes.append(
                f"{report.path} line {report.lines}: {line['id']}, extracted by"
                f" {line['extractor_version']}, is now different: {what}"
            )

    def _check_gone(self, line: dict[str, Any], raw: bytes, pages: list[Page]) -> None:
        """Check a gone record, which has no content to derive, against the looks that it rests
        on."""
        accepted = self._accepted
        is_same_code = line["extractor_version"] == accepted.version
        faults = list(faults_of_gone(line, pages, accepted, is_same_code=is_same_code))
        for fault in faults:
            self._add("line_mismatch", f"{line['id']}: {fault}")
        if not faults and as_line(line) != raw:
            self._add("line_mismatch", "the values are right, but not written as the crawl does")

    def _check_run(self, line: Mapping[str, Any], derived: Mapping[str, Any] | None) -> None:
        """Check that a line stands in the file of its run, and keep its summary for the checks
        between lines."""
        path = self._report.path
        if line["run_id"] is None and not path.is_relative_to(self._data_dir / LINES_FOLDER):
            # `scrapy reextract` made it, no run
            return
        is_own = path.name == f"{FILE_PREFIX}{line['run_id']}{LINES_SUFFIX}"
        if not is_own and run_of(path.name) != line["run_id"]:
            self._add("history_mismatch", f"{line['id']}: run_id is {line['run_id']!r}")
        self._check_key(line)
        if self._summaries is None:
            return
        summary = summary_of(
            line,
            path.relative_to(self._data_dir).as_posix(),
            number=self._report.lines,
            offset=self._offset,
            derived=derived,
        )
        self._summaries.write(spooled(summary))
        if summary.outcome is None:
            self._report.corrections += 1
        elif summary.is_captured:
            self._report.captured.setdefault(summary.id, summary.outcome)
        else:
            self._report.outcomes[summary.outcome] += 1
        self._report.foreign += not summary.is_own_capture

    def _check_key(self, line: Mapping[str, Any]) -> None:
        """Check that the key of a line is its run's id with a number that grows from line to
        line."""
        if line["schema_version"] == 1:
            return
        run_id, _, number = str(line["line"]).rpartition(":")
        count = int(number) if _COUNT.fullmatch(number) else 0
        if run_id != line["run_id"] or count <= self._count:
            message = f"its key is {line['line']!r}, number {self._count} the one before"
            self._add("history_mismatch", f"{line['id']}: {message}")
        self._count = max(self._count, count)


def _pointers(line: Mapping[str, Any]) -> list[WarcPointer]:
    """Every record a line points at: its pages, or the looks that a gone record rests on."""
    if line["gone"] is not None:
        rows = [one["warc"] for one in line["gone"]["observations"] if one["warc"] is not None]
    else:
        rows = line["warc_pages"] or [line["warc"]]
    for row in rows:
        types = {name: type(value) for name, value in row.items()}
        if types != _POINTER:
            raise TypeError(f"not a pointer: {str(row)[:200]}")
    return [WarcPointer(**row) for row in rows]


def _in_older_form(line: Mapping[str, Any], page: Page) -> set[str]:
    """`http` where the line has it as earlier extractors wrote it: the validators, ETag and
    Last-Modified, with their white space cleaned as that of texts."""
    http: dict[str, int | str | None] = {"status": page.status}
    for name, header in (("etag", "ETag"), ("last_modified", "Last-Modified")):
        http[name] = clean_line((page.header(header) or "")[:LONGEST_VALIDATOR]) or None
    return {"http"} if line["http"] == http else set()


class ExtractionFailedError(Exception):
    """Extraction raised an exception that it doesn't document: a fault of the code, which says
    nothing of the page."""


def extract_again(
    pages: Sequence[Page],
    accepted: AcceptedLayouts = NO_LAYOUTS,
    *,
    must_be_whole: bool = False,
) -> Article:
    """The article that today's code makes of the pages, with these accepted layouts.

    Raises what `extraction.extract` documents, MemoryError, and ExtractionFailedError for anything
    else that went wrong in it.
    """
    try:
        return extraction.extract(pages, accepted, must_be_whole=must_be_whole)
    except (*REFUSALS, MemoryError):
        raise
    except Exception as error:
        message = f"today's code fails on the archived page: {type(error).__name__}: {error}"
        raise ExtractionFailedError(message) from error


def faults_of_gone(
    line: Mapping[str, Any],
    pages: Sequence[Page],
    accepted: AcceptedLayouts = NO_LAYOUTS,
    *,
    is_same_code: bool,
) -> Iterator[str]:
    """What is wrong with a gone record. `pages` are those of the observations that have a
    record, in their order; `is_same_code` says that today's code with these accepted layouts
    made the line. Raises TypeError, KeyError, ValueError where its values aren't of the format."""
    fault = _fault_of_form(line)
    if fault is not None:
        yield fault
        return
    looks = line["gone"]["observations"]
    yield from _disagreements(line, looks)
    unproved = sum(one["warc"] is None for one in looks)
    if unproved:
        yield f"{unproved} of its looks have no record"
    recorded = [one for one in looks if one["warc"] is not None]
    for look, page in zip(recorded, pages, strict=True):
        yield from _denied(line, look, page)
    if is_same_code and not unproved and _is_readable(pages[-1], accepted):
        yield f"the record of {looks[-1]['at']} holds the article"


def _fault_of_form(line: Mapping[str, Any]) -> str | None:
    """Why a line can't be read as a gone record, or None."""
    version, blank = line["schema_version"], _blank(line)
    full = [key for key in keys_of(line) if key not in _SAID and line[key] != blank[key]]
    if full or not line["gone"]:
        return f"a gone record without reason or with content: {', '.join(full) or 'gone'}"
    said = [one.name for one in fields(Gone) if version > 1 or one.name != "last"]
    if list(line["gone"]) != said:
        return f"gone has not the keys {', '.join(said)}"
    looks = line["gone"]["observations"]
    if len(looks) < _LEAST_LOOKS:
        return f"it rests on {len(looks)} looks, a withdrawal takes {_LEAST_LOOKS}"
    return None


def _disagreements(line: Mapping[str, Any], looks: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Where the record's times and reason aren't those of its looks."""
    gone = line["gone"]
    times = [line_rows.moment(one["at"]) for one in looks]
    if times != sorted(times):
        yield "its looks are not in the order of their times"
    if (gone["first_observed_at"], gone["confirmed_at"]) != (looks[0]["at"], looks[-1]["at"]):
        yield "its times are not those of the first and the last look"
    if line["fetched_at"] != gone["confirmed_at"]:
        yield "fetched_at is not that of the confirming look"
    if gone["reason"] != looks[-1]["reason"]:
        yield "its reason is not that of the confirming look"


def _blank(line: Mapping[str, Any]) -> dict[str, Any]:
    article = Article(
        id=line["id"],
        url=line["url"],
        canonical_url=line["canonical_url"],
        region=None,
        layout=None,
        extractor_version=line["extractor_version"],
        fetched_at=line["fetched_at"],
    )
    return as_record(article)


def _denied(line: Mapping[str, Any], look: Mapping[str, Any], page: Page) -> Iterator[str]:
    """How the record of a look contradicts the look."""
    at = look["at"]
    if page.status != look["status"]:
        yield f"the look of {at} says HTTP {look['status']}, its record {page.status}"
    noted_after = line_rows.moment(at) - line_rows.moment(page.fetched_at)
    if not timedelta() <= noted_after <= _LONGEST_READING:
        yield f"the look of {at} points at a record of {page.fetched_at}"
    is_own = urls.article_id(page.url) == urls.article_id(line["canonical_url"])
    if not (is_own or page.url in look["reason"]):
        yield f"the look of {at} points at a record of {page.url}"


def _is_readable(page: Page, accepted: AcceptedLayouts) -> bool:
    if page.status != 200 or urls.article(page.url) is None:
        return False
    try:
        return not extraction.is_empty(extract_again([page], accepted))
    except REFUSALS:
        return False
