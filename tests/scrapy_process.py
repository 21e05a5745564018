"""`scrapy <arguments>` as a process of its own that needn't read the modules first.

Nine tenths of a short command's time is the reading of modules. A server, one for each test
process, has read them and forks for each command. The forked process has its own memory,
environment, streams, signals and exit code, is our child, and reads `crawler.settings` itself.
What must begin otherwise (another project, another Python path) is started as usual, and so is
every command where SCRAPY_PROCESSES=new is set, as `make nightly` does.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import io
    from collections.abc import Mapping, Sequence

PROJECT = Path(__file__).resolve().parents[1]
CLOCK = PROJECT / "tests" / "clock"
GUARD = PROJECT / "tests" / "guard"

# PYTHONPATHs whose `sitecustomize` the server knows.
_PATHS = ([str(GUARD)], [str(CLOCK)], [str(CLOCK), str(GUARD)])

# What Python and its libraries take from the environment when they start: a forked process has
# it of its server.
_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_", "OPENSSL_", "TQDM_")
_READ_AGAIN = frozenset({"PYTHONPATH", "PYTHONDONTWRITEBYTECODE"})

_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
_LARGEST = 192 * 1024  # of a request, in bytes: a socket takes so much at once


def run(
    *arguments: str | Path,
    env: Mapping[str, str],
    stdin: str | None = None,
    timeout: float = 120,
    project: Path = PROJECT,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in a whole environment; `stdin` is what it reads. Its output is
    captured as text, its exit code isn't checked. `project` may be a changed copy of ours."""
    given = subprocess.DEVNULL if stdin is None else subprocess.PIPE
    pipes = {"stdin": given, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with start(*arguments, env=env, project=project, text=True, **pipes) as process:
        try:
            stdout, stderr = process.communicate(stdin, timeout)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def start(
    *arguments: str | Path, env: Mapping[str, str], project: Path = PROJECT, **options: Any
) -> subprocess.Popen[Any]:
    """Start a command in a whole environment; `options` are streams, their encoding and
    `start_new_session`, as `subprocess.Popen` takes them."""
    kind = _Forked if project == PROJECT and _can_be_forked(env) else subprocess.Popen
    command = [sys.executable, "-m", "scrapy", *map(str, arguments)]
    return kind(command, cwd=project, env=env, **options)


def like_ours() -> dict[str, str] | None:
    """What an environment needs so that a command is forked; None where none is."""
    if sys.platform != "linux" or os.environ.get("SCRAPY_PROCESSES") == "new":
        return None
    names = {name for name in _server().env if name.startswith(_AT_START)} - _READ_AGAIN
    return {name: _server().env[name] for name in names}


def _can_be_forked(env: Mapping[str, str]) -> bool:
    """Whether a process that the server forks is as one that begins with this environment."""
    names = {name for name in env if name.startswith(_AT_START)} - _READ_AGAIN
    is_like_ours = {name: env[name] for name in names} == like_ours()
    return is_like_ours and env.get("PYTHONPATH", "").split(os.pathsep) in _PATHS


class _Forked(subprocess.Popen[Any]):
    """A process that the server forks in place of Popen."""

    def _execute_child(self, args: Sequence[str], *rest: Any) -> None:
        # As Popen.__init__ calls it: the environment is its seventh argument, the pipes its
        # eleventh to sixteenth, start_new_session its twenty-second.
        env: Mapping[str, str] = rest[5]
        pipes: Sequence[int] = rest[9:15]
        request = {"args": args[3:], "env": dict(env), "session": rest[20]}
        p2cread, _, _, c2pwrite, _, errwrite = pipes
        streams = [
            ours if theirs == -1 else theirs
            for ours, theirs in enumerate((p2cread, c2pwrite, errwrite))
        ]
        self.pid = _server().fork(request, streams)
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]  # Popen's, private


class _Server:
    """The process that has read the modules, as seen by who asks it for a fork."""

    def __init__(self) -> None:
        self.env = {**os.environ, "PYTHONPATH": str(GUARD)}
        self._asking, asked = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.scrapy_process"], cwd=PROJECT, env=self.env, stdin=asked
        )
        asked.close()
        atexit.register(self._close)

    def _close(self) -> None:
        self._asking.close()
        self._process.wait()

    def fork(self, request: dict[str, Any], streams: Sequence[int]) -> int:
        """Let it fork a process with these streams, which becomes our child; returns its id."""
        message = json.dumps(request).encode()
        assert len(message) < _LARGEST, "the arguments are too long"
        prctl = ctypes.CDLL(None).prctl
        with self._lock:
            # Its parent has ended before the server answers, so that the next one up that takes
            # orphans is its parent now.
            prctl(_PR_SET_CHILD_SUBREAPER, 1)
            try:
                socket.send_fds(self._asking, [message], list(streams))
                answer = self._asking.recv(100)
            finally:
                prctl(_PR_SET_CHILD_SUBREAPER, 0)
        assert answer, "the server of forks has ended"
        return int(answer)


