"""The ledger against what is published, both ways: its rows against lines and reports, and back.

In: the ledger, the summaries of the lines, the manifests. Out: a Finding for each line or run that
one of them lacks, and for each row that says otherwise. What a row knows beside (list walks, next
looks, what failed) is published nowhere and can't be proved.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, fields
from itertools import islice
from typing import TYPE_CHECKING, Any

from crawler.clock import iso
from crawler.data_dir import ledger_file, lines_name, report_file
from crawler.items import WarcPointer
from crawler.ledger.dump import StoredArticle, parsed
from crawler.outcomes import WITH_LINE
from crawler.storage import open_path, path_now
from crawler.verification.findings import Finding
from crawler.verification.line_summaries import key_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from crawler.ledger.dump import Values
    from crawler.ledger.ledger import Ledger
    from crawler.verification.across_warcs import RecordIds
    from crawler.verification.line_summaries import LineSummary, Summaries
    from crawler.verification.manifests import Manifest

_CHUNK = 500
_POINTER = [one.name for one in fields(WarcPointer)]
_OF_VERSIONS = (
    "version", "status", "fetched_at", "title", "content_sha256", "extractor_version", "changed",
    "warc_pages", "jsonl", "line_sha256", "run_id", "line", "revision", "corrects", "source",
    "archive",
)  # fmt: skip
_OF_STATE = ("url", "canonical_url", "region", "status", "state_at", "version")
_OF_CONTENT = ("published_at", "etag", "last_modified")
_OF_RUNS = {"counts": "outcomes"} | {
    name: name for name in ("started_at", "command", "finished_at", "exit_code", "reason")
}
# The length of an id that is the digest of an address which isn't an article's.
_HASHED_ID = 64


@dataclass(slots=True)
class LedgerProof:
    """`names` are the JSONL files that were read, relative to the data folder. With `is_whole`
    these are all there are, so that rows of lines in others are missing lines; `is_busy`: a run is
    or was on meanwhile, whose rows are passed over; `version` is the extractor's that read the
    lines again."""

    data_dir: Path
    ledger: Ledger
    names: Collection[str]
    manifests: Mapping[str, Manifest]
    parts: Sequence[Manifest]
    is_whole: bool
    is_busy: bool
    version: str
    unfinished: set[str] = field(default_factory=set)
    lost: Counter[str] = field(default_factory=Counter)

    def check(self, summaries: Summaries, ids: RecordIds) -> Iterator[Finding]:
        """Hold lines, records and reports against the ledger. Raises LedgerError."""
        yield from self._check_runs()
        yield from self._check_articles(summaries, ids)
        for name, count in sorted(self.lost.items()):
            lines = "1 line" if count == 1 else f"{count} lines"
            message = f"the ledger knows {lines} of it, and it is not there"
            yield Finding(self.data_dir / name, None, "missing_line", message)
        if self.is_whole:
            yield from self._check_lists(ids)
            yield from self._check_visits()
            yield from self._check_publications()

    # --- runs ----------------------------------------------------------------------------------

    def _check_runs(self) -> Iterator[Finding]:
        known = set()
        is_part = not self.is_whole and len(self.manifests) <= _CHUNK
        for row in self.ledger.dump.runs(self.manifests if is_part else None):
            run_id = row["run_id"]
            known.add(run_id)
            manifest = self.manifests.get(run_id)
            path = report_file(self.data_dir, run_id)
            if row["finished_at"] is None:
                self.unfinished.add(run_id)
            elif manifest is None:
                if self.is_whole and not self.is_busy:
                    yield Finding(path, None, "missing_report", "the ledger knows of the run")
            elif manifest.told:
                yield from self._differing(path, _run_differences(row, manifest.told))
        for run_id, manifest in self.manifests.items():
            if run_id not in known and manifest.told:
                yield Finding(manifest.path, None, "not_in_ledger", "the ledger knows no such run")

    def _check_visits(self) -> Iterator[Finding]:
        """Compare how addresses ended, which the ledger keeps of the last run."""
        for run_id, manifest in self.manifests.items():
            if run_id in self.unfinished or not manifest.told:
                continue
            regions = self.ledger.visits.outcomes_by_region(run_id)
            if not regions:
                continue
            outcomes: Counter[str] = Counter()
            for counts in regions.values():
                outcomes.update(counts)
            told = json.loads(manifest.path.read_bytes())
            kept = {"outcomes": outcomes, "regions": regions}
            told["regions"] = {code: row for code, row in told["regions"].items() if row}
            names = [name for name, value in kept.items() if value != told[name]]
            yield from self._differing(manifest.path, names)

    def _check_publications(self) -> Iterator[Finding]:
        """Compare the numbers of parts and reports, but for those of a run that is on or was
        killed, which are still being given."""
        left = {
            one.path.relative_to(self.data_dir).as_posix(): one
            for one in (*self.parts, *self.manifests.values())
            if one.seq and one.told
        }
        after = 0
        while rows := self.ledger.publications.after(after):
            after = rows[-1].seq
            for row in rows:
                manifest = left.pop(row.path, None)
                path = self.data_dir / row.path
                if row.run_id in self.unfinished or self._is_new({"run_id": row.run_id}):
                    continue
                if manifest is None:
                    # a missing report is told of already
                    if row.part is not None:
                        message = f"the ledger knows it as publication {row.seq}"
                        yield Finding(path, None, "missing_report", message)
                    continue
                at = manifest.told["published_at" if row.part is not None else "finished_at"]
                told = {"seq": manifest.seq, "part": manifest.told.get("part"), "published_at": at}
                kept = {"seq": row.seq, "part": row.part, "published_at": iso(row.published_at)}
                yield from self._differing(path, [key for key in kept if kept[key] != told[key]])
        for manifest in left.values():
            if not self.is_busy:
                message = f"the ledger doesn't know publication {manifest.seq}"
                yield Finding(manifest.path, None, "not_in_ledger", message)

    # --- articles ------------------------------------------------------------------------------

    def _check_articles(self, summaries: Summaries, ids: RecordIds) -> Iterator[Finding]:
        for told, rows in self._pairs(summaries):
            is_settled = True
            for finding in self._check_versions(told, rows):
                is_settled = False
                yield finding
            if self._is_moving(rows) or not (self.is_whole and is_settled):
                continue
            if told:
                yield from self._check_state(told, rows)
            else:
                yield from self._check_unpublished(rows)
            yield from self._check_observed(told, rows, ids)

    def _pairs(self, summaries: Summaries) -> Iterator[tuple[list[LineSummary], StoredArticle]]:
        """The lines and the rows of each article that has any; in a part of the folder, of each
        that has lines there."""
        told = summaries.by_article()
        if self.is_whole:
            yield from _merged(told, self.ledger.dump.by_article())
            return
        while chunk := list(islice(told, _CHUNK)):
            ids = [lines[0].id for _, lines in chunk if lines[0].id.isprintable()]
            yield from _merged(iter(chunk), self.ledger.dump.by_article(ids))

    def _is_moving(self, rows: StoredArticle) -> bool:
        return any(self._is_open(row) for row in rows.versions) or (
            self.is_busy and bool(rows.observations) and self._is_new(rows.observations[-1])
        )

    def _is_open(self, row: Values) -> bool:
        """Whether a row tells of a line in a file that no reader takes for finished. The first of
        several parts is begun under the name of an only one."""
        if self._is_new(row):
            return True
        if row["run_id"] not in self.unfinished:
            return False
        names = (row["jsonl"], lines_name(row["run_id"]))
        return any(open_path(self.data_dir / name).is_file() for name in names)

    def _is_new(self, row: Values) -> bool:
        return self.is_busy and row["run_id"] not in self.manifests

    def _check_versions(
        self, told: Sequence[LineSummary], rows: StoredArticle
    ) -> Iterator[Finding]:
        """Each line has its row, and each row its line. `left` are the rows not yet met; a line of
        another digest is held against a row of the same time."""
        left = {row["line_sha256"]: row for row in rows.versions}
        unknown = []
        for line in {one.row["line_sha256"]: one for one in told}.values():
            row = left.pop(line.row["line_sha256"], None)
            if row is None:
                unknown.append(line)
            else:
                yield from self._check_version(line, row, told)
        for line in unknown:
            order = (line.fetched_at, line.revision)
            same_time = [one for one in left.values() if _order(one) == order]
            if same_time:
                row = left.pop(same_time[-1]["line_sha256"])
                names = _differences(row, line.row, _OF_VERSIONS)
                yield _finding(self, line, "ledger_mismatch", _says(names))
            else:
                message = "the ledger knows of no such version"
                yield _finding(self, line, "not_in_ledger", message)
        for row in left.values():
            yield from self._missing(row)

    def _check_version(
        self, line: LineSummary, row: Values, told: Sequence[LineSummary]
    ) -> Iterator[Finding]:
        """Compare a line with its row. A line that stands in two files is reported by another
        check."""
        names = _differences(row, line.row, _OF_VERSIONS)
        copies = {one.jsonl for one in told if one.row["line_sha256"] == row["line_sha256"]}
        if names == ["jsonl"] and row["jsonl"] not in copies:
            message = f"the ledger has it in {row['jsonl']}"
            yield _finding(self, line, "ledger_mismatch", message)
        elif names and names != ["jsonl"]:
            yield _finding(self, line, "ledger_mismatch", _says(names))

    def _missing(self, row: Values) -> Iterator[Finding]:
        name = str(row["jsonl"])
        if self._is_open(row):
            return
        if name in self.names:
            what = f"version {row['version']}, {row['status']}, of {row['fetched_at']}"
            message = f"{row['article_id']}: the ledger has its {what}"
            yield Finding(self.data_dir / name, None, "missing_line", message)
        elif self.is_whole:
            self.lost[name] += 1

    def _check_state(self, told: Sequence[LineSummary], rows: StoredArticle) -> Iterator[Finding]:
        """Check that the article's own row follows from its newest line and its newest line
        with content."""
        order = {row["line_sha256"]: row["number"] for row in rows.versions}
        lines = sorted(
            told, key=lambda one: (one.fetched_at, one.revision, order[one.row["line_sha256"]])
        )
        newest, content = lines[-1], [one for one in lines if not one.is_gone][-1:]
        row = rows.article
        if row is None:
            yield _finding(self, newest, "ledger_mismatch", "the ledger has no row of the article")
            return
        names = _differences(row, newest.state, _OF_STATE)
        first = min(lines, key=lambda one: order[one.row["line_sha256"]])
        if row["first_seen_at"] != (first.first_seen_at or first.fetched_at):
            names.append("first_seen_at")
        if str(row["last_checked_at"]) < newest.fetched_at:
            names.append("last_checked_at")
        suspected_at = row["suspected_at"]
        if suspected_at and (newest.is_gone or str(suspected_at) < newest.fetched_at):
            names.append("suspected_at")
        for one in content:
            names += _differences(row, one.content, _OF_CONTENT)
            if row["number"] != order[one.row["line_sha256"]]:
                names.append("number")
            names += self._digest_differences(row, one)
        if names:
            yield _finding(self, newest, "ledger_mismatch", f"of the article {_says(names)}")
        yield from self._check_addresses(newest, first, rows.addresses)

    def _check_addresses(
        self, newest: LineSummary, first: LineSummary, rows: Sequence[Values]
    ) -> Iterator[Finding]:
        lacking = {newest.canonical_url, *newest.also_at} - {row["url"] for row in rows}
        if lacking:
            message = f"the ledger doesn't have it at {min(lacking)}"
            yield _finding(self, newest, "ledger_mismatch", message)
        if first.first_seen_at not in {None, *(row["first_seen_at"] for row in rows)}:
            message = "the ledger first saw its addresses at another time"
            yield _finding(self, first, "ledger_mismatch", message)
        found = [[row["found_on"], row["position"], row["title"]] for row in rows]
        if newest.discovered_from and newest.discovered_from not in found:
            message = "the ledger found its addresses elsewhere"
            yield _finding(self, newest, "ledger_mismatch", message)

    def _check_unpublished(self, rows: StoredArticle) -> Iterator[Finding]:
        """Check that an article without lines isn't archived for the ledger, and that none of
        its addresses ended with a line."""
        ended = [row["url"] for row in rows.addresses if row["result"] in WITH_LINE]
        if rows.article or (ended and len(rows.id) != _HASHED_ID):
            message = f"{rows.id}: it is published for the ledger, and has no line"
            yield Finding(ledger_file(self.data_dir), None, "ledger_mismatch", message)

    def _check_observed(
        self, told: Sequence[LineSummary], rows: StoredArticle, ids: RecordIds
    ) -> Iterator[Finding]:
        """Check that the ledger has the looks that gone records rest on, and that all looks
        point at records."""
        kept = {
            (row["at"], row["url"]): [row["status"], row["reason"], _pointers(row["warc"])]
            for row in rows.observations
        }
        for line in told:
            for at, url, *look in line.observations:
                if kept.get((at, url)) != look:
                    message = f"the ledger has another look of {at}, or none"
                    yield _finding(self, line, "ledger_mismatch", message)
        for row in rows.observations:
            for pointer in _pointers(row["warc"]):
                if not self._is_archived(pointer, ids):
                    message = f"{rows.id}: its look of {row['at']} points at no record"
                    yield Finding(ledger_file(self.data_dir), None, "ledger_mismatch", message)

    def _check_lists(self, ids: RecordIds) -> Iterator[Finding]:
        for row in self.ledger.dump.lists() if not self.is_busy else ():
            for pointer in _pointers(row["warc"]):
                if not self._is_archived(pointer, ids):
                    message = f"list {row['url']}: its answer points at no record"
                    yield Finding(ledger_file(self.data_dir), None, "ledger_mismatch", message)

    def _is_archived(self, pointer: Any, ids: RecordIds) -> bool:
        """Whether a record stands where a pointer leads. True for a file that is listed and
        isn't there, or is still open: another check reports it."""
        if len(pointer) != len(_POINTER) or not isinstance(pointer[0], str):
            return False
        values = dict(zip(_POINTER, pointer, strict=True))
        path = self.data_dir / values["file"]
        if path_now(path) == path:
            return ids.is_at(str(values["record_id"]), path, values["offset"])
        is_listed = any(values["file"] in one.listed for one in self.manifests.values())
        return is_listed or self.is_busy or open_path(path).is_file()

    def _differing(self, path: Path, names: Sequence[str]) -> Iterator[Finding]:
        if names:
            yield Finding(path, None, "ledger_mismatch", _says(names))

    def _digest_differences(self, row: Values, content: LineSummary) -> list[str]:
        """The article's digest is the line's, or what a later extractor makes of its capture; only
        today's can be asked."""
        digest, code = row["content_sha256"], row["extractor_version"]
        if code == content.row["extractor_version"]:
            expected = content.row["content_sha256"]
        elif code == self.version and content.again_sha256:
            expected = content.again_sha256
        else:
            return []
        return [] if digest == expected else ["content_sha256"]


