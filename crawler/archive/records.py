"""WARC/1.1 records as bytes (ISO 28500:2017), each one gzip member.

In: header fields and blocks. Out: compressed members, made whole before anything is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from uuid import uuid4

from isal import isal_zlib

from crawler.archive.digests import digest

PROFILE_IDENTICAL = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
PROFILE_NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"

_GZIP = isal_zlib.MAX_WBITS | 16
_LEVEL = 2
_UNSAFE = re.compile(r"[\x00-\x20\x7f]")

Fields = Iterable[tuple[str, str | None]]


def new_id() -> str:
    return f"<urn:uuid:{uuid4()}>"


def uri(value: str) -> str:
    """A URI that can stand in a header: control characters and spaces percent-encoded."""
    return _UNSAFE.sub(lambda match: f"%{ord(match[0]):02X}", value)


def record(kind: str, record_id: str, date: str, fields: Fields, block: bytes) -> bytes:
    """One whole record as a gzip member. Fields that are None are left out."""
    lines = [
        "WARC/1.1",
        f"WARC-Type: {kind}",
        f"WARC-Record-ID: {record_id}",
        f"WARC-Date: {date}",
        *(f"{name}: {value}" for name, value in fields if value is not None),
        f"WARC-Block-Digest: {digest(block)}",
        f"Content-Length: {len(block)}",
    ]
    head = "\r\n".join(lines).encode()
    plain = b"".join((head, b"\r\n\r\n", block, b"\r\n\r\n"))
    return isal_zlib.compress(plain, _LEVEL, _GZIP)


def warc_fields(fields: Mapping[str, str] | Fields) -> bytes:
    """An application/warc-fields block; None is left out, line breaks in values become spaces."""
    pairs = fields.items() if isinstance(fields, Mapping) else fields
    lines = (f"{name}: {' '.join(value.split())}\r\n" for name, value in pairs if value is not None)
    return "".join(lines).encode()
