"""Taps on Twisted's HTTP/1.1 client: they note the bytes of each exchange as they cross the wire.

In: connections of Scrapy's pool. Out: one Capture per request sent. Nothing here changes what is
sent or what Scrapy gets, but five things: heads and framing are read by `wire`, as leniently as
browsers read them, a head over 32 KiB or a body framed beyond all proportion ends the connection,
bytes after the end of a message close it, a request that an idle connection swallowed is sent once
more on a fresh one, and one over TLS waits for the end of the handshake before it is written.
"""

from __future__ import annotations

import socket
import sys
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

from scrapy.core.downloader.handlers.http11 import (
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
    _LenientHTTPClientParser,
)
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHandshakeListener
from twisted.internet.protocol import connectionDone
from twisted.protocols.tls import BufferingTLSTransport
from twisted.web._newclient import (
    RequestNotSent,
    RequestTransmissionFailed,
    Response,
    ResponseNeverReceived,
)
from twisted.web.http import _DataLoss
from twisted.web.http_headers import Headers, InvalidHeaderName
from zope.interface import implementer  # type: ignore[import-untyped]

from crawler.archive import wire
from crawler.archive.writer import Tls
from crawler.clock import now

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from datetime import datetime

    from twisted.internet.interfaces import IAddress, IStreamClientEndpoint
    from twisted.python.failure import Failure
    from twisted.web._newclient import HTTP11ClientProtocol
    from twisted.web.client import HTTPConnectionPool
    from twisted.web.iweb import IResponse

_IDEMPOTENT = (b"GET", b"HEAD")
_SWALLOWED = (RequestNotSent, RequestTransmissionFailed, ResponseNeverReceived)


class Capture:
    """The bytes of one request and of its answer, 1xx answers and what follows its end left out.

    `body_limit` bounds the answer after its head, framing included (0: no bound). `is_over_limit`
    says that one of the limits ended it, `is_closed` that the connection ended before the answer's
    declared end (if it has one), `is_reset` that it didn't end in order.
    """

    def __init__(self, body_limit: int) -> None:
        self.request = bytearray()
        self.response = bytearray()
        self.started_at: datetime = now()
        self.peer: str | None = None
        self.tls: Tls | None = None
        self.is_over_limit = False
        self.is_closed = False
        self.is_reset = False
        self._body_limit = body_limit
        self._began = self._ended = monotonic()
        self._interim = 0
        self._scanned = 0
        self._head_length: int | None = None

    @property
    def duration_ms(self) -> int:
        """From the request to the last byte received."""
        return round((self._ended - self._began) * 1000)

    def begin(self, peer: str | None) -> None:
        self.started_at = now()
        self._began = self._ended = monotonic()
        self.peer = peer

    def received(self, data: bytes) -> bool:
        """Note bytes of the answer; False when they took it over a limit."""
        self._ended = monotonic()
        self.response += data
        if self._head_length is None:
            self._find_head()
        if self._head_length is None:
            allowed = wire.MAX_HEAD - self._interim
        elif self._head_length > wire.MAX_HEAD:
            allowed = wire.MAX_HEAD
        elif self._body_limit:
            allowed = self._head_length + self._body_limit
        else:
            return True
        if len(self.response) <= allowed:
            return True
        del self.response[max(allowed, 0) :]
        self.is_over_limit = True
        return False

    def finished(self, rest: bytes) -> None:
        """The answer's end was seen; `rest` came after it and is not part of it."""
        if rest:
            del self.response[-len(rest) :]

    def _find_head(self) -> None:
        while (end := wire.head_end(self.response, max(0, self._scanned - 2))) is not None:
            if not wire.is_interim(self.response[:end]):
                self._head_length = end
                return
            del self.response[:end]
            self._interim += end
            self._scanned = 0
        self._scanned = len(self.response)


class _TappedTransport:
    """A transport that also notes what is written to it."""

    def __init__(self, transport: Any, capture: Capture) -> None:
        self._transport = transport
        self._capture = capture

    def write(self, data: bytes) -> None:
        self._capture.request += data
        self._transport.write(data)

    def writeSequence(self, parts: list[bytes]) -> None:  # noqa: N802 - Twisted's name
        for part in parts:
            self.write(part)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _TappedRequest:
    """Twisted's request, writing itself through the tap."""

    def __init__(self, request: Any, capture: Capture) -> None:
        self._request = request
        self._capture = capture

    def writeTo(self, transport: Any) -> Any:  # noqa: N802 - Twisted's name
        return self._request.writeTo(_TappedTransport(transport, self._capture))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._request, name)


