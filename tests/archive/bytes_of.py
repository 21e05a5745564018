"""WARC records byte by byte, as writers of all kinds make them and as none should."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

URL = "http://js.xinhuanet.com/2017-09/28/c_1121738857.htm"
DATE = "2021-05-06T07:08:09Z"
HTTP = "application/http; msgtype=response"


def head_of(
    block_length: int | str | None,
    *,
    kind: str = "response",
    url: str | None = URL,
    date: str | None = DATE,
    version: str = "WARC/1.0",
    content_type: str = HTTP,
    record_id: str = "<urn:x:1>",
    extra: Sequence[str | bytes] = (),
    nl: bytes = b"\r\n",
) -> bytes:
    """A head with its blank line; what is None is left out."""
    named = {
        "WARC-Type": kind,
        "WARC-Target-URI": url,
        "WARC-Date": date,
        "WARC-Record-ID": record_id,
        "Content-Type": content_type,
    }
    lines: list[str | bytes] = [version]
    lines += [f"{name}: {value}" for name, value in named.items() if value is not None]
    lines += extra
    if block_length is not None:
        lines.append(f"Content-Length: {block_length}")
    return nl.join(one if isinstance(one, bytes) else one.encode() for one in lines) + 2 * nl


def record(block: bytes = b"HTTP/1.1 200 OK\r\n\r\nbody", **told: object) -> bytes:
    """A record of that block; `told` are those of `head_of`, `length` a length that lies, `end`
    what stands after the block."""
    nl = told.get("nl", b"\r\n")
    assert isinstance(nl, bytes)
    length, end = told.pop("length", len(block)), told.pop("end", 2 * nl)
    assert isinstance(end, bytes)
    return head_of(length, **told) + block + end  # type: ignore[arg-type]
