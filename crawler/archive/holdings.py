"""Files against each other: manifests, indexes, WARCs, and the originals that revisits refer to.

In: a data folder and the reports of its WARCs. Out: Findings.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.archive.verify import Finding, verify_warc
from crawler.durable import OPEN_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.archive.verify import Report


def warcs_of(data_dir: Path) -> list[Path]:
    """The published WARCs of a data folder."""
    return sorted(data_dir.glob("warc/*/*/*.warc.gz"))


def verify_holdings(data_dir: Path, reports: Iterable[Report]) -> Iterator[Finding]:
    """What only shows between files. `reports` are those of `warcs_of`."""
    reports = list(reports)
    yield from _check_originals(data_dir, reports)
    yield from _check_strays(data_dir)
    listed: dict[str, int] = {}
    for manifest in sorted(data_dir.glob("runs/*.json")):
        yield from _check_manifest(data_dir, manifest, reports, listed)
    for path in _published(data_dir):
        name = path.relative_to(data_dir).as_posix()
        if name not in listed:
            yield Finding(path, None, "orphan_file", "no run's manifest lists it")


def verify_archive(data_dir: Path) -> Iterator[Finding]:
    """Every check of a data folder's archive, one file after the other."""
    reports = []
    for path in warcs_of(data_dir):
        report = verify_warc(path)
        yield from report.findings
        reports.append(report)
    yield from verify_holdings(data_dir, reports)


def _published(data_dir: Path) -> list[Path]:
    return sorted([
        *warcs_of(data_dir),
        *data_dir.glob("warc/*/*/*.cdxj"),
        *data_dir.glob("jsonl/*/*/*.jsonl"),
    ])  # fmt: skip


def _check_strays(data_dir: Path) -> Iterator[Finding]:
    for folder in ("warc", "jsonl"):
        for path in sorted(data_dir.glob(f"{folder}/*/*/*{OPEN_SUFFIX}")):
            yield Finding(
                path, None, "open_file", "it was never closed: a run is on, or was killed"
            )
    for path in sorted(data_dir.glob("warc/*/*/*.cdxj")):
        if not path.with_name(path.name.removesuffix(".cdxj") + ".warc.gz").exists():
            yield Finding(path, None, "orphan_index", "the WARC it indexes is not there")


def _check_manifest(
    data_dir: Path, manifest: Path, reports: list[Report], listed: dict[str, int]
) -> Iterator[Finding]:
    records = {report.path: report.records for report in reports}
    try:
        rows: list[dict[str, Any]] = json.loads(manifest.read_bytes())["files"]
        names = [str(row["path"]) for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield Finding(manifest, None, "bad_manifest", f"{type(error).__name__}: {error}")
        return
    for row, name in zip(rows, names, strict=True):
        path = data_dir / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            yield Finding(manifest, None, "bad_manifest", f"it leads out of the folder: {name!r}")
            continue
        listed[name] = listed.get(name, 0) + 1
        if not path.is_file():
            yield Finding(path, None, "missing_file", f"{manifest.name} lists it")
            continue
        with path.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
        stated = {"sha256": row.get("sha256"), "bytes": row.get("bytes")}
        found: dict[str, Any] = {"sha256": actual, "bytes": path.stat().st_size}
        if path in records:
            stated["records"] = row.get("records")
            found["records"] = records[path]
        for what, value in found.items():
            if stated[what] != value:
                message = f"{manifest.name} says {what} {stated[what]}, it is {value}"
                yield Finding(path, None, "manifest_mismatch", message)


def _check_originals(data_dir: Path, reports: list[Report]) -> Iterator[Finding]:
    """Every revisit's original must stand in a published file's index, with that digest."""
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
