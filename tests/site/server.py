"""The loopback site's sockets: forward proxy, CONNECT with TLS, origin server, TLS port.

One thread a connection; `close` ends and joins them all. What is answered comes from a `Responder`.
"""

from __future__ import annotations

import socket
import ssl
import struct
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from tests.site.wire import Request, RequestReader

if TYPE_CHECKING:
    from tests.site.certs import Authority

_IDLE = 120.0  # seconds a kept-alive connection may wait for its next request
_ENDS = (OSError, ValueError, ssl.SSLError)


@dataclass(slots=True)
class Entry:
    """One request in the log. `at` is seconds on the site's own steady clock, `size` the bytes
    sent, `connection` the number of its connection; `request` and `sent` are kept on demand."""

    number: int
    at: float
    day: float
    connection: int
    scheme: str
    method: str
    host: str
    path: str
    headers: list[tuple[str, str]]
    status: int = 0
    size: int = 0
    fault: str = ""
    request: bytes = b""
    sent: bytes = b""


class Responder(Protocol):
    """Decides what a request gets."""

    authority: Authority

    def log_entry(self, connection: int, scheme: str, host: str, path: str,
                  request: Request) -> Entry: ...  # fmt: skip

    def respond(self, request: Request, entry: Entry, sink: Connection) -> bool:
        """Sends the answer; True when the connection can go on."""

    def connecting(self, host: str) -> str:
        """The fault that meets a new connection to a host, or an empty string."""


class Connection:
    """One client's connection, plain or TLS."""

    def __init__(self, server: Server, sock: socket.socket, number: int) -> None:
        self.server = server
        self.sock = sock
        self.number = number
        self.entry: Entry | None = None

    def send(self, data: bytes) -> None:
        """Notes in the log what is to be sent, then sends: a client that has it finds it there."""
        entry = self.entry
        if entry is not None:
            entry.size += len(data)
            if not entry.status and data.startswith(b"HTTP/"):
                entry.status = int(data[9:12])
            if self.server.wire:
                entry.sent += data
        self.sock.sendall(data)

    def wait(self, seconds: float) -> bool:
        """Sleeps; True when the site is being closed."""
        return self.server.stopped.wait(seconds)

    def reset(self) -> None:
        """Ends the connection with a RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def serve(self, *, tls: bool) -> None:
        """Answers until the client or a fault ends the connection."""
        try:
            scheme, fixed = "http", ""
            if tls:
                self._secure("")
                scheme = "https"
            reader = RequestReader(self.sock)
            while not self.server.stopped.is_set():
                request = reader.next()
                if request is None:
                    return
                if request.method == "CONNECT":
                    fixed = request.target.rpartition(":")[0].lower()
                    if self.server.responder.connecting(fixed) == "dns":
                        self.sock.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                        return
                    self.sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    self._secure(fixed)
                    reader, scheme = RequestReader(self.sock), "https"
                elif not self._one(request, scheme, fixed):
                    return
        except _ENDS:
            return  # the client went away, or spoke no HTTP: nothing to answer
        finally:
            self._end()

    def _one(self, request: Request, scheme: str, fixed: str) -> bool:
        target = request.target
        if target.startswith(("http://", "https://")):
            scheme, _, rest = target.partition("://")
            host, slash, path = rest.partition("/")
            target = slash + path if slash else "/"
        else:
            host = request.header("host") or fixed
        host = host.partition(":")[0].lower()
        entry = self.server.responder.log_entry(self.number, scheme, host, target, request)
        self.entry = entry
        if self.server.wire:
            entry.request = request.raw
        return self.server.responder.respond(request, entry, self)

    def _secure(self, host: str) -> None:
        """Takes up TLS with the certificate of `host`, or of the name the client asks for."""
        responder = self.server.responder
        name = host or "localhost"
        context = responder.authority.context(name, _tls_fault(responder, name))
        if not host:
            context = responder.authority.context("localhost", "by-name")

            def choose(sock: ssl.SSLObject, asked: str | None, _: ssl.SSLContext) -> None:
                shown = asked or "localhost"
                sock.context = responder.authority.context(shown, _tls_fault(responder, shown))

            context.sni_callback = choose
        plain = self.sock
        # assigned before the handshake, so that close() can end a client that never shakes hands
        secured = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        self.sock = secured
        secured.do_handshake()

    def _end(self) -> None:
        with suppress(OSError):  # already ended by the other side
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


def _tls_fault(responder: Responder, host: str) -> str:
    fault = responder.connecting(host)
    return fault if fault.startswith("tls_") else ""


class Server:
    """Listens on 127.0.0.1; `wire` keeps the bytes of every exchange in the log."""

    def __init__(
        self, responder: Responder, port: int, tls_port: int | None, *, wire: bool
    ) -> None:
        self.responder = responder
        self.wire = wire
        self.stopped = Event()
        self._lock = Lock()
        self._open: dict[Connection, Thread] = {}
        self._count = 0
        self._listeners = [_listen(port)]
        if tls_port is not None:
            self._listeners.append(_listen(tls_port))
        self.started = monotonic()
        self._accepting = [
            Thread(
                target=self._accept, args=(listener, bool(n)), name=f"site-accept-{n}", daemon=True
            )
            for n, listener in enumerate(self._listeners)
        ]
        for thread in self._accepting:
            thread.start()

    @property
    def ports(self) -> list[int]:
        """The plain port, then the TLS port if there is one."""
        return [listener.getsockname()[1] for listener in self._listeners]

    def _accept(self, listener: socket.socket, tls: bool) -> None:
        while not self.stopped.is_set():
            try:
                sock, _ = listener.accept()
            except OSError:
                return  # closed: the site stops
            sock.settimeout(_IDLE)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._count += 1
                connection = Connection(self, sock, self._count)
                thread = Thread(
                    target=self._serve, args=(connection, tls), name="site-connection", daemon=True
                )
                self._open[connection] = thread
                if self.stopped.is_set():
                    del self._open[connection]
                    sock.close()
                    return
                thread.start()

    def _serve(self, connection: Connection, tls: bool) -> None:
        try:
            connection.serve(tls=tls)
        finally:
            with self._lock:
                self._open.pop(connection, None)

    def close(self) -> None:
        """Stops listening, ends every connection and joins every thread."""
        self.stopped.set()
        for listener in self._listeners:
            with suppress(OSError):  # wakes accept(), where the system allows it
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for thread in self._accepting:
            thread.join()
        with self._lock:
            still = dict(self._open)
        for connection in still:
            with suppress(OSError):  # ended meanwhile
                connection.sock.shutdown(socket.SHUT_RDWR)
        for thread in still.values():
            thread.join()


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(256)
    return listener
