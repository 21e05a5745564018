"""Faults on demand: which request they hit, and what the server does then.

A fault comes from a rule (`FaultRules`, set through the control host) or from the address itself:
the first path segment `fault-<kind>` asks for that fault on the rest of the path.

Kinds: any status as its number ("403", "429", "503", …, with `retry_after`), and
  answers    redirect_loop redirect_front redirect_skip soft404 empty error_page
  bodies     truncated bad_chunk cut_chunk bad_gzip cut_gzip huge drip
  the wire   stall stall_body reset reset_body close garbage endless_head
  names/TLS  dns tls_expired tls_wrong_host (by host, at CONNECT or connect)
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from email.utils import format_datetime, localtime
from fnmatch import fnmatchcase
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from tests.site.answer import Answer, page, soft_404
from tests.site.wire import REASONS, Request, Wire, frame

if TYPE_CHECKING:
    from datetime import datetime

ANSWERS = ("redirect_loop", "redirect_front", "redirect_skip", "soft404", "empty", "error_page")
BODIES = ("truncated", "bad_chunk", "cut_chunk", "bad_gzip", "cut_gzip", "huge", "drip")
WIRES = ("stall", "stall_body", "reset", "reset_body", "close", "garbage", "endless_head")
CONNECTS = ("dns", "tls_expired", "tls_wrong_host")
KINDS = frozenset({*ANSWERS, *BODIES, *WIRES, *CONNECTS, *(str(s) for s in REASONS if s >= 400)})


@dataclass(slots=True)
class Fault:
    """`host` and `path` are shell patterns. It spares the first `skip` requests that match, then
    hits `times` of them (None: all).

    `retry_after` is a header value, or `date:N` for an HTTP date N seconds from now; `seconds` is
    how long a stall lasts, `pause` what lies between a drip's 64 bytes; `size` is the bytes of a
    huge body or of an endless head (of which 8 MiB at most are sent).
    """

    kind: str
    host: str = "*"
    path: str = "*"
    times: int | None = None
    skip: int = 0
    retry_after: str = ""
    seconds: float = 3600.0
    pause: float = 0.5
    size: int = 64 * 1024 * 1024
    hits: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            message = f"unknown fault {self.kind!r}; known: {', '.join(sorted(KINDS))}"
            raise ValueError(message)


class FaultRules:
    """The faults in force, first match first; safe to change while requests are served."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []
        self._lock = Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._rules.append(fault)

    def replace(self, faults: list[Fault]) -> None:
        with self._lock:
            self._rules = list(faults)

    def match(self, host: str, path: str, connecting: bool = False) -> Fault | None:
        """The fault that hits this request, counted; `connecting` asks for CONNECTS only."""
        with self._lock:
            for rule in self._rules:
                fits = (rule.kind in CONNECTS) == connecting
                if not fits or not fnmatchcase(host, rule.host):
                    continue
                if not connecting and not fnmatchcase(path, rule.path):
                    continue
                rule.hits += 1
                if rule.hits <= rule.skip:
                    continue
                if rule.times is None or rule.hits <= rule.skip + rule.times:
                    return rule
        return None


def from_path(path: str) -> tuple[Fault | None, str]:
    """The fault that an address asks for, and the address without it."""
    first, _, rest = path[1:].partition("/")
    kind = first.removeprefix("fault-")
    if first != kind and kind in KINDS:
        patience = "1" if kind in {"429", "503"} else ""
        return Fault(kind, seconds=5.0, retry_after=patience), f"/{rest}"
    return None, path


class Sink(Protocol):
    """The connection a fault spoils."""

    def send(self, data: bytes) -> None: ...

    def wait(self, seconds: float) -> bool:
        """Sleeps; True when the site is being closed."""

    def reset(self) -> None:
        """Ends the connection with a RST."""


def bad_answer(fault: Fault, host: str, path: str) -> Answer | None:
    """The answer of a fault that is one; None for faults of body and wire."""
    kind = fault.kind
    if kind.isdigit():
        return page(f"{kind} {REASONS[int(kind)]}", "<h1>openresty</h1>", int(kind))
    if kind == "redirect_loop":
        return Answer(302, b"", location=f"http://{host}{path}")
    if kind == "redirect_front":
        return Answer(302, b"", location=f"http://{host}/")
    if kind == "redirect_skip":
        return Answer(302, b"", location="http://www.xinhuanet.com/webSkipping.htm")
    if kind == "soft404":
        return soft_404()
    if kind == "empty":
        return Answer(200, b"")
    if kind == "error_page":
        return page("访问被拦截", "<h1>您的访问请求存在安全风险，已被拦截</h1>")
    return None


