"""A real PostgreSQL server for the tests, from Debian's package, on a private port of loopback.

Without fsync, and in memory where there is some.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psycopg

USER = "xinhua"
_WAIT = 60.0

# What the server runs as where the tests run as root, whom it refuses.
_ACCOUNT = "postgres"


class PostgresError(Exception):
    """The server doesn't start."""


class Postgres:
    """A server of its own, in a temporary folder; `url` is that of its maintenance database.
    `durable`: what is committed outlives the server's processes. With a password it asks for it."""

    def __init__(
        self,
        *,
        encoding: str = "UTF8",
        locale: str = "C.UTF-8",
        log_statements: bool = False,
        durable: bool = False,
        password: str = "",
    ) -> None:
        memory = Path("/dev/shm")
        self.folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        self._programs = _programs()[-1]
        self._as_server: list[str] = []
        if os.geteuid() == 0:
            shutil.chown(self.folder, _ACCOUNT)
            self._as_server = ["setpriv", f"--reuid={_ACCOUNT}", f"--regid={_ACCOUNT}",
                               "--init-groups"]  # fmt: skip
        self._data = self.folder / "data"
        secret = self.folder / "secret"
        secret.write_text(f"{password}\n")
        asked = ["-A", "scram-sha-256", f"--pwfile={secret}"] if password else ["-A", "trust"]
        self._call("initdb", "-D", self._data, "-U", USER, *asked, "-N",
                   f"--encoding={encoding}", f"--locale={locale}")  # fmt: skip
        self.port = _free_port()
        self.log = self.folder / "log"
        self._log_statements = log_statements
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str, user: str = USER) -> str:
        """The address of a database there."""
        return f"postgresql+psycopg://{user}@127.0.0.1:{self.port}/{database}"

    @property
    def address(self) -> str:
        """User, host and port, as in addresses."""
        return f"{USER}@127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What makes PostgreSQL's own programs talk to this server."""
        path = f"{self._programs}:{os.environ['PATH']}"
        return {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": USER, "PATH": path}

    def create(self, options: str = "") -> str:
        """Make an empty database; its name."""
        name = f"test_{uuid4().hex}"
        self.run(f"CREATE DATABASE {name} {options}")
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def run(self, statement: str, database: str = "postgres") -> None:
        """Run a statement as the superuser."""
        address = self.url_of(database).replace("+psycopg", "")
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type]  # not typed by users

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = {
            "fsync": "off", "full_page_writes": "off",
            "synchronous_commit": "on" if self._durable else "off",
            "listen_addresses": "127.0.0.1", "port": self.port, "max_connections": 60,
            "unix_socket_directories": self.folder, "shared_buffers": "32MB",
            "autovacuum_naptime": "1h",
            "log_statement": "all" if self._log_statements else "none",
        }  # fmt: skip
        options = [f"-c{name}={value}" for name, value in settings.items()]
        command = [*self._as_server, str(self._programs / "postgres"), "-D", str(self._data)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *options], stdout=log, stderr=log, cwd="/", start_new_session=True
            )
        until = time.monotonic() + _WAIT
        ready = [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready, check=False).returncode:
            if self._process.poll() is not None or time.monotonic() > until:
                raise PostgresError(self.log.read_text(errors="replace")[-2000:])
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server: SIGINT at once but cleanly, SIGQUIT as if it had died."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(how)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_WAIT)
        if self._process and self._process.poll() is None:  # a session can't be told
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(_WAIT)

    def close(self) -> None:
        """End the server and remove what it held."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _call(self, name: str, *arguments: object) -> None:
        command = [*self._as_server, str(self._programs / name), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
        if done.returncode:
            raise PostgresError(done.stderr)


def is_installed() -> bool:
    """Whether the server's programs are there."""
    return bool(_programs())


def _programs() -> list[Path]:
    """The folders of the servers' programs, the newest last."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_release)
    on_path = shutil.which("initdb")
    return [path.parent for path in (*([Path(on_path).resolve()] if on_path else ()), *found)]


def _release(program: Path) -> int:
    name = program.parts[-3]
    return int(name) if name.isdigit() else 0


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def unacknowledged_for(descriptor: int) -> float:
    """For so many seconds at most what a connection has sent may be unacknowledged; 0 where the
    kernel decides."""
    with socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM) as connection:
        return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) / 1000
