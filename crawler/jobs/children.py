"""The processes in which a worker's archive jobs are done: `child.py`, as many as it has places."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from crawler.data_dir import PROJECT
from crawler.jobs.commands import end_with_parent
from crawler.jobs.outcomes import JobFailedError

# Seconds that a file may take; one of a gigabyte takes five minutes.
LONGEST: Final = 3600.0

# Bytes of an answer at most.
_ANSWER: Final = 1024 * 1024

_Process = asyncio.subprocess.Process


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
        sys.executable, "-m", "crawler.jobs.child", cwd=PROJECT, stdin=pipe, stdout=pipe,
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