def retry_after(fault: Fault) -> str:
    """The Retry-After header's value."""
    kind, _, seconds = fault.retry_after.partition(":")
    if kind != "date":
        return fault.retry_after
    moment = localtime() + timedelta(seconds=float(seconds))
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def spoil(fault: Fault, answer: Answer, request: Request, url: str, at: datetime,
          sink: Sink) -> bool:  # fmt: skip
    """Sends the answer as the fault has it; True when the connection can go on."""
    kind = fault.kind
    zipped = kind in {"bad_gzip", "cut_gzip"}
    plain = replace(request, headers=()) if not zipped else request
    wire = frame(answer, plain, url, at)
    wire.close = True
    wire.headers[-1] = ("Connection", "close")
    if fault.retry_after:
        wire.headers.append(("Retry-After", retry_after(fault)))
    if kind.isdigit() or kind in ANSWERS:
        wire.close = "close" in request.header("connection")
        wire.headers = [pair for pair in wire.headers if pair[0] != "Connection"]
        sink.send(wire.head + wire.body)
        return not wire.close
    if kind in WIRES:
        _on_the_wire(fault, wire, sink)
    else:
        _in_the_body(fault, wire, sink)
    return False


def _on_the_wire(fault: Fault, wire: Wire, sink: Sink) -> None:
    kind = fault.kind
    half = wire.body[: max(1, len(wire.body) // 2)]
    if kind == "stall":
        sink.wait(fault.seconds)
    elif kind == "stall_body":
        sink.send(wire.head + half)
        sink.wait(fault.seconds)
    elif kind == "reset":
        sink.reset()
    elif kind == "reset_body":
        sink.send(wire.head + half)
        sink.wait(0.05)  # lets the bytes arrive before the RST throws them away
        sink.reset()
    elif kind == "garbage":
        sink.send(b"\x16\x03\x01\x00\x05not http at all\r\n\r\n" + half)
    elif kind == "endless_head":
        sink.send(wire.status.encode() + b"\r\n")
        filler = b"".join(b"X-Filler-%03d: %b\r\n" % (n, b"a" * 48) for n in range(1000))
        for _ in range(min(fault.size, 8 * 1024 * 1024) // len(filler)):
            if sink.wait(0):
                return
            sink.send(filler)


def _declare(wire: Wire, *, length: int | None, chunked: bool) -> None:
    framing = ("content-length", "transfer-encoding")
    wire.headers = [pair for pair in wire.headers if pair[0].lower() not in framing]
    if length is not None:
        wire.headers.append(("Content-Length", str(length)))
    if chunked:
        wire.headers.append(("Transfer-Encoding", "chunked"))


def _in_the_body(fault: Fault, wire: Wire, sink: Sink) -> None:
    kind, entity = fault.kind, wire.entity
    half = entity[: len(entity) // 2]
    if kind == "huge":
        _declare(wire, length=fault.size, chunked=False)
        sink.send(wire.head)
        block, left = (entity or b"x") * (65536 // max(1, len(entity)) + 1), fault.size
        while left > 0 and not sink.wait(0):
            sink.send(block[:left])
            left -= len(block)
        return
    if kind == "drip":
        sink.send(wire.head)
        for start in range(0, len(wire.body), 64):
            sink.send(wire.body[start : start + 64])
            if sink.wait(fault.pause):
                return
        return
    if kind in {"bad_gzip", "cut_gzip"}:
        wire.headers = [pair for pair in wire.headers if pair[0] != "Content-Encoding"]
        wire.headers.append(("Content-Encoding", "gzip"))
        packed = entity if entity[:2] == b"\x1f\x8b" else gzip.compress(entity, 6, mtime=0)
        cut = packed[: len(packed) // 2]
        middle = len(packed) // 2
        bad = packed[:middle] + bytes(b ^ 0x5A for b in packed[middle : middle + 40])
        shown = cut if kind == "cut_gzip" else bad + packed[middle + 40 :]
        _declare(wire, length=len(shown), chunked=False)
        sink.send(wire.head + shown)
        return
    if kind == "truncated":
        _declare(wire, length=len(entity), chunked=False)
        sink.send(wire.head + half)
        return
    _declare(wire, length=None, chunked=True)
    first = b"%x\r\n%b\r\n" % (len(half), half)
    sink.send(wire.head + first + (b"zz\r\nnot a chunk\r\n" if kind == "bad_chunk" else b""))
