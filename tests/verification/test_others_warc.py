"""`verify` of WARCs that other crawlers wrote: sound ones are sound, damage is found."""

from __future__ import annotations

import base64
import gzip
import hashlib
from typing import TYPE_CHECKING

import pytest
import zstandard

from crawler.verification.warc_files import verify_warc
from tests.archive.bytes_of import record

if TYPE_CHECKING:
    from pathlib import Path

BODY = b"<html>a page</html>"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n13\r\n" + BODY + b"\r\n0\r\n\r\n"
PLAIN = b"HTTP/1.1 200 OK\r\n\r\n" + BODY


def sha1(data: bytes) -> str:
    return f"sha1:{base64.b32encode(hashlib.sha1(data).digest()).decode()}"


def rec(
    number: int, block: bytes = PLAIN, payload: bytes | str | None = None, **told: object
) -> bytes:
    """A record with its digests."""
    extra = [f"WARC-Block-Digest: {sha1(block)}"]
    if payload is not None:
        stated = payload if isinstance(payload, str) else sha1(payload)
        extra.append(f"WARC-Payload-Digest: {stated}")
    extra += told.pop("extra", [])  # type: ignore[arg-type]
    return record(block, record_id=f"<urn:x:{number}>", extra=extra, **told)


def packed(*records: bytes) -> bytes:
    return b"".join(gzip.compress(one, mtime=0) for one in records)


INFO = rec(0, b"software: other/1.0\r\n", kind="warcinfo", url=None,
           content_type="application/warc-fields")  # fmt: skip
SHA256 = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
HEAD = b"HTTP/1.1 200 OK\r\n\r\n"
AT = len(packed(INFO))

CASES: dict[str, tuple[bytes, list[tuple[int, str]]]] = {
    "members": (packed(INFO, rec(1, payload=BODY)), []),
    "no compression": (INFO + rec(1, payload=BODY), []),
    "line feeds": (INFO + rec(1, payload=BODY, nl=b"\n"), []),
    "compressed as a whole": (packed(INFO + rec(1, payload=BODY)), []),
    "Zstandard": (zstandard.compress(INFO) + zstandard.compress(rec(1, payload=BODY)), []),
    "WARC/1.1, a part of a second": (
        packed(INFO, rec(1, version="WARC/1.1", date="2021-05-06T07:08:09.123456Z")), [],
    ),
    "a year": (packed(INFO, rec(1, version="WARC/1.1", date="2021")), []),
    "a draft": (packed(rec(1, version="WARC/0.18")), []),
    "no warcinfo, no request": (packed(rec(1), rec(2)), []),
    "digest of the chunks": (packed(INFO, rec(1, CHUNKED, CHUNKED.partition(b"\r\n\r\n")[2])), []),
    "digest of the entity": (packed(INFO, rec(1, CHUNKED, BODY)), []),
    "digest in hexadecimal": (packed(INFO, rec(1, PLAIN, SHA256)), []),
    "digest we don't know": (packed(INFO, rec(1, PLAIN, "blake3:00")), []),
    "digest of a name": (
        packed(rec(1, b"x A 1\n", b"x A 1\n", url="dns:x", content_type="text/dns")), [],
    ),
    "digest of a resource": (packed(rec(1, BODY, BODY, kind="resource")), []),
    "digest of a revisit": (packed(INFO, rec(1, HEAD, BODY, kind="revisit")), []),
    "digest of what is cut short": (
        packed(INFO, rec(1, PLAIN[:-9], BODY, extra=["WARC-Truncated: length"])), [],
    ),
    "another block": (
        packed(INFO, rec(1).replace(b"a page", b"A page")), [(AT, "bad_block_digest")],
    ),
    "another payload": (packed(INFO, rec(1, PLAIN, b"other")), [(AT, "bad_payload_digest")]),
    "no digest at all": (packed(INFO, rec(1, PLAIN, "sha1:x")), [(AT, "bad_payload_digest")]),
    "one id twice": (packed(rec(1), rec(1)), [(len(packed(rec(1))), "duplicate_id")]),
    "no id": (packed(INFO, record(PLAIN, record_id=None)), [(AT, "bad_record_id")]),
    "no date": (packed(INFO, rec(1, date="yesterday")), [(AT, "bad_date")]),
    "no type": (packed(INFO, rec(1, kind=None)), [(AT, "bad_type")]),
    "cut short": (packed(INFO, rec(1))[:-9], [(AT, "torn_tail")]),
    "cut in a head": (INFO + rec(1)[:40], [(len(INFO), "torn_tail")]),
    "a length that lies": (packed(INFO, rec(1, length=5)), [(AT, "bad_record")]),
    "an ARC file": (packed(b"filedesc://x.arc 0.0.0.0 2005"), [(0, "other_format")]),
    "a ZIP file": (b"PK\3\4" + bytes(30), [(0, "other_format")]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_others_archives(name: str, tmp_path: Path) -> None:
    data, expected = CASES[name]
    path = tmp_path / "others.warc.gz"
    path.write_bytes(data)
    report = verify_warc(path)
    assert [(one.offset, one.code) for one in report.findings] == expected, report.findings
    is_warc = not any(code == "other_format" for _, code in expected)
    assert len(report.notes) == is_warc
    if name == "a draft":
        assert "(WARC/0.18, a draft): records, ids, dates and digests" in report.notes[0]


def test_what_is_named_like_ours_is_held_to_our_rules(tmp_path: Path) -> None:
    path = tmp_path / "xinhua-r1-00000.warc.gz"
    path.write_bytes(CASES["members"][0])
    report = verify_warc(path)
    assert {one.code for one in report.findings} >= {"bad_record"}
    assert report.notes == []
