"""`scrapy serve`: the reading room, the archive in a browser.

Exit codes: 0 it was stopped; 2 usage, a port in use, no archive, a missing extra; 5 the ledger
can't be read.
"""

from __future__ import annotations

import ipaddress
import signal
import socket
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.commands.base_command import ProjectCommand, count, open_ledger, sentence
from crawler.data_dir import search_index_file

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

_LOCAL = frozenset({"127.0.0.1", "localhost", "[::1]"})
_HIGHEST_PORT = 65535

# Bytes of a request's head: a query of 10,000 characters still gets a page of ours that refuses it.
_MAX_HEAD = 256 * 1024

# Requests at a time; further ones are told to come again.
_MAX_CONNECTIONS = 200


class Command(ProjectCommand, ScrapyCommand):
    def short_desc(self) -> str:
        return "Show the archive in a browser: read, search, compare, prove, cite"

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        add = parser.add_argument
        add("--host", default="127.0.0.1", metavar="H", help="address to listen at (127.0.0.1)")
        add(
            "--port", type=_port, default=8000, metavar="N", help="port (8000); 0: any that is free"
        )
        add(
            "--behind-proxy",
            action="store_true",
            help="a reverse proxy stands before it: needed to listen at another address",
        )
        add(
            "--name", action="append", default=[], metavar="HOST",
            help="a host name by which readers know it; may be repeated",
        )  # fmt: skip

    def execute(self, args: list[str], opts: Namespace) -> None:
        if args:
            raise UsageError(f"unknown argument {args[0]!r}")
        if not _is_loopback(opts.host):
            self._check_proxy(opts)
        try:
            import uvicorn

            from crawler.room.app import make_app
            from crawler.room.archive_reader import RoomSettings
            from crawler.room.search_page import index_problem
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("crawler"):
                raise
            why = f"the reading room needs {error.name}: make install EXTRAS=room"
            raise UsageError(why) from None
        data_dir = self.data_dir
        with open_ledger(self.given):
            pass
        listening = _listen(opts.host, opts.port)
        index = search_index_file(self.given)
        if problem := index_problem(index, data_dir):
            print(f"scrapy serve: {sentence(problem)}; the rest is served", file=sys.stderr)
        names = _LOCAL | {_bracketed(opts.host)} | {name.lower() for name in opts.name}
        config = uvicorn.Config(
            make_app(RoomSettings(
                data_dir, index, self.given["LEDGER"],
                timedelta(hours=self.given.getfloat("STATUS_MAX_AGE")), names,
            )),
            log_level="warning", access_log=False, server_header=False, ws="none", lifespan="off",
            proxy_headers=opts.behind_proxy, forwarded_allow_ips="127.0.0.1,::1",
            h11_max_incomplete_event_size=_MAX_HEAD, limit_concurrency=_MAX_CONNECTIONS,
            timeout_keep_alive=5, timeout_graceful_shutdown=3,
        )  # fmt: skip
        _serve(uvicorn.Server(config), listening, opts.host)

    def _check_proxy(self, opts: Namespace) -> None:
        if not opts.behind_proxy:
            raise UsageError(
                f"--host {sentence(opts.host)} is reached from other machines, and the room asks "
                "nobody who they are: put a reverse proxy before it that does, and say so with "
                "--behind-proxy",
            )
        print(
            f"scrapy serve: warning: whoever reaches {sentence(opts.host)} can read the archive; "
            "let only the reverse proxy through",
            file=sys.stderr,
        )


def _port(value: str) -> int:
    port = 0 if value == "0" else count(value)
    return port if port <= _HIGHEST_PORT else count("no port")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _bracketed(host: str) -> str:
    """The address as a Host header has it."""
    host = host.strip("[]").lower()
    return f"[{host}]" if ":" in host else host


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises UsageError."""
    where = f"{_bracketed(host)}:{port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(128)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        message = f"can't listen at {sentence(where)}: {why}; --port takes another port"
        raise UsageError(message) from None
    return listening


def _serve(server: Any, listening: socket.socket, host: str) -> None:
    """Serve until SIGINT or SIGTERM, which is how it ends: exit code 0."""

    def end(*_: object) -> None:
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn has handlers of its own while it runs, and raises the signal again at its end
        signal.signal(number, end)
    port = listening.getsockname()[1]
    print(f"Reading room at http://{_bracketed(host)}:{port}/ (Ctrl-C ends it)", flush=True)
    with listening:
        server.run(sockets=[listening])
