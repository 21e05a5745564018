"""The index beside a WARC: `<name>.cdxj`, line for line what `cdxj-indexer -s` prints.

In: a WARC. Out: sorted lines `SURT timestamp {json}`, one for each response and revisit, by which
replay tools find a capture. The SURT is the sort key of an address as the Internet Archive's tools
make it, by the rules of the wayback canonicaliser.
"""

from __future__ import annotations

import json
import re
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

from warcio.statusandheaders import StatusAndHeadersParser

from crawler.archive.reader import Record, WarcError, read_records
from crawler.storage import INDEX_SUFFIX, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_INDEXED = ("response", "revisit")
_MEDIA_TYPE_END = re.compile(r"[;\s]")

_DEFAULT_PORTS = {"http": 80, "https": 443}
_WWW = re.compile(r"www\d*\.")
_TO_ESCAPE = re.compile(rb"[\x00-\x20\x7f-\xff#]|%(?![0-9A-Fa-f]{2})")
_PATH_SESSION = re.compile(r"/\((?:[a-z]\([0-9a-z]{24}\)|[0-9a-z]{24})\)(?=/[^?]+\.aspx)")
_QUERY_SESSION = re.compile(
    r"(?:jsessionid=[0-9a-z]{32}|phpsessid=[0-9a-z]{32}|sid=[0-9a-z]{32}"
    r"|aspsessionid[a-z]{8}=[a-z]{24}|cfid=[^&]+&cftoken=[^&]+)(?:&|$)"
)


def index_name(warc: str) -> str:
    """The name of the index that belongs to the WARC of this name."""
    return warc.removesuffix(".gz").removesuffix(".warc") + INDEX_SUFFIX


def index_path(warc: Path) -> Path:
    """Where the index of a published WARC stands."""
    return warc.with_name(index_name(warc.name))


def index_lines(warc: Path, on_damage: Callable[[WarcError], None] | None = None) -> list[str]:
    """The index of a WARC, sorted. Damage is told to `on_damage` and passed over; without it,
    WarcError is raised."""
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
    """Write a WARC's index beside it and return its path. Raises StorageError, and WarcError as
    `index_lines` does."""
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


def surt(url: str) -> str:
    """The sort key of an http or https URL; anything else is returned as it is.

    `http://www.js.xinhuanet.com/2017-09/28/c_1.htm` becomes `com,xinhuanet,js)/2017-09/28/c_1.htm`:
    lower case throughout, the host reversed without www, path and query unescaped as far as it goes
    and escaped again, session ids cut, the query's parts sorted.
    """
    parts = urlsplit(re.sub(r"[\t\r\n]", "", url).strip())
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return url
    host = parts.hostname.strip(".")
    www = _WWW.match(host)
    host = host[www.end() :] if www else host
    labels = [host] if ":" in host else host.split(".")[::-1]
    port = "" if parts.port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    query = _query(parts.query)
    return f"{','.join(labels)}{port}){_path(parts.path)}{'?' + query if query else ''}"


def _path(raw: str) -> str:
    segments: list[str] = []
    for segment in _escaped(raw).removeprefix("/").split("/"):
        if segment == ".." and segments:
            # an empty segment too: they are dropped afterwards
            segments.pop()
        elif segment != ".":
            segments.append(segment)
    path = "/" + "/".join(segment for segment in segments if segment).lower()
    return _PATH_SESSION.sub("", path)


def _query(raw: str) -> str:
    query = _QUERY_SESSION.sub("", _escaped(raw).lower())
    return "&".join(sorted(query.split("&"), key=lambda part: part.split("=", 1)))


def _escaped(text: str) -> str:
    """Unescape until nothing changes any more, then escape what can't be printed."""
    data = text.encode()
    while (unescaped := unquote_to_bytes(data)) != data:
        data = unescaped
    return _TO_ESCAPE.sub(lambda match: b"%%%02x" % match[0][0], data).decode("latin-1")
