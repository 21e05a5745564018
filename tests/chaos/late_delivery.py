"""To be run in a network namespace of its own: what is sent while the network is away, and then the
network comes back. Two connections, one of which gives up after a second, as those of crawls that
share a ledger do; prints what each of their servers got."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, cast

from crawler.downloader.taps import TappedProtocol

BOUND = 1.0
_AWAY, _BACK = 2.5, 6.0


def _network(how: str) -> None:
    subprocess.run(["ip", "link", "set", "lo", how], check=True)


def _connected() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        return client, server.accept()[0]


def main() -> int:
    """Two connections, one of them bounded."""
    _network("up")
    bounded, unbounded = _connected(), _connected()
    protocol = TappedProtocol()  # type: ignore[no-untyped-call]
    protocol.transport = cast("Any", SimpleNamespace(socket=bounded[0]))
    protocol.deliver_within(BOUND)
    _network("down")
    for client, _ in (bounded, unbounded):
        client.send(b"GET")
    time.sleep(_AWAY)
    _network("up")
    got = []
    end = time.monotonic() + _BACK
    for _, server in (unbounded, bounded):
        server.settimeout(max(end - time.monotonic(), 0.1))
        received = b""
        with suppress(OSError):
            received = server.recv(9)
        got.append(received.decode())
    sys.stdout.write(json.dumps(got))
    return 0


if __name__ == "__main__":
    sys.exit(main())
