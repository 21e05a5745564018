"""Files against each other: manifests, indexes, WARCs, and the originals that revisits refer to.

In: a data folder and the reports of its WARCs. Out: Findings, of what only shows between files.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.archive.verify import Finding
from crawler.durable import OPEN_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from crawler.archive.verify import Report


def warcs_of(data_dir: Path) -> list[Path]:
    """The published WARCs of a data folder."""
    return sorted(data_dir.glob("warc/*/*/*.warc.gz"))


def _published(data_dir: Path) -> list[Path]:
    return sorted([
        *warcs_of(data_dir),
        *data_dir.glob("warc/*/*/*.cdxj"),
        *data_dir.glob("jsonl/*/*/*.jsonl"),
    ])  # fmt: skip


def manifests_of(data_dir: Path) -> list[Path]:
    """The run reports of a data folder, which are the manifests of its files."""
    return sorted(data_dir.glob("runs/*.json"))


def check_strays(data_dir: Path, listed: Collection[str]) -> Iterator[Finding]:
    """Files that no run's manifest lists, were never closed, or index nothing."""
    for folder in ("warc", "jsonl"):
        for path in sorted(data_dir.glob(f"{folder}/*/*/*{OPEN_SUFFIX}")):
            yield Finding(
                path, None, "open_file", "it was never closed: a run is on, or was killed"
            )
    for path in sorted(data_dir.glob("warc/*/*/*.cdxj")):
        if not path.with_name(path.name.removesuffix(".cdxj") + ".warc.gz").exists():
            yield Finding(path, None, "orphan_index", "the WARC it indexes is not there")
    for path in _published(data_dir):
        if path.relative_to(data_dir).as_posix() not in listed:
            yield Finding(path, None, "orphan_file", "no run's manifest lists it")


@dataclass(slots=True)
class Manifest:
    """What was found in one manifest, and the files it lists, relative to the data folder."""

    path: Path
    listed: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def add(self, path: Path, code: str, message: str) -> None:
        self.findings.append(Finding(path, None, code, message))


def check_manifest(data_dir: Path, manifest: Path, records: Mapping[Path, int]) -> Manifest:
    """Hold the files of a run against its manifest; `records` are the WARCs' by path."""
    report = Manifest(manifest)
    try:
        told: dict[str, Any] = json.loads(manifest.read_bytes())
        rows: list[dict[str, Any]] = told["files"]
        names = [str(row["path"]) for row in rows]
        counted, seen = sum(told.get("outcomes", {}).values()), told.get("urls_seen", 0)
    except (AttributeError, OSError, ValueError, KeyError, TypeError) as error:
        report.add(manifest, "bad_manifest", f"{type(error).__name__}: {error}")
        return report
    if counted != seen:
        report.add(manifest, "bad_manifest", f"its outcomes add up to {counted}, not to {seen}")
    for row, name in zip(rows, names, strict=True):
        path = data_dir / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            report.add(manifest, "bad_manifest", f"it leads out of the folder: {name!r}")
            continue
        report.listed.append(name)
        if not path.is_file():
            report.add(path, "missing_file", f"{manifest.name} lists it")
            continue
        found = _measured(path)
        if path in records:
            found["records"] = records[path]
        for what, value in found.items():
            if row.get(what) != value:
                message = f"{manifest.name} says {what} {row.get(what)}, it is {value}"
                report.add(path, "manifest_mismatch", message)
    return report


def _measured(path: Path) -> dict[str, Any]:
    """Digest and size of a file, of one of lines also their number."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        measured: dict[str, Any] = {"sha256": digest, "bytes": file.tell()}
        if path.suffix != ".gz":
            file.seek(0)
            measured["records"] = sum(1 for _ in file)
    return measured


def check_originals(data_dir: Path, reports: Iterable[Report]) -> Iterator[Finding]:
    """Every revisit's original must stand in a published file's index, with that digest."""
    reports = list(reports)
    wanted = {
        (original.uri, _timestamp(original.date), original.payload_digest)
        for report in reports
        for original in report.originals
    }
    if not wanted:
        return
    found = set()
    for path in sorted(data_dir.glob("warc/*/*/*.cdxj")):
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
            if key not in found:
                message = f"no capture of {original.uri} at {original.date} has that digest"
                yield Finding(report.path, original.offset, "revisit_of_nothing", message)


def _timestamp(date: str) -> str:
    return "".join(character for character in date if character.isdigit())[:14]
