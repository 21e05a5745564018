"""The index beside a WARC: `<name>.cdxj`, line for line what `cdxj-indexer -s` prints.

In: a WARC. Out: sorted lines `SURT timestamp {json}`, one for each response and revisit, by which
replay tools find a capture.
"""

from __future__ import annotations

import json
import re
from io import BytesIO
from typing import TYPE_CHECKING

from warcio.statusandheaders import StatusAndHeadersParser

from crawler.archive.reader import Record, WarcError, read_records
from crawler.archive.surt import surt
from crawler.storage import INDEX_SUFFIX, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_INDEXED = ("response", "revisit")
_MEDIA_TYPE_END = re.compile(r"[;\s]")


def index_name(warc: str) -> str:
    """The name of the index of a WARC of that name."""
    return warc.removesuffix(".gz").removesuffix(".warc") + INDEX_SUFFIX


def index_path(warc: Path) -> Path:
    """Where the index of a published WARC stands."""
    return warc.with_name(index_name(warc.name))


def index_lines(warc: Path, on_damage: Callable[[WarcError], None] | None = None) -> list[str]:
    """The index of a WARC, sorted. Raises WarcError at damage that `on_damage` isn't told of."""
    lines = []
    for record in read_records(warc, on_damage=on_damage):
        if record.kind not in _INDEXED:
            continue
        try:
            lines.append(_line(record))
        except WarcError as error:
            if on_damage is None:
                raise
            on_damage(error)
    return sorted(lines)


def write_index(warc: Path, on_damage: Callable[[WarcError], None] | None = None) -> Path:
    """Write a WARC's index beside it; return its path. Raises WarcError as `index_lines`,
    StorageError."""
    path = index_path(warc)
    write_atomically(path, "".join(index_lines(warc, on_damage)).encode())
    return path


def _line(record: Record) -> str:
    if record.block is None:
        raise WarcError(record.path, record.offset, "the record is too large to be indexed")
    # warcio's parser, because the indexer reads heads with it, odd ones included
    head = StatusAndHeadersParser([], verify=False).parse(BytesIO(record.block))
    url = record.url or ""
    media_type = head.get_header("content-type")
    fields = {
        "url": url,
        "mime": "warc/revisit"
        if record.kind == "revisit"
        else _MEDIA_TYPE_END.split(media_type, maxsplit=1)[0]
        if media_type
        else media_type,
        # without status and headers, as of an answer that broke off at once, the indexer says none
        "status": head.get_statuscode() if head else None,
        "digest": record.header("WARC-Payload-Digest"),
        "length": str(record.length),
        "offset": str(record.offset),
        "filename": record.path.name,
    }
    entry = json.dumps({name: value for name, value in fields.items() if value is not None})
    timestamp = re.sub(r"\D", "", record.date)[:14]
    return f"{surt(url)} {timestamp} {entry}\n"
