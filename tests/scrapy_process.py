"""`scrapy <arguments>` as a process of its own that needn't read the modules first.

Nine tenths of a short command's time is the reading of modules. A server, one for each test
process, has read them and forks for each command. The forked process has its own memory,
environment, streams, signals and exit code, is our child, reads `crawler.settings` itself and runs
the `sitecustomize` of its Python path. What must begin otherwise (another project, another Python)
is started as usual, and so is every command where SCRAPY_PROCESSES=new is set, as `make nightly`
does.

A program that starts commands itself, such as a shell, finds a `scrapy` in the folder that
`programs` makes, which lets a server of the project it stands in fork.
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
import select
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator, Mapping, Sequence

PROJECT = Path(__file__).resolve().parents[1]
CLOCK = PROJECT / "tests" / "clock"
GUARD = PROJECT / "tests" / "guard"
KILLER = PROJECT / "tests" / "chaos" / "killer"
DAYS_CLOCK = PROJECT / "tests" / "simulation" / "clock"

# Folders whose `sitecustomize` may as well run in a process that has read all modules.
_CUSTOMIZING = frozenset(map(str, (CLOCK, GUARD, KILLER, DAYS_CLOCK)))

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


def are_forked() -> bool:
    """Whether commands are forked at all."""
    return sys.platform == "linux" and os.environ.get("SCRAPY_PROCESSES") != "new"


def like_ours() -> dict[str, str] | None:
    """What an environment needs so that a command is forked; None where none is."""
    if not are_forked():
        return None
    names = {name for name in _server().env if name.startswith(_AT_START)} - _READ_AGAIN
    return {name: _server().env[name] for name in names}


def _can_be_forked(env: Mapping[str, str]) -> bool:
    """Whether a process that the server forks is as one that begins with this environment."""
    names = {name for name in env if name.startswith(_AT_START)} - _READ_AGAIN
    is_like_ours = {name: env[name] for name in names} == like_ours()
    return is_like_ours and _CUSTOMIZING.issuperset(env.get("PYTHONPATH", "").split(os.pathsep))


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
        self.env = _server_env()
        self._asking, asked = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        self._process = subprocess.Popen(_command(), cwd=PROJECT, env=self.env, stdin=asked)
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


# A program without the interpreter's site: its start takes a fiftieth of a second.
# Begun by a shell, as pip does it: the kernel takes no interpreter whose path has a blank.
_PROGRAM = """#!/bin/sh
'''exec' {python} -IS "$0" "$@"
' '''
import json, os, socket, sys
given = {{name: value for name, value in os.environ.items() if name.startswith({at_start!r})}}
if {{name: given[name] for name in given.keys() - {read_again!r}}} != {like_ours!r}:
    os.execv({new!r}, [{new!r}, *sys.argv[1:]])
asking = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
asking.connect({address!r})
request = {{"args": sys.argv[1:], "env": dict(os.environ), "session": False, "cwd": os.getcwd()}}
socket.send_fds(asking, [json.dumps(request).encode()], [0, 1, 2])
code = int(asking.recv(100))
sys.exit(code if code >= 0 else 128 - code)  # as a shell tells of a signal
"""


@contextmanager
def programs(folder: Path, project: Path) -> Iterator[None]:
    """Fill a new folder with the programs of our Python's, of which `scrapy` is that of `project`,
    which may be a copy of ours; it is forked where commands are."""
    ours = Path(sys.executable).parent
    if not are_forked():
        folder.symlink_to(ours)
        yield
        return
    folder.mkdir()
    for path in ours.iterdir():
        if path.name != "scrapy":
            (folder / path.name).symlink_to(path)
    with TemporaryDirectory(prefix="scrapy-") as short:  # as addresses of sockets have to be
        address = f"{short}/socket"
        program = folder / "scrapy"
        program.write_text(_PROGRAM.format(
            python=shlex.quote(sys.executable), address=address, like_ours=like_ours(),
            new=str(ours / "scrapy"), at_start=_AT_START, read_again=set(_READ_AGAIN),
        ))  # fmt: skip
        program.chmod(0o755)
        server = subprocess.Popen(
            _command(address), cwd=project, env=_server_env(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        with server:
            assert server.stdout
            assert server.stdout.readline(), "the server of forks has not begun"
            yield
            server.communicate()


def _command(*arguments: str) -> list[str]:
    """What starts a server of the project in whose folder it is started."""
    run = f"import runpy; runpy.run_path({__file__!r}, run_name='__main__')"
    return [sys.executable, "-c", run, *arguments]


def _server_env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(GUARD)}


class _Clock:
    """The product's clock, which the `sitecustomize` of a forked process may put another for."""

    def __init__(self) -> None:
        from crawler import clock

        self._module, self._now = clock, clock.now
        clock.now = self.now  # before any other module has taken it

    def now(self) -> Any:
        return self._now()

    def customize(self) -> None:
        """Run what the interpreter runs when it starts."""
        folder = os.environ.get("PYTHONPATH", str(GUARD)).split(os.pathsep)[0]
        if folder != str(GUARD):  # the server has run that
            self._module.now = self._now
            runpy.run_path(f"{folder}/sitecustomize.py")
            self._now, self._module.now = self._module.now, self.now


def _read_modules() -> None:
    import alembic.command  # noqa: F401 - read for the forked
    from scrapy import cmdline, commands  # noqa: F401
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
        signal.signal(signal.SIGINT, interrupt)
        return _taken(message, streams)


def _listen(address: str) -> dict[str, Any]:
    """As `_serve`, for whoever connects to the address, who is told the exit code. Ends with what
    stands at standard input."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(address)
    listener.listen()
    print(address, flush=True)  # noqa: T201 - whoever started it waits for that
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        _reap()
        if listener not in ready:
            sys.exit()
        asked, _ = listener.accept()
        with asked:
            message, streams, _, _ = socket.recv_fds(asked, _LARGEST, 3)
            if not os.fork():
                if not (forked := os.fork()):
                    break
                _, status = os.waitpid(forked, 0)
                asked.send(b"%d" % os.waitstatus_to_exitcode(status))
                os._exit(0)
            for number in streams:
                os.close(number)
    listener.close()
    return _taken(message, streams)


def _reap() -> None:
    """Let go of the processes between that have ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _taken(message: bytes, streams: Sequence[int]) -> dict[str, Any]:
    """The request, in the process forked for it, which gets its streams."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    request: dict[str, Any] = json.loads(message)
    return request


def _begin(request: dict[str, Any]) -> None:
    """Take the arguments, environment and streams of a new process."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests ignore it under nohup
    if request["session"]:
        os.setsid()
    if "cwd" in request:
        os.chdir(request["cwd"])
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
    sys.path[0] = os.getcwd()  # noqa: PTH109 - the project, whatever folder a command is in
    clock = _Clock()
    _read_modules()
    _begin(_listen(sys.argv[1]) if sys.argv[1:] else _serve())
    clock.customize()
    try:
        runpy.run_module("scrapy", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        _end(end)
        raise
