"""A server of raw bytes: it sends exactly what a kind says and logs what crossed the wire.

Plain and TLS, as the origin, as a forward proxy and behind CONNECT, on one thread a connection.
"""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.site.certs import write_pem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

CLOSE, RESET, UNLESS_REUSED = "close", "reset", "unless reused"

# Bytes to send, seconds to wait, or a word: CLOSE, RESET, UNLESS_REUSED (close unasked).
Step = bytes | float | str


@dataclass
class Logged:
    """One request read and the bytes sent in answer."""

    name: str
    received: bytes
    sent: bytearray = field(default_factory=bytearray)


class Origin:
    """Serves `kinds` (steps by path) on a plain and a TLS port of 127.0.0.1."""

    def __init__(self, kinds: Mapping[str, Sequence[Step]], folder: Path) -> None:
        self.log: list[Logged] = []
        self.certificate = folder / "certificate.pem"
        self._kinds = kinds
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(_make_certificate(self.certificate))
        self._listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        self.port, self.tls_port = (sock.getsockname()[1] for sock in self._listeners)

    def __enter__(self) -> Self:
        for listener, context in zip(self._listeners, (None, self._tls), strict=True):
            threading.Thread(target=self._accept, args=(listener, context), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for listener in self._listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def _accept(self, listener: socket.socket, context: ssl.SSLContext | None) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection, context), daemon=True).start()

    def _serve(self, connection: socket.socket, context: ssl.SSLContext | None) -> None:
        connection.settimeout(20)
        try:
            with connection:
                if context:
                    with context.wrap_socket(connection, server_side=True) as secured:
                        self._answer_all(secured)
                else:
                    self._answer_all(connection)
        except OSError:
            return

    def _answer_all(self, connection: socket.socket) -> None:
        number = 0
        while received := _read_request(connection):
            target = received.split(b" ", 2)[1].decode()
            if received.startswith(b"CONNECT "):
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                with self._tls.wrap_socket(connection, server_side=True) as secured:
                    self._answer_all(secured)
                return
            name = target.partition("?")[0].rpartition("/")[2]
            logged = Logged(name, received)
            self.log.append(logged)
            if not _answer(connection, self._kinds[name], logged, is_reused=number > 0):
                return
            number += 1


def _answer(
    connection: socket.socket, steps: Sequence[Step], logged: Logged, *, is_reused: bool
) -> bool:
    """Take the steps; False when the connection is to be closed."""
    for step in steps:
        if isinstance(step, bytes):
            connection.sendall(step)
            logged.sent += step
        elif isinstance(step, float):
            time.sleep(step)
        elif step == RESET:
            time.sleep(0.1)  # what was sent gets through before the reset
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        elif step == CLOSE or is_reused:
            return False
    return True


def _read_request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return b""
        received += piece
    return received


def _make_certificate(path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=36500))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    write_pem(path, key, certificate)
    return path
