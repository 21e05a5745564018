"""Starting the crawl as cron does: `/bin/sh -c` from `/`, no terminal, next to no environment.

What needs no shell is forked, with the same environment, by `make test`.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests import scrapy_process
from tests.conftest import GUARD, PROJECT
from tests.processes import Crawl, await_second_after, reports

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

SCRAPY = Path(sys.executable).with_name("scrapy")

# For our own sake: loopback only, and no half written bytecode under a limit on file sizes.
ASSIGNED = {"PYTHONPATH": str(GUARD), "PYTHONDONTWRITEBYTECODE": "1"}

QUICK = ("-s", "DOWNLOAD_DELAY=0", "-s", "CHECKPOINT_SECONDS=0.2")


@dataclass(frozen=True)
class Started:
    """A crawl under way; what it prints goes to `output`, as cron's mail."""

    process: subprocess.Popen[bytes]
    data_dir: Path
    output: Path
    before: frozenset[str]

    def signal(self, number: int) -> None:
        """Signal the crawl, which has taken the shell's place."""
        self.process.send_signal(number)

    def end(self, timeout: float = 120) -> Crawl:
        """Wait for its end."""
        exitcode = self.process.wait(timeout)
        text = self.output.read_text("utf-8", "replace")
        added = tuple(sorted(reports(self.data_dir) - self.before))
        return Crawl(exitcode, text, self.data_dir, added)


def start(
    *arguments: str,
    data_dir: Path,
    env: Mapping[str, str] | None = None,
    prefix: Sequence[str] = (),
    shell: str = "",
) -> Started:
    """Start `scrapy crawl xinhua` as a crontab's line does.

    `env` are assignments on that line, `shell` a command before it (`ulimit …`), `prefix` a program
    that starts it.
    """
    words = ("crawl", "xinhua", *arguments)
    command = shlex.join([*prefix, str(SCRAPY), *words])
    assigned = {**ASSIGNED, "XINHUA_DATA_DIR": str(data_dir), **(env or {})}
    assignments = " ".join(f"{name}={shlex.quote(value)}" for name, value in assigned.items())
    line = f"cd {shlex.quote(str(PROJECT))} && export {assignments} && {shell or ':'}"
    given = {"PATH": "/usr/bin:/bin", "HOME": "/", "LOGNAME": "cron", "SHELL": "/bin/sh"}
    like_ours = None if shell or prefix else scrapy_process.like_ours()
    output = data_dir.with_name(f"{data_dir.name}.{time.monotonic_ns()}.mail")
    output.parent.mkdir(parents=True, exist_ok=True)
    before = frozenset(reports(data_dir))
    await_second_after(before)
    with output.open("wb") as mail:
        options: dict[str, Any] = {
            "stdin": subprocess.DEVNULL, "stdout": mail, "stderr": subprocess.STDOUT,
            "start_new_session": True,
        }  # fmt: skip
        if like_ours is not None:
            process = scrapy_process.start(*words, env=given | like_ours | assigned, **options)
        else:
            line = f"{line} && exec {command}"
            process = subprocess.Popen(["/bin/sh", "-c", line], cwd="/", env=given, **options)
    return Started(process, data_dir, output, before)


def cron(
    *arguments: str,
    data_dir: Path,
    env: Mapping[str, str] | None = None,
    prefix: Sequence[str] = (),
    shell: str = "",
) -> Crawl:
    """Run the crawl to its end as cron does."""
    return start(*arguments, data_dir=data_dir, env=env, prefix=prefix, shell=shell).end()


def until(condition: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Wait until something that another process does has happened."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            message = f"never happened: {what}"
            raise AssertionError(message)
        time.sleep(0.02)


def as_mere_user() -> list[str]:
    """What makes file permissions count for root too."""
    return ["setpriv", "--bounding-set=-dac_override", "--"] if os.geteuid() == 0 else []
