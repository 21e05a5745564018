"""The kinds of exchange: what the origin sends, and what must come of it."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass, field
from typing import Any

import zstandard

from tests.archive.origin import CLOSE, RESET, UNLESS_REUSED, Step

TEXT = "<html><body><p>河岸的柳树发芽了，镇上的人都去看。</p></body></html>".encode()
GBK = "<html><body><p>镕基桥今晨通车。</p></body></html>".encode("gb18030")
LONG = b"".join(b"<p>line %06d of a long page</p>\n" % number for number in range(400))
GZIPPED = gzip.compress(LONG, mtime=0)
ZSTD = zstandard.ZstdCompressor(write_checksum=True).compress(LONG)

# DOWNLOAD_MAXSIZE of these crawls.
MAXSIZE = 100_000


@dataclass(frozen=True)
class Kind:
    """`steps` are the origin's. `end` is "page" or the way it fails: a decoder's kind, "timeout",
    or "failed" where nothing came. `truncated` is WARC-Truncated. `interim` and `excess` are how
    many of the sent bytes stand before and after the message. `exchanges` is how often the origin
    is asked."""

    steps: tuple[Step, ...]
    end: str = "page"
    body: bytes = TEXT
    status: int = 200
    truncated: str | None = None
    way: str = "plain"  # plain, tls, proxy, connect
    method: str = "GET"
    query: str = ""
    interim: int = 0
    excess: int = 0
    exchanges: int = 1
    swallowed: int = 0
    revisit_of: str | None = None
    too_early: bool = False  # the original isn't published
    meta: dict[str, Any] = field(default_factory=dict)


def answer(*lines: str | bytes, body: bytes = TEXT, status: str = "HTTP/1.1 200 OK") -> bytes:
    """A message: status line, header lines, blank line, body as given."""
    raw = [line if isinstance(line, bytes) else line.encode() for line in (status, *lines)]
    return b"\r\n".join([*raw, b"", b""]) + body


def sized(*lines: str | bytes, body: bytes = TEXT, status: str = "HTTP/1.1 200 OK") -> bytes:
    """The same with a Content-Length."""
    return answer(
        "Content-Type: text/html", *lines, f"Content-Length: {len(body)}", body=body, status=status
    )


def chunked(*chunks: bytes, extension: bytes = b"", trailers: bytes = b"") -> bytes:
    framed = b"".join(b"%x%s\r\n%s\r\n" % (len(c), extension, c) for c in chunks)
    return framed + b"0\r\n" + trailers + b"\r\n"


_CHUNKED = "Transfer-Encoding: chunked"
_GZIP = "Content-Encoding: gzip"
_raw_deflate = zlib.compressobj(wbits=-15)
_RAW = _raw_deflate.compress(LONG) + _raw_deflate.flush()
_BAD_CRC = GZIPPED[:-8] + bytes([GZIPPED[-8] ^ 1]) + GZIPPED[-7:]
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
_LATE = {"download_timeout": 0.6}

KINDS: dict[str, Kind] = {
    # plain framing
    "plain": Kind((sized(),)),
    "reused": Kind((sized(),), body=TEXT),
    "swallowed": Kind((UNLESS_REUSED, sized()), exchanges=2, swallowed=1),
    "query": Kind((sized(),), query="?a=1&b=%E4%B8%AD&a=2&&c"),
    "http10": Kind((sized(status="HTTP/1.0 200 OK"), CLOSE)),
    "http10-close-delimited": Kind((answer(status="HTTP/1.0 200 OK"), CLOSE)),
    "close-delimited": Kind((answer("Connection: close"), CLOSE)),
    "empty": Kind((sized(body=b""),), body=b""),
    "gbk": Kind((sized("Content-Type: text/html; charset=gb2312", body=GBK),), body=GBK),
    "slow-drip": Kind(tuple(s for b in sized() for s in (bytes([b]), 0.001)), body=TEXT),
    "excess": Kind((sized() + b"left over",), excess=9),
    # chunks
    "chunked": Kind((answer(_CHUNKED, body=chunked(TEXT[:9], TEXT[9:])),)),
    "chunk-extensions": Kind(
        (answer(_CHUNKED, body=chunked(TEXT[:5], TEXT[5:], extension=b';n="v";x')),)
    ),
    "chunk-trailers": Kind(
        (answer(_CHUNKED, body=chunked(TEXT, trailers=b"X-Sum: 1\r\nX-End: 2\r\n")),)
    ),
    "chunked-drip": Kind((answer(_CHUNKED, body=b"3"), 0.05, b"\r\nabc\r", 0.05, b"\n0\r\n\r\n"),
                         body=b"abc"),
    "chunked-http10": Kind((answer(_CHUNKED, body=chunked(TEXT), status="HTTP/1.0 200 OK"), CLOSE)),
    # content codings
    "identity": Kind((sized("Content-Encoding: identity"),)),
    "gzip": Kind((sized(_GZIP, body=GZIPPED),), body=LONG),
    "x-gzip": Kind((sized("Content-Encoding: x-gzip", body=GZIPPED),), body=LONG),
    "gzip-members": Kind((sized(_GZIP, body=GZIPPED + GZIPPED),), body=LONG + LONG),
    "gzip-chunked": Kind(
        (answer(_GZIP, _CHUNKED, body=chunked(GZIPPED[:10], GZIPPED[10:])),), body=LONG
    ),
    "deflate": Kind((sized("Content-Encoding: deflate", body=zlib.compress(LONG)),), body=LONG),
    "deflate-raw": Kind((sized("Content-Encoding: deflate", body=_RAW),), body=LONG),
    # heads
    "repeated-headers": Kind((sized("Set-Cookie: a=1", "X-A: 1", "Set-Cookie: b=2", "X-A: 2"),)),
    "odd-case": Kind((sized("eTaG: \"x\"", "X-UPPER: y", "x-lower: z"),)),
    "folded": Kind((sized("X-Folded: one", "\ttwo", "  three"),)),
    "padded": Kind((sized("X-Padded: \t  wide   ", "X-Empty:"),)),
    "non-utf8": Kind((sized(b"X-Place: \xbd\xad\xcb\xd5", b"X-\xe9: 1"),)),
    "space-before-colon": Kind((sized().replace(b"Length:", b"Length :"),)),
    "no-colon": Kind((sized("a line that is no header"),)),
    "bare-lf": Kind((sized().replace(b"\r\n", b"\n"),)),
    "no-reason": Kind((sized(status="HTTP/1.1 200"),)),
    "odd-reason": Kind((sized(status="HTTP/1.1 200 Alles  gut: ja"),)),
    "long-line": Kind((sized("X-Long: " + "v" * 20_000),)),
    "interim": Kind((_CONTINUE + sized(),), interim=len(_CONTINUE)),
    "interim-apart": Kind((_CONTINUE[:30], 0.05, _CONTINUE[30:], 0.05, sized()),
                          interim=len(_CONTINUE)),
    # what browsers read all the same
    "status-without-reason": Kind((sized(status="HTTP/1.1 200"),)),
    "status-without-blank": Kind((sized(status="HTTP/1.1 200OK"),)),
    "status-with-blanks": Kind((sized(status="HTTP/1.1  200  OK"),)),
    "head-of-both": Kind((sized().replace(b"html\r\n", b"html\n"),)),
    "folded-first": Kind((answer(" X-Folded: one", f"Content-Length: {len(TEXT)}"),)),
    "blank-before-colon": Kind((answer(f"Content-Length : {len(TEXT)}"),)),
    "nameless": Kind((sized(": nameless"),)),
    "name-no-token": Kind((sized("“x-a”: 1", "X{}: 2", "X Y: 3"),)),
    "length-twice": Kind((sized(f"Content-Length: {len(TEXT)}"),)),
    "length-listed": Kind((answer(f"Content-Length: {len(TEXT)}, {len(TEXT)}"),)),
    "length-padded": Kind((answer(f"Content-Length: 000{len(TEXT)}"),)),
    "length-no-number": Kind((answer("Content-Length: -1"), CLOSE)),
    "length-and-chunked": Kind((answer("Content-Length: 3", _CHUNKED, body=chunked(TEXT)),)),
    "length-too-short": Kind((answer("Content-Length: 3", "Connection: close"), CLOSE),
                             body=TEXT[:3], excess=len(TEXT) - 3),
    "chunked-twice": Kind((answer(_CHUNKED, _CHUNKED, body=chunked(TEXT)),)),
    "chunked-listed-twice": Kind(
        (answer("Transfer-Encoding: chunked, Chunked", body=chunked(TEXT)),)
    ),
    "transfer-identity": Kind((sized("Transfer-Encoding: identity"),)),
    "transfer-empty": Kind((sized("Transfer-Encoding:"),)),
    "transfer-unknown": Kind((answer("Transfer-Encoding: binary"), CLOSE)),
    "transfer-gzip": Kind(
        (answer("Transfer-Encoding: gzip, chunked", body=chunked(GZIPPED)),), body=LONG
    ),
    "chunk-sizes-padded": Kind(
        (answer(_CHUNKED, body=b" 3  \r\nabc\r\n0003\t\r\ndef\r\n0  \r\n\r\n"),), body=b"abcdef"
    ),
    "chunks-of-lf": Kind((answer(_CHUNKED, body=chunked(TEXT).replace(b"\r\n", b"\n")),)),
    "chunks-without-last-line": Kind((answer(_CHUNKED, body=chunked(TEXT)[:-2]), CLOSE)),
    "chunks-with-junk": Kind((answer(_CHUNKED, body=chunked(TEXT) + b"junk\r\n"),), excess=6),
    "chunk-extension-odd": Kind(
        (answer(_CHUNKED, body=chunked(TEXT, extension=b" ; \x01\xff" + b"x" * 2000)),)
    ),
    "label-none": Kind((sized("Content-Encoding: none"),)),
    "label-charset": Kind((sized("Content-Encoding: UTF-8", body=GBK),), body=GBK),
    "label-type-chunked": Kind(
        (answer("Content-Encoding: text/html", _CHUNKED, body=chunked(TEXT)),)
    ),
    "label-empty": Kind((sized("Content-Encoding:"),)),
    "label-deflate": Kind((sized("Content-Encoding: deflate", body=GBK),), body=GBK),
    "http10-keep-alive": Kind((sized("Connection: Keep-Alive", status="HTTP/1.0 200 OK"),)),
    "http10-stays-open": Kind((sized(status="HTTP/1.0 200 OK"), 0.05)),
    "no-content-with-body": Kind((sized(status="HTTP/1.1 204 No Content"),), status=204, body=b"",
                                 excess=len(TEXT)),
    "not-modified-with-body": Kind((sized(status="HTTP/1.1 304 Not Modified"),), status=304,
                                   body=b"", excess=len(TEXT)),
    # statuses
    "no-content": Kind((answer("X: 1", body=b"", status="HTTP/1.1 204 No Content"),),
                       status=204, body=b""),
    "moved": Kind((sized("Location: /plain", body=b"", status="HTTP/1.1 301 Moved Permanently"),),
                  exchanges=2),
    "found": Kind((sized("Location: /plain", body=b"<a>there</a>", status="HTTP/1.1 302 Found"),),
                  exchanges=2),
    "not-modified": Kind((answer("ETag: \"x\"", body=b"", status="HTTP/1.1 304 Not Modified"),),
                         status=304, body=b""),
    "not-modified-revisit": Kind(
        (answer("ETag: \"x\"", body=b"", status="HTTP/1.1 304 Not Modified"),),
        status=304, body=b"", revisit_of="gzip",
    ),
    "identical-revisit": Kind((sized(_GZIP, body=GZIPPED),), body=LONG, revisit_of="gzip"),
    "unpublished-no-revisit": Kind((sized(_GZIP, body=GZIPPED),), body=LONG, revisit_of="gzip",
                                   too_early=True),
    "changed-no-revisit": Kind((sized(),), revisit_of="gzip"),
    "not-found": Kind((sized(status="HTTP/1.1 404 Not Found"),), status=404),
    "precondition": Kind((sized(status="HTTP/1.1 412 Precondition Failed"),), status=412),
    "server-error": Kind((sized(status="HTTP/1.1 500 Oh"),), status=500),
    "retried": Kind((sized(status="HTTP/1.1 503 Busy"),), status=503, exchanges=2,
                    meta={"dont_retry": False}),
    "head": Kind((sized(_GZIP, body=b"").replace(b"Length: 0", b"Length: 4711"),),
                 method="HEAD", body=b""),
    # TLS and proxies
    "tls": Kind((sized(_GZIP, body=GZIPPED),), body=LONG, way="tls"),
    "tls-chunked": Kind((answer(_CHUNKED, body=chunked(TEXT)),), way="tls"),
    "tls-reused-swallowed": Kind((UNLESS_REUSED, sized()), way="tls", exchanges=2, swallowed=1),
    "proxy": Kind((sized(),), way="proxy", query="?q=http://x/y"),
    "proxy-gzip": Kind((sized(_GZIP, body=GZIPPED),), way="proxy", body=LONG),
    "connect": Kind((sized(),), way="connect"),
    "connect-chunked": Kind((answer(_CHUNKED, body=chunked(TEXT)),), way="connect"),
    # cut short
    "cut-length": Kind((sized()[:-10], CLOSE), end="truncated", truncated="disconnect"),
    "cut-chunk": Kind((answer(_CHUNKED, body=chunked(TEXT)[:-20]), CLOSE), end="truncated",
                      truncated="disconnect"),
    "cut-last-chunk": Kind((answer(_CHUNKED, body=chunked(TEXT)[:-4]), CLOSE), end="truncated",
                           truncated="disconnect"),
    "cut-head": Kind((b"HTTP/1.1 200 OK\r\nContent-Ty", CLOSE), end="truncated",
                     truncated="disconnect"),
    "reset": Kind((sized()[:-10], RESET), end="truncated", truncated="disconnect"),
    "reset-close-delimited": Kind((answer("Connection: close"), RESET), end="truncated",
                                  truncated="disconnect"),
    "tls-cut": Kind((sized()[:-10], CLOSE), way="tls", end="truncated", truncated="disconnect"),
    "timeout": Kind((sized()[:-10], 2.0, CLOSE), end="timeout", truncated="time", meta=_LATE),
    "timeout-drip": Kind((sized()[:-40], *[b"x", 0.1] * 30, CLOSE), end="timeout",
                         truncated="time", meta=_LATE),
    "timeout-no-answer": Kind((2.0, CLOSE), end="timeout", meta=_LATE),
    "timeout-head": Kind((b"HTTP/1.1 200 OK\r\nX: ", 2.0, CLOSE), end="timeout", truncated="time",
                         meta=_LATE),
    "no-answer": Kind((CLOSE,), end="failed"),
    "reset-no-answer": Kind((RESET,), end="failed"),
    # over a limit
    "too-large-declared": Kind((sized(body=b"x" * (MAXSIZE + 1)), CLOSE), end="too_large",
                               truncated="length"),
    "too-large-streamed": Kind((answer("X: 1", body=b"x" * 3 * MAXSIZE), CLOSE), end="too_large",
                               truncated="length"),
    "chunk-flood": Kind(
        (answer(_CHUNKED, body=chunked(*[b"y"] * 500, extension=b";" + b"e" * 900)), CLOSE),
        end="too_large", truncated="length",
    ),
    "long-head": Kind((sized(*[f"X-{n}: {'v' * 990}" for n in range(40)]), CLOSE),
                      end="too_large", truncated="length"),
    "endless-head": Kind((b"HTTP/1.1 200 OK\r\n" + b"X-A: 1234567890\r\n" * 5000, CLOSE),
                         end="too_large", truncated="length"),
    "endless-line": Kind((b"HTTP/1.1 200 OK\r\nX: " + b"v" * 80_000, CLOSE),
                         end="too_large", truncated="length"),
    "bomb": Kind((sized(_GZIP, body=gzip.compress(b"0" * 50 * MAXSIZE, mtime=0)),),
                 end="too_large"),
    # damaged
    "gzip-crc": Kind((sized(_GZIP, body=_BAD_CRC),), end="damaged"),
    "gzip-cut": Kind((sized(_GZIP, body=GZIPPED[:-12]),), end="truncated"),
    "gzip-cut-closed": Kind((answer(_GZIP, body=GZIPPED[:-12]), CLOSE), end="truncated",
                            truncated="disconnect"),
    "gzip-crc-closed": Kind((answer(_GZIP, body=_BAD_CRC), CLOSE), end="damaged"),
    "gzip-not": Kind((sized(_GZIP, body=bytes(range(64))),), end="damaged"),
    "gzip-plain": Kind((sized(_GZIP, body=TEXT),)),
    "gzip-unsaid": Kind((sized(body=GZIPPED),), body=LONG),
    "brotli": Kind((sized("Content-Encoding: br", body=b"\x8b\x01\x80page\x03"),), body=b"page"),
    "zstd": Kind((sized("Content-Encoding: zstd", body=ZSTD),), body=LONG),
    "compress": Kind((sized("Content-Encoding: compress", body=b"\x1f\x9d\x90\x74"),),
                     end="unsupported"),
    "label-over-noise": Kind((sized("Content-Encoding: none", body=GZIPPED[20:90]),),
                             end="unsupported"),
    "chunk-size": Kind((answer(_CHUNKED, body=b"zz\r\nabc\r\n0\r\n\r\n"), CLOSE), end="damaged",
                       truncated="unspecified"),
    "chunk-size-2-63": Kind((answer(_CHUNKED, body=b"8000000000000000\r\nabc"), CLOSE),
                            end="damaged", truncated="unspecified"),
    "lengths-conflict": Kind((answer("Content-Length: 5", "Content-Length: 6"), CLOSE),
                             end="damaged", truncated="unspecified"),
    "chunk-size-signed": Kind((answer(_CHUNKED, body=b"+3\r\nabc\r\n0\r\n\r\n"), CLOSE),
                              end="damaged", truncated="unspecified"),
    "chunk-size-negative": Kind((answer(_CHUNKED, body=b"-3\r\nabc\r\n0\r\n\r\n"), CLOSE),
                                end="damaged", truncated="unspecified"),
    "chunk-without-end": Kind((answer(_CHUNKED, body=b"3\r\nabcd\r\n0\r\n\r\n"), CLOSE),
                              end="damaged", truncated="unspecified"),
    "lengths-conflict-in-one": Kind((answer("Content-Length: 5, 6"), CLOSE), end="damaged",
                                    truncated="unspecified"),
    "transfer-coding": Kind((answer("Transfer-Encoding: compress", body=b"\0\1\2page\3"), CLOSE),
                            end="unsupported"),
    "not-http": Kind((b"220 mail.example ESMTP\r\nhello\r\n\r\n", CLOSE), end="not_http",
                     truncated="unspecified"),
}  # fmt: skip