def _merged(
    told: Iterator[tuple[bytes, list[LineSummary]]], rows: Iterable[StoredArticle]
) -> Iterator[tuple[list[LineSummary], StoredArticle]]:
    """Pair lines and rows of the same article; both come in the order of the articles' keys."""
    line = next(told, None)
    for row in rows:
        key = key_of(row.id)
        while line and line[0] < key:
            yield line[1], StoredArticle(line[1][0].id)
            line = next(told, None)
        if line and line[0] == key:
            yield line[1], row
            line = next(told, None)
        else:
            yield [], row
    while line:
        yield line[1], StoredArticle(line[1][0].id)
        line = next(told, None)


def _run_differences(row: Values, told: Mapping[str, Any]) -> list[str]:
    return [
        key
        for column, key in _OF_RUNS.items()
        if (parsed(row[column]) if column == "counts" else row[column]) != told[key]
    ]


def _differences(row: Values, told: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    return [name for name in names if _value(name, row[name]) != told[name]]


def _value(name: str, stored: Any) -> Any:
    if name == "warc_pages":
        return _pointers(stored)
    return parsed(stored) if name in ("changed", "corrects") else stored


def _order(row: Values) -> tuple[Any, Any]:
    return row["fetched_at"], row["revision"]


def _pointers(stored: Any) -> list[Any]:
    """Pointers as summaries have them; whatever else was written there stays what it is."""
    rows = parsed(stored)
    if not isinstance(rows, list):
        return [rows] if rows else []
    return [
        [row.get(name) for name in _POINTER] if isinstance(row, dict) else [row] for row in rows
    ]


def _says(names: Sequence[str]) -> str:
    return f"the ledger differs in {', '.join(names)}"


def _finding(proof: LedgerProof, line: LineSummary, code: str, message: str) -> Finding:
    where = f"line {line.number}: {line.id}: {message}"
    return Finding(proof.data_dir / line.jsonl, line.offset, code, where)
