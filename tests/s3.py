"""A real S3 server for the tests, moto's, as a process on loopback; and a way to it that cuts
connections off."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import suppress
from typing import Any, Self
from uuid import uuid4

_WAIT = 60.0
_REFUSED = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class S3Server:
    """The server. `environment` is what S3 clients read, `bucket` makes one."""

    def __init__(self) -> None:
        self.port = _free_port()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
        )
        until = time.monotonic() + _WAIT
        while not _answers(self.port):
            assert self._process.poll() is None, "moto's server doesn't start"
            assert time.monotonic() < until
            time.sleep(0.05)

    def environment(self, port: int | None = None) -> dict[str, str]:
        """What S3 clients read; with `port` they go by a way to the server."""
        return {
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port or self.port}",
            "AWS_ACCESS_KEY_ID": "somebody",
            "AWS_SECRET_ACCESS_KEY": "s3cret-of-storage",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self) -> Any:
        """A client of its own."""
        import boto3

        return boto3.session.Session(
            aws_access_key_id="somebody", aws_secret_access_key="s", region_name="us-east-1"
        ).client("s3", endpoint_url=f"http://127.0.0.1:{self.port}")

    def bucket(self) -> str:
        """Make an empty bucket; its name."""
        name = f"bucket-{uuid4().hex}"
        self.client().create_bucket(Bucket=name)
        return name

    def close(self) -> None:
        """End the server."""
        self._process.kill()
        self._process.wait()


class CuttingWay:
    """Passes connections on to a port of loopback. The next connections are cut off after so many
    bytes from the client, or to it, as `up` and `down` say, one number each. While it `refuses`,
    each is answered with 503."""

    def __init__(self, port: int) -> None:
        self.up: list[int] = []
        self.down: list[int] = []
        self._refuses = False
        self._to = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()
        for one in self._sockets:
            with suppress(OSError):
                one.close()

    def refuse(self, *, on: bool) -> None:
        """Let nobody have anything any more, and cut off who is at it; or let them again."""
        self._refuses = on
        if on:
            for one in self._sockets:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            self._sockets.clear()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            if self._refuses:
                with suppress(OSError), client:
                    client.recv(65536)
                    client.sendall(_REFUSED)
                    client.shutdown(socket.SHUT_WR)
                continue
            server = socket.create_connection(("127.0.0.1", self._to))
            self._sockets += [client, server]
            for source, target, bounds in (
                (client, server, self.up), (server, client, self.down),
            ):  # fmt: skip
                threading.Thread(
                    target=self._pass_on, args=(source, target, bounds), daemon=True
                ).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, bounds: list[int]) -> None:
        passed = 0
        with suppress(OSError):
            while data := source.recv(65536):
                passed += len(data)
                if bounds and passed > bounds[0]:
                    bounds.pop(0)
                    break
                target.sendall(data)
            else:
                target.shutdown(socket.SHUT_WR)
                return
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/data.json", timeout=5):
            return True
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])