class _ChunkedBody:
    """Twisted's decoder of a chunked body, reading as `wire` does."""

    def __init__(
        self, data_received: Callable[[bytes], None], finished: Callable[[bytes], None]
    ) -> None:
        self._chunks = wire.Chunks()
        self._data_received = data_received
        self._finished = finished

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        entity = self._chunks.feed(data)
        if entity:
            self._data_received(entity)
        if self._chunks.is_complete:
            self._finished(self._chunks.rest)

    def noMoreData(self) -> None:  # noqa: N802 - Twisted's name
        try:
            self._chunks.close()
        except wire.WireTruncatedError as error:
            raise _DataLoss(str(error)) from error


class _Parser(_LenientHTTPClientParser):
    """Reads heads and framing by `wire`, so that what is read live is what the archive holds."""

    MAX_LENGTH = wire.MAX_HEAD
    _transferDecoders = {b"chunked": _ChunkedBody}  # type: ignore[dict-item]  # noqa: N815, RUF012
    _head = b""

    def lineReceived(self, line: bytes) -> None:  # noqa: N802 - Twisted's name
        self._head += line + b"\n"
        if line.removesuffix(b"\r"):
            return
        head, self._head = wire.parse_response_head(self._head), b""
        framing = wire.framing(head, self.request.method.decode())
        self.response = Response._construct(  # type: ignore[no-untyped-call]
            (b"HTTP", *head.version_numbers),
            head.status,
            head.reason.encode("latin-1"),
            self.headers,
            self.transport,
            self.request,
        )
        for name, value in head.headers:
            with suppress(InvalidHeaderName):
                self.headers.addRawHeader(name.encode("latin-1"), value.encode("latin-1"))
        connection = {}
        if framing.is_chunked:
            connection[b"Transfer-Encoding"] = [b"chunked"]
        elif framing.length is not None:
            connection[b"Content-Length"] = [b"%d" % framing.length]
        if not head.is_persistent:
            connection[b"Connection"] = [b"close"]
        self.connHeaders = Headers(connection)
        self.allHeadersReceived()  # type: ignore[no-untyped-call]


@implementer(IHandshakeListener)
class TappedProtocol(_LenientHTTP11ClientProtocol):
    """One connection, which notes bytes for the capture of the request it is busy with."""

    capture: Capture | None = None
    # Its server may close it just as it is used again.
    was_idle = False
    _tls: Tls | None = None
    _secured: Deferred[TappedProtocol] | None = None

    @property
    def _tls_layer(self) -> Any:
        """What encrypts: the transport or, in a proxy's tunnel, the transport's protocol; None
        without TLS."""
        transport: Any = self.transport
        layers = (transport, getattr(transport, "protocol", None))
        return next((one for one in layers if isinstance(one, BufferingTLSTransport)), None)

    def secured(self) -> Deferred[TappedProtocol]:
        """Itself, once a request that is written crosses the wire at once: over TLS when the
        handshake is done. Fails with ResponseNeverReceived where the connection is lost first."""
        if self._tls is not None or self._tls_layer is None:
            return succeed(self)
        self._secured = Deferred(self._give_up)
        return self._secured

    def _give_up(self, _: Deferred[TappedProtocol]) -> None:
        self._secured = None
        self.transport.abortConnection()  # type: ignore[union-attr]

    def handshakeCompleted(self) -> None:  # noqa: N802 - Twisted's name
        layer = self._tls_layer
        if layer is None or layer._aborted:  # the certificate is another host's
            return
        certificate = layer.getPeerCertificate()
        self._tls = Tls(
            version=layer.getHandle().get_protocol_version_name(),
            certificate_sha256=certificate.digest("sha256").decode().replace(":", "").lower(),
        )
        waiting, self._secured = self._secured, None
        if waiting is not None:
            waiting.callback(self)

    def ask(self, request: Any, capture: Capture) -> Deferred[IResponse]:
        """Send a request and note the exchange in `capture`."""
        transport: Any = self.transport
        self.capture = capture
        capture.begin(getattr(transport.getPeer(), "host", None))
        capture.tls = self._tls
        answer = super().request(_TappedRequest(request, capture))  # type: ignore[arg-type]
        if self._parser is not None:
            self._parser.__class__ = _Parser  # as Scrapy does: the class is hard-wired
        return answer

    def deliver_within(self, seconds: float) -> None:
        """Let the kernel give up the connection where what was sent isn't acknowledged in time
        (Linux, tcp(7), TCP_USER_TIMEOUT), and send it no more when the network is back."""
        handle: socket.socket = self.transport.socket  # type: ignore[union-attr]
        if sys.platform == "linux":
            handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(seconds * 1000))

    def send_now(self) -> None:
        """Give the kernel what was written. Twisted waits for the reactor's next turn, and until
        then the process may stand still and lose its leases."""
        transport: Any = self.transport
        layer = self._tls_layer
        if layer is not None:
            layer._aggregator.flush()
        if transport.connected:
            transport.doWrite()  # what comes of a failure the reactor's next turn meets as well

    def give_back(self) -> None:
        """Keep the connection, which nothing was sent on, for another request."""
        self.was_idle = True
        if self.state == "QUIESCENT":
            self._quiescentCallback(self)

    def dataReceived(self, bytes: bytes) -> None:  # noqa: A002, N802 - Twisted's names
        if self.capture is not None and not self.capture.received(bytes):
            assert self.transport is not None
            self.transport.abortConnection()
            return
        super().dataReceived(bytes)  # type: ignore[no-untyped-call]

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        if self.capture is not None:
            self.capture.is_closed = True
            self.capture.is_reset = not isinstance(reason.value, ConnectionDone)
        super().connectionLost(reason)  # type: ignore[no-untyped-call]
        waiting, self._secured = self._secured, None
        if waiting is not None:
            waiting.errback(ResponseNeverReceived([reason]))  # type: ignore[no-untyped-call]

    def _finishResponse(self, rest: bytes) -> None:  # noqa: N802 - Twisted's name
        if self.capture is not None:
            self.capture.finished(rest)
            self.capture = None
        self.was_idle = True
        if rest and self._currentRequest is not None:
            self._currentRequest.persistent = False
        super()._finishResponse(rest)


