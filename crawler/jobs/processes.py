"""The processes in which a worker's jobs are done: a command of ours each for crawls, the search
index and exports; for archive jobs as many of `archive_files` as it has places, kept for the next.

In: the command's words, or what an archive job is of. Out: nothing when a command is done, what an
archive job gives; PostponedError or JobFailedError otherwise.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crawler.data_dir import EXPORTS_FOLDER, LINES_FOLDER, PROJECT
from crawler.exit_codes import DEGRADED, LOCKED, NO_LISTS, OK, USAGE
from crawler.jobs.queue import JobFailedError, PostponedError
from crawler.storage import make_folder

if TYPE_CHECKING:
    from asyncio import StreamReader
    from collections.abc import Sequence

    from crawler.shared_storage.store import Replication

# Seconds after which a command that met a lock is called again.
LOCKED_AGAIN: Final = 60

# Seconds that a command has to end when nobody waits for it any more.
_TO_END: Final = 5

# Seconds that a file may take; one of a gigabyte takes five minutes.
LONGEST: Final = 3600.0

# Characters that are told of what a command said.
_LONGEST_SAID: Final = 500

# Bytes of an answer at most.
_ANSWER: Final = 1024 * 1024

# prctl(2): the signal that a process gets when its parent ends.
_PR_SET_PDEATHSIG: Final = 1

_LIBC = ctypes.CDLL(None)

_Process = asyncio.subprocess.Process


@dataclass(slots=True)
class Commands:
    """Calls commands with the settings of the worker; `stop` ends those that are under way."""

    data_dir: Path
    ledger: str
    store: str
    options: Sequence[str]
    replication: Replication | None = None
    _running: set[_Process] = field(default_factory=set)
    is_stopping: bool = False

    async def crawl(self, region: str, arguments: Sequence[str]) -> None:
        """Crawl a region. Where somebody else crawls it, one with arguments of its own is done
        later, any other is theirs."""
        words = [word for one in (f"regions={region}", *arguments) for word in ("-a", one)]
        code, last = await self._call("crawl", "xinhua", *words)
        if code == LOCKED and not arguments:
            return
        self._judge(code, last, (OK, DEGRADED, NO_LISTS))

    async def call(self, command: str, words: Sequence[str]) -> None:
        """Call another command, which reads lines: all that are in STORE are fetched before."""
        if self.replication:
            await asyncio.to_thread(_fetch_lines, self.replication)
        code, last = await self._call(command, *words)
        self._judge(code, last, (OK,))

    async def export(self, words: Sequence[str], output: str) -> None:
        """Write an export; a relative name is one in the data folder's `exports/`, and in STORE."""
        path = self.data_dir / EXPORTS_FOLDER / output
        make_folder(path.parent)
        await self.call("export", [*words, "-o", str(path)])
        if self.replication and not Path(output).is_absolute():
            name = f"{EXPORTS_FOLDER}/{output}"
            await asyncio.to_thread(self.replication.place.put, name, path)

    def stop(self) -> None:
        """End what is under way: a crawl then publishes what it has."""
        self.is_stopping = True
        for process in self._running:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)

    def _judge(self, code: int, last: str, done: tuple[int, ...]) -> None:
        if self.is_stopping and code in (DEGRADED, -signal.SIGTERM):
            raise PostponedError("the worker was stopped", 1)
        if code in done:
            return
        if code == LOCKED:
            raise PostponedError(last, LOCKED_AGAIN)
        ended = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise JobFailedError(f"{ended}: {last}" if last else ended, is_final=code == USAGE)

    async def _call(self, command: str, *words: str) -> tuple[int, str]:
        """Run a command; its exit code and the last thing it said."""
        if self.is_stopping:
            raise PostponedError("the worker was stopped", 1)
        environment = {"XINHUA_DATA_DIR": str(self.data_dir), "XINHUA_LEDGER": self.ledger}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "scrapy", command, *words, *self.options,
            cwd=PROJECT,
            env={**os.environ, **environment, "XINHUA_STORE": self.store},
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            preexec_fn=end_with_parent,
        )  # fmt: skip
        self._running.add(process)
        assert process.stderr
        try:
            last = await _pass_on(process.stderr)
            return await process.wait(), last
        except asyncio.CancelledError:  # the worker goes: so does what nobody waits for any more
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            with suppress(TimeoutError):
                async with asyncio.timeout(_TO_END):
                    await _pass_on(process.stderr)
                    await process.wait()
            raise
        finally:
            self._running.discard(process)


def _fetch_lines(replication: Replication) -> None:
    replication.fetch([*replication.place.names(LINES_FOLDER)])


def end_with_parent() -> None:
    """In a child before its program begins: get a SIGTERM when the worker is killed, and let the
    terminal's Ctrl-C be the worker's to tell of."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    os.setpgid(0, 0)


async def _pass_on(stream: StreamReader) -> str:
    """Write to stderr what a child says there; the last thing of it: a line at the margin with the
    indented ones below."""
    kept = b""
    while chunk := await stream.read(65536):
        with suppress(OSError, ValueError):
            sys.stderr.write(chunk.decode(errors="backslashreplace"))
            sys.stderr.flush()
        kept = (kept + chunk)[-4096:]
    lines = [line for line in kept.decode(errors="replace").splitlines() if line.strip()]
    first = next((n for n in range(len(lines) - 1, -1, -1) if not lines[n].startswith(" ")), 0)
    said = " ".join(line.strip() for line in lines[first:])
    return said if len(said) <= _LONGEST_SAID else f"{said[:_LONGEST_SAID]}…"


@dataclass(slots=True)
class Children:
    """Does jobs in processes that are kept for the next one."""

    longest: float = LONGEST
    _idle: list[_Process] = field(default_factory=list)

    async def do(self, told: dict[str, Any]) -> Any:
        """Do a job: what the child says of it. Raises JobFailedError."""
        process = self._idle.pop() if self._idle else await _begin()
        is_whole = False
        try:
            answer = await asyncio.wait_for(_ask(process, told), self.longest)
            is_whole = True
        except TimeoutError:
            raise JobFailedError(f"it took more than {self.longest:.0f} seconds") from None
        finally:
            if is_whole:
                self._idle.append(process)
            else:
                await _end(process)
        if "error" in answer:
            raise JobFailedError(answer["error"], is_final=answer["is_final"])
        return answer["done"]

    async def close(self) -> None:
        """End the processes that wait for a job."""
        while self._idle:
            await _end(self._idle.pop())


async def _begin() -> _Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "crawler.jobs.archive_files", cwd=PROJECT, stdin=pipe, stdout=pipe,
        limit=_ANSWER, preexec_fn=end_with_parent,
    )  # fmt: skip


async def _ask(process: _Process, told: dict[str, Any]) -> dict[str, Any]:
    assert process.stdin
    assert process.stdout
    with suppress(ConnectionError):  # it died: its silence says so
        process.stdin.write(json.dumps(told).encode() + b"\n")
        await process.stdin.drain()
    line = await process.stdout.readline()
    if not line:
        code = await process.wait()
        ended = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise JobFailedError(f"the process that did it ended with {ended}")
    answer: dict[str, Any] = json.loads(line)
    return answer


async def _end(process: _Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()
