"""Page: what was fetched, and where its bytes are kept."""

from __future__ import annotations

import re
from dataclasses import dataclass

# RFC 9110 5.5: any bytes but controls; each byte is one character here.
FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]+")

# Longer values of validators are cut off.
LONGEST_VALIDATOR = 1000


@dataclass(frozen=True, slots=True)
class WarcPointer:
    """Where the bytes of one response stand in the archive.

    `file` is relative to DATA_DIR, `offset` and `length` are those of the gzip member in bytes,
    `payload_digest` is the record's WARC-Payload-Digest, `entity_sha256` the hex SHA-256 of the
    de-chunked, still encoded entity.
    """

    file: str
    offset: int
    length: int
    record_id: str
    payload_digest: str
    entity_sha256: str


@dataclass(frozen=True, slots=True)
class Page:
    """One fetched document: the entity after transfer and content decoding, and where it is kept.

    `headers` are (name, value) pairs as printed, `fetched_at` is ISO 8601 UTC (`clock.iso`).
    """

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    fetched_at: str
    warc: WarcPointer | None

    def header(self, name: str) -> str | None:
        """The first header of that name (case-insensitive), or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def validator(self, name: str) -> str | None:
        """The first header of that name as it came, up to a length; None with a control character
        in it."""
        value = (self.header(name) or "")[:LONGEST_VALIDATOR]
        return value if FIELD_VALUE.fullmatch(value) else None