class TappedFactory(_LenientHTTP11ClientFactory):
    def buildProtocol(self, addr: IAddress | None) -> HTTP11ClientProtocol:  # noqa: ARG002, N802
        return TappedProtocol(self._quiescentCallback)  # type: ignore[no-untyped-call]


class TappedPool:
    """The pool as one download sees it: each request sent through it adds to `captures`. What
    `check` gives keeps the request from being sent; one that can't be delivered in so many seconds
    is given up (0: no bound of ours, nor any haste)."""

    def __init__(
        self,
        pool: HTTPConnectionPool,
        body_limit: int,
        check: Callable[[], Exception | None] | None = None,
        deliver_within: float = 0.0,
    ) -> None:
        self.captures: list[Capture] = []
        self._check = check
        self._deliver_within = deliver_within
        self.persistent = pool.persistent
        self._pool = pool
        self._body_limit = body_limit

    def getConnection(  # noqa: N802 - Twisted's name
        self, key: Hashable, endpoint: IStreamClientEndpoint
    ) -> Deferred[Any]:
        connected: Deferred[Any] = self._pool.getConnection(key, endpoint)
        return connected.addCallback(lambda connection: _Sender(connection, self, key, endpoint))

    def send(self, connection: TappedProtocol, request: Any) -> Deferred[Any]:
        """Send a request once it can cross the wire, unless the check says then that it mustn't."""
        return connection.secured().addCallback(self._send, request)

    def _send(self, connection: TappedProtocol, request: Any) -> Deferred[IResponse]:
        if self._check and (error := self._check()):
            connection.give_back()
            return fail(error)
        if not self._deliver_within:
            return connection.ask(request, self.capture())
        connection.deliver_within(self._deliver_within)
        answer = connection.ask(request, self.capture())
        connection.send_now()
        return answer

    def capture(self) -> Capture:
        self.captures.append(Capture(self._body_limit))
        return self.captures[-1]

    def fresh_connection(self, key: Hashable, endpoint: IStreamClientEndpoint) -> Deferred[Any]:
        return self._pool._newConnection(key, endpoint)


class _Sender:
    """Sends one request on a connection, and once more on a fresh one if it was swallowed.

    A server may close an idle connection just as we use it. That is no failure of the page: HTTP
    lets the client repeat the request at once (RFC 9110 9.2.2).
    """

    def __init__(
        self,
        connection: TappedProtocol,
        pool: TappedPool,
        key: Hashable,
        endpoint: IStreamClientEndpoint,
    ) -> None:
        self._connection = connection
        self._pool = pool
        self._again = (key, endpoint)

    def request(self, request: Any) -> Deferred[IResponse]:
        is_reused = self._connection.was_idle
        answer = self._pool.send(self._connection, request)

        def swallowed(failure: Failure) -> Any:
            error = failure.value
            reasons = getattr(error, "reasons", ())
            if (
                not is_reused
                or not isinstance(error, _SWALLOWED)
                or self._pool.captures[-1].response
                or request.method not in _IDEMPOTENT
                or any(isinstance(reason.value, CancelledError) for reason in reasons)
            ):
                return failure
            fresh = self._pool.fresh_connection(*self._again)
            # long after the first was sent, perhaps: a network may have gone away in between
            return fresh.addCallback(self._pool.send, request)

        return answer.addErrback(swallowed)
