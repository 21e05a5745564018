"""Simulated days: the site's day and the crawl's clock move together, run by run.

Each run is a process of its own. Some meet an outage of the site, some are killed; all else is as
under cron. What came of it is scored in `score`.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from tests.chaos.history import OFTEN, STEPS
from tests.conftest import PROJECT

if TYPE_CHECKING:
    from tests.site import Site

CLOCK = Path(__file__).with_name("clock")
BEIJING_AHEAD = timedelta(hours=8)

OUTAGES: tuple[dict[str, Any], ...] = (
    {"kind": "503"},
    {"kind": "502"},
    {"kind": "404"},
    {"kind": "reset"},
    {"kind": "500", "path": "/robots.txt"},
    {"kind": "error_page"},
)
"""What the whole site does while it is out: one after the other."""


@dataclass(frozen=True)
class Run:
    """One run: when it was (UTC), what disturbed it ("" if nothing), its exit code, what the site
    saw of it."""

    at: datetime
    trouble: str
    exitcode: int
    requests: int


class Days:
    """Plays days at `a_day` runs each; outages and kills as often as the shares say."""

    def __init__(
        self,
        site: Site,
        data_dir: Path,
        *,
        seed: int,
        a_day: int,
        outages: float,
        kills: float,
    ) -> None:
        self.site = site
        self.data_dir = data_dir
        self.a_day = a_day
        self.runs: list[Run] = []
        self._rng = Random(seed)
        self._outages = outages
        self._kills = kills
        self._outage_left = 0
        self._outage_number = 0

    def play(self, days: int) -> None:
        """Live through the days; the last run of all is a quiet one."""
        for number in range(days * self.a_day):
            self.site.day = number / self.a_day
            self._one_run(is_quiet=number < 2 or number == days * self.a_day - 1)

    def _one_run(self, *, is_quiet: bool) -> None:
        trouble = "" if is_quiet else self._trouble()
        kill: dict[str, str] = {}
        if not is_quiet and not trouble and self._rng.random() < self._kills:
            kill = {"XINHUA_KILL": self._step()}
        before = len(self.site.log)
        at = self._moment()
        exitcode = self._crawl(at, kill)
        self.site.faults.replace([])
        if exitcode == -signal.SIGKILL:
            trouble = f"killed {kill['XINHUA_KILL']}"
        self.runs.append(Run(at, trouble, exitcode, len(self.site.log) - before))

    def _moment(self) -> datetime:
        return (self.site.world.at - BEIJING_AHEAD).replace(tzinfo=UTC)

    def _trouble(self) -> str:
        """An outage begins, goes on (up to three runs), or nothing is wrong."""
        if not self._outage_left and self._rng.random() < self._outages:
            self._outage_left = self._rng.randint(1, 3)
            self._outage_number += 1
        if not self._outage_left:
            return ""
        self._outage_left -= 1
        outage = OUTAGES[self._outage_number % len(OUTAGES)]
        self.site.fault(**outage)
        return f"outage {outage['kind']} {outage.get('path', '')}".strip()

    def _step(self) -> str:
        step = self._rng.choice(STEPS)
        is_often = step.rpartition(".")[2].rpartition(":")[2] in OFTEN
        when = self._rng.choice(("before", "after"))
        return f"{step}:{when}:{self._rng.randint(1, 9 if is_often else 2)}"

    def _crawl(self, at: datetime, kill: dict[str, str]) -> int:
        shift = (at - datetime.now(UTC)).total_seconds()
        done = subprocess.run(
            [sys.executable, "-m", "scrapy", "crawl", "xinhua",
             "-a", f"regions={','.join(self.site.world.channels)}",
             "-s", "DOWNLOAD_DELAY=0", "-s", "LOG_LEVEL=WARNING", "-s", "DOWNLOAD_TIMEOUT=5"],
            cwd=PROJECT,
            env={
                "PATH": "/usr/bin:/bin",
                "PYTHONPATH": str(CLOCK),
                "PYTHONDONTWRITEBYTECODE": "1",
                "XINHUA_DATA_DIR": str(self.data_dir),
                "XINHUA_CLOCK_SHIFT": str(shift),
                "http_proxy": self.site.proxy_url,
                "https_proxy": self.site.proxy_url,
                "SSL_CERT_FILE": str(self.site.ca_file),
                **kill,
            },
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        if done.returncode not in {0, 3, 4, -signal.SIGKILL}:
            message = f"the run of {at} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
            raise AssertionError(message)
        return done.returncode
