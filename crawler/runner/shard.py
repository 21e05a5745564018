"""A run's part of a ledger that it shares with others on a server: its regions, and what it does
when another run has taken them over.

Begin: own lock → leases → recovery of what this folder's dead runs left. End: the leases are given
back after the report; a superseded run publishes its WARCs and a report.
"""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Self

from crawler.clock import now
from crawler.context import attach
from crawler.downloader.pace import Pace
from crawler.ledger.errors import LedgerInUseError
from crawler.ledger.hosts import HostPace
from crawler.ledger.leases import SupersededError
from crawler.ledger.ledger import Ledger
from crawler.run_lock import forget_run, lock_dead_runs, lock_run
from crawler.runner.recovery import end_superseded, recover
from crawler.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.crawler import Crawler

    from crawler.context import RunFacts
    from crawler.downloader.holds import Holds
    from crawler.exporters.publisher import Publisher

# Seconds by which our clock and the server's may differ.
LARGEST_CLOCK_ERROR = 300


class Shard:
    """The regions of one run. `mended` tells what dead runs had left, `clock` what is wrong with
    the clock of this machine."""

    def __init__(self, facts: RunFacts, lock: int) -> None:
        self.mended: list[str] = []
        self.clock: list[str] = []
        self._facts = facts
        self._lock = lock

    @classmethod
    def begin(cls, facts: RunFacts, ledger: Ledger, seconds: float) -> Self:
        """Take the leases of the run's regions, for so many seconds each time. Raises
        LedgerInUseError where another run has one, StorageError as `opening_run`."""
        dead = lock_dead_runs(facts.data_dir)
        shard = cls(facts, lock_run(facts.data_dir, facts.run_id))
        try:
            inherited = ledger.share(
                facts.run_id,
                facts.arguments.regions,
                holder=f"{os.uname().nodename}, process {os.getpid()}",
                at=facts.started_at,
                dead=dead.keys(),
                seconds=seconds,
            )
        except BaseException as error:
            for lock in dead.values():
                os.close(lock)
            # otherwise it may have the leases: the answer to the commit may be lost
            shard.end(is_over=isinstance(error, LedgerInUseError))
            ledger.close()
            raise
        with shard.opening_run(ledger):
            shard.mended = recover(facts.data_dir, ledger, facts.schedule, dead)
            ledger.give_back(inherited)
        off = (ledger.clock() or 0.0) - now().timestamp()
        if abs(off) > LARGEST_CLOCK_ERROR:
            way = "behind" if off > 0 else "ahead of"
            clock = f"this machine's clock is {abs(off):.0f} s {way} that of the ledger's server"
            shard.clock.append(f"{clock}: times in what is published are wrong by as much")
        return shard

    @contextmanager
    def opening_run(self, ledger: Ledger) -> Iterator[None]:
        """What fails within, because the leases are over before the run has begun, raises
        SupersededError: another run has taken them, and ended the session of this one."""
        try:
            yield
        except StorageError as error:
            is_over = self.is_superseded(ledger, error)
            ledger.close()
            self.end(is_over=is_over)
            if is_over and ledger.lease:
                raise SupersededError(ledger.lease.lost()) from error
            raise

    def watch(self, crawler: Crawler, ledger: Ledger, publisher: Publisher, holds: Holds) -> None:
        """Let the crawl ask hosts in turn with others, and leave to these what is theirs."""
        assert ledger.side
        assert ledger.lease
        ledger.side.on_failure = lambda error: publisher.storage_failed(str(error))
        delay = crawler.settings.getfloat("DOWNLOAD_DELAY")
        pace = Pace(HostPace(ledger.side, ledger.lease), delay, publisher.storage_failed)
        holds.pace = pace
        attach(crawler, pace, ledger.others)

    def is_superseded(self, ledger: Ledger, error: Exception) -> bool:
        """Whether a run failed because its leases are over. The session of one that another has
        superseded was ended, so it is asked over another."""
        if ledger.lease is None or isinstance(error, SupersededError):
            return ledger.lease is not None
        try:
            with closing(self._ended_as(ledger)) as other:
                return not ledger.lease.is_held(other.connection)
        except StorageError:
            return False

    def close_superseded(self, ledger: Ledger, why: str) -> dict[str, Any] | None:
        """Publish what a superseded run may; its report. Raises StorageError."""
        facts = self._facts
        ledger.close()  # what wasn't committed is in the way
        with closing(self._ended_as(ledger)) as other:
            return end_superseded(facts.data_dir, other, facts.run_id, why)

    def _ended_as(self, ledger: Ledger) -> Ledger:
        """The ledger over connections that nobody ends who takes the run's regions over."""
        url = ledger.connection.raw.engine.url
        return Ledger.at(url, fresh=False, shared_as=f"{self._facts.run_id}-ended")

    def end(self, *, is_over: bool) -> None:
        """Let the run's lock go; its file stays where something is left to be mended."""
        if is_over:
            forget_run(self._facts.data_dir, self._facts.run_id, self._lock)
        else:
            os.close(self._lock)
