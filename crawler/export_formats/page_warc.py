"""The captures of an article's pages as a WARC: exchanges cut out of the archive byte for byte.

In: a published line. Out: the bytes of a WARC, in pieces.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from crawler.archive.compression import GZIP_MAGIC
from crawler.archive.pointers import pointed_at
from crawler.archive.reader import FileSpan, WarcError, read_records, record_at
from crawler.items import WarcPointer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path


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
