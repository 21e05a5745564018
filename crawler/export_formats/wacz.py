"""WACZ 1.1.1 (https://specs.webrecorder.net/wacz/1.1.1/): WARCs, their index and a list of pages in
one ZIP file that ReplayWeb.page opens. All members are stored, since a player reads parts of them.

    archive/         the WARC files, byte for byte
    indexes/         one CDXJ over them
    pages/           the lines' titles and texts
    jsonl/, format/  the published lines themselves, DATA_FORMAT.md, the schemas
    datapackage.json, datapackage-digest.json

In: published files. Out: the same bytes for the same files, in memory that doesn't grow with them.
Of the pages of one line there is a WARC, too: exchanges cut out of the archive byte for byte.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
import tempfile
import zipfile
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from crawler import __version__
from crawler.archive.cdxj import index_lines, index_path
from crawler.archive.compression import GZIP_MAGIC
from crawler.archive.pointers import pointed_at
from crawler.archive.reader import FileSpan, WarcError, read_records, record_at
from crawler.clock import iso
from crawler.data_dir import (
    LINES_FOLDER,
    LINES_SUFFIX,
    PROJECT,
    WARC_SUFFIX,
    files_of_run,
    run_began,
    run_of,
)
from crawler.exporters import jsonl
from crawler.items import WarcPointer
from crawler.storage import open_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import BinaryIO

WACZ_VERSION = "1.1.1"
_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Package:
    """What goes into a WACZ: WARCs with their indexes, and the JSONL of the runs that wrote them.

    `created` is the moment it is of, in UTC. `captured_in` names the WARC files into which the
    lines of its pages point. `main_page` is the line that a player shows first.
    """

    title: str
    created: str
    warcs: list[Path]
    lines: list[Path]
    captured_in: frozenset[str]
    main_page: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, data_dir: Path, title: str, warcs: list[Path]) -> Self:
        """Of published WARCs, at least one, with all that their runs published."""
        runs = sorted({run for path in warcs if (run := run_of(path.name))})
        lines = [
            path
            for run in runs
            for path in files_of_run(data_dir, run)
            if path.relative_to(data_dir).parts[0] == LINES_FOLDER
        ]
        names = frozenset(path.name for path in warcs)
        return cls(title, iso(run_began(runs[-1])), warcs, lines, names)


def write_wacz(package: Package, output: BinaryIO) -> int:
    """Write the package; the number of its pages. Raises WarcError where a WARC or its index is
    missing, ValueError for a line that is none, OSError."""
    schemas = map(Path(jsonl.__file__).with_name, jsonl.SCHEMA_FILES.values())
    with ZipFile(output, "w", ZIP_STORED) as zipped:
        archive = _Members(zipped)
        for path in package.warcs:
            archive.add_file(f"archive/{path.name}", path)
        archive.add("indexes/index.cdxj", _index(package.warcs))
        # the first line of the file is its header
        pages = archive.add("pages/pages.jsonl", _pages(package)) - 1
        for path in package.lines:
            archive.add_file(f"jsonl/{path.name}", path)
        for path in (PROJECT / "DATA_FORMAT.md", *schemas):
            archive.add_file(f"format/{path.name}", path)
        described = _json(_description(package, archive.resources), indent=2)
        digest = {"path": "datapackage.json", "hash": _sha256(described)}
        archive.add("datapackage.json", [described])
        archive.add("datapackage-digest.json", [_json(digest, indent=2)])
        return pages


class _Members:
    """The members of a ZIP file, written one after the other; `resources` describes them."""

    def __init__(self, zipped: ZipFile) -> None:
        self._zipped = zipped
        self.resources: list[dict[str, Any]] = []

    def add_file(self, name: str, path: Path) -> None:
        """Write a file as a member. Raises WarcError where it can't be read."""
        try:
            file = open_file(path)
        except OSError as error:
            raise WarcError(path, 0, error.strerror or str(error)) from error
        self._write(name, _read(file), path.stat().st_size)

    def add(self, name: str, pieces: Iterable[bytes]) -> int:
        """Write a member that is put aside first, to know its size; the number of its pieces."""
        with tempfile.TemporaryFile() as aside:
            count = 0
            for piece in pieces:
                aside.write(piece)
                count += 1
            size = aside.tell()
            aside.seek(0)
            self._write(name, iter(partial(aside.read, _PIECE), b""), size)
        return count

    def _write(self, name: str, pieces: Iterable[bytes], size: int) -> None:
        # without a time it is of 1980, so that the same files give the same bytes
        info = ZipInfo(name)
        info.create_system, info.external_attr = 3, 0o644 << 16
        # The local header has a field for 64 bits only if the directory has one, too: the reader of
        # ReplayWeb.page looks for the first where it finds the second.
        is_large = size > zipfile.ZIP64_LIMIT
        digest, written = hashlib.sha256(), 0
        with self._zipped.open(info, "w", force_zip64=is_large) as member:
            for piece in pieces:
                member.write(piece)
                digest.update(piece)
                written += len(piece)
        short = name.rpartition("/")[2].lower()
        told = {"name": short, "path": name, "hash": f"sha256:{digest.hexdigest()}"}
        # else Frictionless takes a JSON Schema for one of its own
        kind = {"type": "file"} if name.startswith(("jsonl/", "format/")) else {}
        self.resources.append(told | {"bytes": written} | kind)