_servers: list[_Server] = []


def _server() -> _Server:
    if not _servers:
        _servers.append(_Server())
    return _servers[0]


class _Clock:
    """The product's clock, shifted by what CLOCK_SHIFT says in the forked process (see
    tests/clock)."""

    def __init__(self) -> None:
        from crawler import clock

        self._wall, self._by = clock.now, timedelta()
        clock.now = self.now  # before any other module has taken it

    def now(self) -> Any:
        return self._wall() + self._by

    def shift(self) -> None:
        self._by = timedelta(seconds=float(os.environ.get("CLOCK_SHIFT", 0)))


def _read_modules() -> None:
    from scrapy import cmdline, commands  # noqa: F401 - read for the forked
    from scrapy.settings import default_settings as base

    import crawler

    names = [module.name for module in pkgutil.walk_packages(crawler.__path__, "crawler.")]
    names += [module.name for module in pkgutil.iter_modules(commands.__path__, "scrapy.commands.")]
    names += [
        component.rpartition(".")[0]
        for component in (
            *base.EXTENSIONS_BASE, *base.DOWNLOADER_MIDDLEWARES_BASE,
            *base.SPIDER_MIDDLEWARES_BASE, *base.DOWNLOAD_HANDLERS_BASE.values(),
            base.STATS_CLASS, base.SCHEDULER,
        )
    ]  # fmt: skip
    for name in names:
        # settings are read from the environment, migrations by Alembic
        if not name.startswith(("crawler.settings", "crawler.ledger.migrations")):
            try:
                importlib.import_module(name)
            except ModuleNotFoundError as error:
                # of an extra that isn't installed, as for `make test-unpinned`
                if (error.name or "").startswith("crawler"):
                    raise
    # It is installed when it is read.
    assert "twisted.internet.reactor" not in sys.modules
    gc.freeze()


def _serve() -> dict[str, Any]:
    """Fork for each request. Returns the request in the process forked for it; ends this one when
    nobody is left who could ask."""
    asked = socket.socket(fileno=os.dup(0))
    interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's is for others
    while True:
        message, streams, _, _ = socket.recv_fds(asked, _LARGEST, 3)
        if not message:
            sys.exit()
        told, tell = os.pipe()
        if between := os.fork():
            os.waitpid(between, 0)
            asked.send(os.read(told, 100))
            for number in (told, tell, *streams):
                os.close(number)
            continue
        if forked := os.fork():
            os.write(tell, b"%d" % forked)
            os._exit(0)
        for number in (told, tell, asked.detach()):
            os.close(number)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        signal.signal(signal.SIGINT, interrupt)
        request: dict[str, Any] = json.loads(message)
        return request


def _begin(request: dict[str, Any]) -> None:
    """Take the arguments, environment and streams of a new process."""
    if request["session"]:
        os.setsid()
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    sys.argv = ["scrapy", *request["args"]]
    sys.stdin = sys.__stdin__ = _stream(0, "r", sys.__stdin__)  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = _stream(1, "w", sys.__stdout__)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _stream(2, "w", sys.__stderr__)  # type: ignore[misc]
    sys.stderr.reconfigure(line_buffering=True)


def _stream(number: int, mode: str, before: Any) -> io.TextIOWrapper:
    """A standard stream as Python opens it when it starts."""
    encoding, errors = before.encoding, before.errors
    return open(number, mode, encoding=encoding, errors=errors, closefd=False)


def _end(end: SystemExit) -> None:
    """End as the interpreter does, but for taking apart all that the server has read."""
    if isinstance(end.code, int | None):
        threading._shutdown()  # type: ignore[attr-defined]  # as the interpreter calls it
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code or 0)


if __name__ == "__main__":
    clock = _Clock()
    _read_modules()
    _begin(_serve())
    clock.shift()
    try:
        runpy.run_module("scrapy", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        _end(end)
        raise
