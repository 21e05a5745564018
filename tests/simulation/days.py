"""Simulated days: the site's day and the crawl's clock move together, run by run.

Each run is a process of its own. Some meet an outage of the site, some are killed; all else is as
under cron. What came of it is scored in `score`.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests import scrapy_process
from tests.scrapy_process import DAYS_CLOCK
from tests.server_ledger import ledger_env

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.simulation.troubles import Trouble
    from tests.site import Site


@dataclass(frozen=True)
class Run:
    """One run: when it was (UTC), what disturbed it ("" if nothing), its exit code, what the site
    saw of it."""

    at: datetime
    trouble: str
    exitcode: int
    requests: int


class Days:
    """Plays days at `a_day` runs each, each run with its trouble; calls `after_run` each time."""

    def __init__(
        self,
        site: Site,
        data_dir: Path,
        *,
        a_day: int,
        after_run: Callable[[], object] = lambda: None,
    ) -> None:
        self.site = site
        self.data_dir = data_dir
        self.a_day = a_day
        self.runs: list[Run] = []
        self._after_run = after_run

    def play(self, troubles: Sequence[Trouble]) -> None:
        """Live through the days, one run for each trouble."""
        for number, trouble in enumerate(troubles):
            self.site.day = number / self.a_day
            self._one_run(trouble)
            self._after_run()

    def _one_run(self, trouble: Trouble) -> None:
        before = len(self.site.log)
        at = beijing(self.site.world.at)
        if trouble.outage:
            self.site.fault(**trouble.outage)
        exitcode = self._crawl(at, {"XINHUA_KILL": trouble.kill} if trouble.kill else {})
        self.site.faults.replace([])
        self.runs.append(Run(at, _told(trouble, exitcode), exitcode, len(self.site.log) - before))

    def _crawl(self, at: datetime, kill: dict[str, str]) -> int:
        shift = (at - datetime.now(UTC)).total_seconds()
        done = scrapy_process.run(
            "crawl", "xinhua", "-a", f"regions={','.join(self.site.world.channels)}",
            "-s", "DOWNLOAD_DELAY=0", "-s", "LOG_LEVEL=WARNING", "-s", "DOWNLOAD_TIMEOUT=5",
            env={
                **(scrapy_process.like_ours() or {}),
                "PATH": "/usr/bin:/bin",
                "PYTHONPATH": str(DAYS_CLOCK),
                "PYTHONDONTWRITEBYTECODE": "1",
                "XINHUA_DATA_DIR": str(self.data_dir),
                "XINHUA_CLOCK_SHIFT": str(shift),
                **ledger_env(self.data_dir),
                **self.site.environment,
                **kill,
            },
            timeout=600,
        )  # fmt: skip
        if done.returncode not in {0, 3, 4, -signal.SIGKILL}:
            message = f"the run of {at} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
            raise AssertionError(message)
        return done.returncode


def beijing(moment: datetime) -> datetime:
    """The site's time, which is Beijing's, as UTC."""
    return (moment - timedelta(hours=8)).replace(tzinfo=UTC)


def _told(trouble: Trouble, exitcode: int) -> str:
    """What disturbed a run; a kill that never came didn't."""
    if trouble.outage:
        return f"outage {trouble.outage['kind']} {trouble.outage.get('path', '')}".strip()
    return f"killed {trouble.kill}" if exitcode == -signal.SIGKILL else ""
