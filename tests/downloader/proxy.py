"""A forward proxy that answers from a table: what no site would do twice."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


class Reply(NamedTuple):
    """An answer; `location` may name the proxy's own `{port}`."""

    status: int
    body: bytes = b""
    location: str = ""


class Table:
    """Answers `replies` by absolute address, 404 where there is none; `asked` is what was asked."""

    def __init__(self, replies: Mapping[str, Reply]) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                reply = replies.get(self.path, Reply(404))
                self.send_response(reply.status)
                if reply.location:
                    port = self.server.server_address[1]
                    self.send_header("Location", reply.location.format(port=port))
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, *_: object) -> None:
                """Tests print nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.environment = {"http_proxy": url, "https_proxy": url}

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
