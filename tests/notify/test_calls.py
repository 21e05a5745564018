"""Calls to other programs over real sockets: what is sent, and that none of it can hold a run."""

from __future__ import annotations

import json
import logging
import socket
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from crawler.notify import calls

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def server(status: int = 200) -> Iterator[tuple[str, list[tuple[str, str, bytes]]]]:
    got: list[tuple[str, str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            got.append((self.command, self.path, self.rfile.read(length)))
            self.send_response(status)
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - the name http.server looks for

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}/secret", got
        listening.shutdown()
        thread.join()


def test_pings_go_where_healthchecks_has_them() -> None:
    with server() as (url, got):
        calls.ping(url, "/start")
        calls.ping(url)
        calls.ping(url + "/", "/3")
    assert [path for _, path, _ in got] == ["/secret/start", "/secret", "/secret/3"]


def test_the_webhook_gets_json() -> None:
    with server() as (url, got):
        calls.post(url, {"text": "江苏", "exit_code": 3})
    ((method, _, body),) = got
    assert method == "POST"
    assert json.loads(body) == {"text": "江苏", "exit_code": 3}


@pytest.mark.parametrize("status", [404, 500])
def test_a_refusal_is_logged_without_the_address(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with server(status) as (url, _), caplog.at_level(logging.WARNING):
        calls.ping(url)
    assert "PING_URL could not be called: HTTPError" in caplog.text
    assert "secret" not in caplog.text


def test_nobody_there_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused
        calls.ping(f"http://127.0.0.1:{taken.getsockname()[1]}/secret")
    assert "PING_URL could not be called" in caplog.text
    assert "secret" not in caplog.text


def test_one_that_never_answers_holds_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(calls, "SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        began = monotonic()
        calls.post(f"http://127.0.0.1:{deaf.getsockname()[1]}/secret", {})
        assert monotonic() - began < 3
    assert "WEBHOOK_URL" in caplog.text
