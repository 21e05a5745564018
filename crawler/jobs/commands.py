"""Jobs that are a command of ours in a process of its own: crawls, the search index, exports.

In: the command's words. Out: nothing when it is done; PostponedError or JobFailedError otherwise,
by its exit code.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crawler.data_dir import EXPORTS_FOLDER, LINES_FOLDER, PROJECT
from crawler.exit_codes import DEGRADED, LOCKED, NO_LISTS, OK, USAGE
from crawler.jobs.outcomes import JobFailedError, PostponedError
from crawler.storage import make_folder

if TYPE_CHECKING:
    from asyncio import StreamReader
    from collections.abc import Sequence

    from crawler.shared_storage.replication import Replication

# Seconds after which a command that met a lock is called again.
LOCKED_AGAIN: Final = 60

# Seconds that a command has to end when nobody waits for it any more.
_TO_END: Final = 5

# prctl(2): the signal that a process gets when its parent ends.
_PR_SET_PDEATHSIG: Final = 1

_LIBC = ctypes.CDLL(None)


@dataclass(slots=True)
class Commands:
    """Calls commands with the settings of the worker; `stop` ends those that are under way."""

    data_dir: Path
    ledger: str
    store: str
    options: Sequence[str]
    replication: Replication | None = None
    _running: set[asyncio.subprocess.Process] = field(default_factory=set)
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
        """Run a command; its exit code and the last line it said."""
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
    """Write to stderr what a child says there; the last line of it."""
    kept = b""
    while chunk := await stream.read(65536):
        with suppress(OSError, ValueError):
            sys.stderr.write(chunk.decode(errors="backslashreplace"))
            sys.stderr.flush()
        kept = (kept + chunk)[-4096:]
    lines = [line.strip() for line in kept.decode(errors="replace").splitlines()]
    return next((line for line in reversed(lines) if line), "")
