"""Commands that a worker calls: how they are stopped, and what is said of them."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

import pytest

from crawler.jobs.processes import Commands
from crawler.jobs.queue import JobFailedError, PostponedError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """Commands of a program that says its number and its words, and then waits for a signal."""
    program = tmp_path / "program"
    program.write_text(
        f"#!/bin/sh\necho $$ > {tmp_path}/pid\necho some words >&2\n"
        f"if [ -e {tmp_path}/quick ]; then printf 'a reason\\n  that goes on\\n' >&2; exit 5; fi\n"
        "trap 'exit 3' TERM\nwhile :; do sleep 0.05; done\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr("crawler.jobs.processes.sys.executable", str(program))
    return Commands(tmp_path, "", "", [])


def test_the_reason_is_the_last_thing_said(commands: Commands) -> None:
    (commands.data_dir / "quick").touch()
    with pytest.raises(JobFailedError, match=r"^exit code 5: a reason that goes on$"):
        asyncio.run(commands.crawl("js", []))


def test_a_crawl_that_is_stopped_is_for_later(commands: Commands) -> None:
    async def stop() -> None:
        running = asyncio.create_task(commands.crawl("js", []))
        while not (commands.data_dir / "pid").exists():
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)
        commands.stop()
        await running

    with pytest.raises(PostponedError, match="the worker was stopped"):
        asyncio.run(stop())
    # and none is begun any more
    (commands.data_dir / "pid").unlink()
    with pytest.raises(PostponedError, match="the worker was stopped"):
        asyncio.run(commands.crawl("js", []))
    assert not (commands.data_dir / "pid").exists()


def test_what_nobody_waits_for_ends(commands: Commands) -> None:
    async def cancel() -> None:
        running = asyncio.create_task(commands.crawl("js", []))
        while not (commands.data_dir / "pid").exists():
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(cancel())
    pid = int((commands.data_dir / "pid").read_text())
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("it goes on")
