"""WARC records as bytes (ISO 28500:2017): made, their heads parsed, their digests compared.

`record` makes a WARC/1.1 record as one gzip member, whole before anything is written. `parse_head`
is the one parser of heads (clauses 4 and 5): the reader of any archive, recovery after a kill, the
checks of `scrapy verify` and fixtures take theirs from here. Digests are `algorithm:value` (5.8).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import uuid4

from isal import isal_zlib

PROFILE_IDENTICAL = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
PROFILE_NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"

_GZIP = isal_zlib.MAX_WBITS | 16
_LEVEL = 2
_UNSAFE = re.compile(r"[\x00-\x20\x7f]")

# The version that we write.
OUR_VERSION = "WARC/1.1"

_VERSION = re.compile(rb"WARC/([01]\.[0-9]{1,2})[ \t]*")
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
# Digits of a length that still is a number of bytes.
_MAX_DIGITS = 18

_LABELLED = re.compile(r"[a-z0-9-]+:[A-Za-z0-9+/=_-]+", re.ASCII)
# Bytes of a digest by the algorithms that archives name.
_SIZES = {"md5": 16, "sha1": 20, "sha256": 32, "sha512": 64}
# Characters of a SHA-1 in base 32, which indexes have without a label.
_SHA1_LENGTH = 32

Fields = Iterable[tuple[str, str | None]]


def new_id() -> str:
    """A new WARC-Record-ID."""
    return f"<urn:uuid:{uuid4()}>"


def uri(value: str) -> str:
    """A URI that can stand in a header: control characters and spaces percent-encoded."""
    return _UNSAFE.sub(lambda match: f"%{ord(match[0]):02X}", value)


def record(kind: str, record_id: str, date: str, fields: Fields, block: bytes) -> bytes:
    """One whole record as a gzip member. Fields that are None are left out."""
    lines = [
        OUR_VERSION,
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


class RecordHeadError(ValueError):
    """Bytes are not the head of a WARC record."""


@dataclass(frozen=True, slots=True)
class RecordHead:
    """A head: the format's version, such as "1.1", and the fields in their order."""

    version: str
    fields: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str | None:
        """The first field of that name (case-insensitive), or None."""
        wanted = name.lower()
        return next((value for key, value in self.fields if key.lower() == wanted), None)

    @property
    def kind(self) -> str:
        """The record's type in lower case, "" where there is none."""
        return (self.get("WARC-Type") or "").lower()

    @property
    def length(self) -> int | None:
        """The block's bytes by Content-Length; None where that is no number or isn't there."""
        stated = self.get("Content-Length") or ""
        is_number = stated.isascii() and stated.isdigit() and len(stated) <= _MAX_DIGITS
        return int(stated) if is_number else None


def parse_head(raw: bytes) -> RecordHead:
    """Parse a head as any archive may have it: lines may end in a bare LF, folded ones are joined
    (WARC/1.0), those without a colon passed over. Bytes that are no UTF-8 are percent-encoded: in
    an address they are what was asked for. Raises RecordHeadError where no version line begins it.
    """
    version = _VERSION.fullmatch(raw[: raw.find(b"\n")].rstrip(b"\r"))
    if version is None:
        raise RecordHeadError(f"Invalid WARC header: {raw[:20]!r}")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = _NOT_ASCII.sub(lambda found: b"%%%02X" % found[0][0], raw).decode()
    lines: list[str] = []
    for line in text.split("\n")[1:]:
        if line[:1] in (" ", "\t") and lines:
            lines[-1] = f"{lines[-1].rstrip()} {line.strip()}"
        else:
            lines.append(line)
    return RecordHead(version[1].decode(), _pairs(lines))


def parse_our_record(plain: bytes) -> tuple[RecordHead, bytes]:
    """Parse a record as we write them: CRLF, a field on every line, no line folded. Gives the head
    and all that follows its blank line. Raises RecordHeadError."""
    raw, separator, rest = plain.partition(b"\r\n\r\n")
    first, *lines = raw.decode("utf-8", "replace").split("\r\n")
    if not separator or first != OUR_VERSION or any(":" not in line for line in lines):
        raise RecordHeadError(f"not a {OUR_VERSION} head: {first[:40]!r}")
    return RecordHead(first.removeprefix("WARC/"), _pairs(lines)), rest


def _pairs(lines: list[str]) -> tuple[tuple[str, str], ...]:
    pairs = (line.partition(":") for line in lines)
    return tuple((name.strip(), value.strip()) for name, colon, value in pairs if colon)


def digest(data: bytes) -> str:
    """The digest we write: a labelled SHA-1 in base 32, the one form that every checker reads.

    It finds damage; against forgery the manifest has each file's SHA-256.
    """
    sha1 = hashlib.sha1(data, usedforsecurity=False).digest()
    return f"sha1:{base64.b32encode(sha1).decode()}"


def digest_key(stated: str) -> str:
    """A labelled digest in one form, equal for equal digests, be it in base 32 as most have it or
    in hexadecimal as warcprox has it. Without a label 32 characters are a SHA-1, as in indexes.
    Anything else is returned as it is."""
    label, colon, value = stated.partition(":")
    if not colon and len(stated) == _SHA1_LENGTH:
        label, value = "sha1", stated
    algorithm = _algorithm(label)
    size = _SIZES.get(algorithm)
    if size is None:
        return stated
    try:
        is_hex = len(value) == 2 * size
        raw = bytes.fromhex(value) if is_hex else base64.b32decode(value.upper())
    except (ValueError, binascii.Error):
        return stated
    return f"{algorithm}:{raw.hex()}"


def is_labelled(stated: str) -> bool:
    """Whether a digest is written as the standard has it, so that lines can have it as it is."""
    return _LABELLED.fullmatch(stated) is not None


def is_digest_of(stated: str, data: bytes) -> bool | None:
    """Whether a labelled digest is that of the data; None where it names no algorithm we know."""
    label, colon, _ = stated.partition(":")
    algorithm = _algorithm(label)
    if not colon or algorithm not in _SIZES:
        return None
    computed = hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()
    return digest_key(stated) == f"{algorithm}:{computed}"


def _algorithm(label: str) -> str:
    return label.strip().lower().replace("-", "")