def _pages(package: Package) -> Iterator[bytes]:
    """pages.jsonl: what it is, then a page for each line that points into the WARCs."""
    yield _json({"format": "json-pages-1.0", "id": "pages", "title": "All", "hasText": True})
    for path in package.lines:
        run = path.name.partition(".")[0]
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    keys = json.loads(line)
                    warc = keys["warc"]["file"].rpartition("/")[2] if keys["warc"] else None
                    page = _page(keys)
                except (ValueError, KeyError, TypeError) as error:
                    raise ValueError(f"{path}, line {number}: no article line") from error
                if warc in package.captured_in:
                    yield _json({"id": f"{run}:{number}"} | page)


def _page(keys: Mapping[str, Any]) -> dict[str, Any]:
    title, text = keys["title"] or keys["url"], keys["body"] or ""
    # of another web archive's capture the WARC has the exchange with that archive
    archive = keys.get("archive")
    return {
        "url": archive["url"] if archive else keys["url"],
        "ts": keys["fetched_at"],
        "title": title,
        "text": text,
    }


def _description(package: Package, resources: list[dict[str, Any]]) -> dict[str, Any]:
    main = package.main_page
    return {
        "profile": "data-package",
        "wacz_version": WACZ_VERSION,
        "title": package.title,
        "description": "Pages of Xinhua's regional channels, archived by xinhua-archive.",
        "software": f"xinhua-archive {__version__}",
        "created": package.created,
        **({"mainPageUrl": main["url"], "mainPageDate": main["fetched_at"]} if main else {}),
        "resources": resources,
    }


def _index(warcs: list[Path]) -> Iterator[bytes]:
    """The lines of all indexes, sorted: by SQLite, which takes a temporary file for many."""
    with closing(sqlite3.connect("")) as database:
        database.execute("CREATE TABLE lines (line BLOB)")
        for path in warcs:
            if (index := index_path(path)).is_file():
                lines = index.read_bytes().splitlines(keepends=True)
            else:
                lines = [line.encode() for line in index_lines(path)]
            database.executemany("INSERT INTO lines VALUES (?)", ((line,) for line in lines))
        for (line,) in database.execute("SELECT line FROM lines ORDER BY line"):
            yield line


def page_warc(
    data_dir: Path, line: Mapping[str, Any], pictures: Iterable[WarcPointer] = ()
) -> Iterator[bytes]:
    """The captures of a published line's pages and of its `pictures` as a WARC: the exchanges byte
    for byte, each file's warcinfo before its first.

    Raises WarcError, before anything is given, where an archive is missing or damaged, or is one of
    others whose records can't be taken out as they stand.
    """
    places: list[tuple[Path, int, int]] = []
    pages = [WarcPointer(**keys) for keys in line["warc_pages"] or [line["warc"]]]
    for pointer in dict.fromkeys((*pages, *pictures)):
        path = pointed_at(data_dir, pointer)
        info = record_at(path, 0)
        if info.kind == "warcinfo" and (path, 0, info.length) not in places:
            places.append((path, 0, info.length))
        places += [(path, offset, length) for offset, length in _exchange(path, pointer)]
    return _cut(places)


def _exchange(path: Path, pointer: WarcPointer) -> Iterator[tuple[int, int]]:
    """Places and lengths: of the response pointed at, and of what follows and belongs to it."""
    ids: set[str | None] = set()
    for record in read_records(path, span=FileSpan(pointer.offset, sys.maxsize)):
        if not ids and (record.offset, record.record_id) != (pointer.offset, pointer.record_id):
            raise WarcError(path, pointer.offset, "the record that is pointed at isn't there")
        if ids and record.header("WARC-Concurrent-To") not in ids:
            return
        with path.open("rb") as file:
            file.seek(record.offset)
            if not record.length or file.read(2) != GZIP_MAGIC:
                raise WarcError(path, record.offset, "the record has no gzip member of its own")
        ids.add(record.record_id)
        yield record.offset, record.length
    if not ids:
        raise WarcError(path, pointer.offset, "the file ends before the record pointed at")


def _cut(places: list[tuple[Path, int, int]]) -> Iterator[bytes]:
    for path, offset, length in places:
        with path.open("rb") as file:
            file.seek(offset)
            yield file.read(length)


def page_wacz(
    data_dir: Path, line: Mapping[str, Any], pictures: Iterable[WarcPointer] = ()
) -> Iterator[bytes]:
    """The captures of a published line's pages as a WACZ, which opens with the first. Raises as
    `page_warc`."""
    name = f"xinhua-{line['id']}-{line['version']}"
    with tempfile.TemporaryDirectory() as temporary:
        warc = Path(temporary) / f"{name}{WARC_SUFFIX}"
        with warc.open("wb") as file:
            file.writelines(page_warc(data_dir, line, pictures))
        lines = Path(temporary) / f"{name}{LINES_SUFFIX}"
        lines.write_bytes(_json(line))
        title = line["title"] or line["url"]
        output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by who reads it
        names = frozenset({line["warc"]["file"].rpartition("/")[2]})
        write_wacz(Package(title, line["fetched_at"], [warc], [lines], names, line), output)
    output.seek(0)
    return _read(output)


def _read(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece


def _json(value: object, indent: int | None = None) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=indent).encode("utf-8", "replace") + b"\n"


def _sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
