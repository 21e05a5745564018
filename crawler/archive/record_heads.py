"""The head of a WARC record: its version line and named fields (ISO 28500:2017 clauses 4 and 5).

The one parser of such heads: the reader of any archive, recovery after a kill, the checks of
`scrapy verify` and fixtures take theirs from here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_VERSION = re.compile(rb"WARC/([01]\.[0-9]{1,2})[ \t]*")
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
# The version that we write.
OUR_VERSION = "WARC/1.1"

# Digits of a length that still is a number of bytes.
_MAX_DIGITS = 18


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
