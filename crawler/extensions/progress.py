"""How far a run is: a live view on a terminal, a line in the log from time to time elsewhere.

In: the ledger's counts of the run, Scrapy's statistics, the hosts that are left alone. Changes
nothing. The counts are read again only after fifty times as long as reading them took, so that a
run of millions of addresses is not held up by being watched.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text
from scrapy import signals
from scrapy.utils.asyncio import create_looping_call

from crawler.clock import now
from crawler.context import RunFacts, required
from crawler.downloader.holds import Holds
from crawler.exporters.run_parts import Parts
from crawler.ledger.ledger import Ledger
from crawler.ledger.rows import left_of
from crawler.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from rich.console import RenderableType
    from scrapy.crawler import Crawler
    from scrapy.utils.asyncio import AsyncioLoopingCall
    from twisted.internet.task import LoopingCall

    from crawler.ledger.rows import RegionProgress

logger = logging.getLogger(__name__)

# Seconds between two looks of the live view.
REFRESH = 1.0

# The counts are read again after so many times as long as reading them took, and after so many
# seconds at least.
_PATIENCE = 50
_LEAST_LOOK = 2.0

# Lines of the view beside those of the regions.
_OTHER_LINES = 7


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How far a run is. `responses` are answers of any kind; `held` hosts that are left alone;
    `parts` of the run are published."""

    run_id: str
    elapsed: timedelta
    responses: int
    lists_asked: int
    lists_answered: int
    regions: Sequence[RegionProgress]
    held: Sequence[str]
    parts: int = 0

    @property
    def ended(self) -> int:
        return sum(one.ended for one in self.regions)

    @property
    def waiting(self) -> int:
        return sum(one.waiting for one in self.regions)

    @property
    def per_minute(self) -> float:
        """Answers a minute since the run began."""
        return self.responses / max(self.elapsed.total_seconds() / 60, 1 / 60)

    @property
    def left(self) -> timedelta | None:
        """How long what waits will take; None while nothing tells."""
        return left_of(self.regions, self.elapsed)

    def line(self) -> str:
        """All of it in one line, for logs."""
        held = f", {len(self.held)} hosts left alone" if self.held else ""
        parts = f"; parts published: {self.parts}" if self.parts else ""
        return f"{self.articles()}; {self.lists()}; {self.pace()}{held}{parts}"

    def articles(self) -> str:
        new = sum(one.new for one in self.regions)
        return f"{self.ended} addresses ended, {new} of them new, {self.waiting} waiting"

    def lists(self) -> str:
        return f"lists {self.lists_answered} of {self.lists_asked}"

    def pace(self) -> str:
        left = ""
        if self.waiting and self.left is not None:
            left = f", about {_rounded(self.left)} left for what is known of"
        return f"{self.per_minute:.0f} answers a minute{left}"


def view(snapshot: Snapshot, height: int, names: Mapping[str, str]) -> RenderableType:
    """The live view: a row a region, those with most to do first, as many as fit. `names` are the
    regions' by code."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("region")
    for heading in ("ended", "new", "waiting", "a minute", "left"):
        table.add_column(heading, justify="right")
    by_work = sorted(snapshot.regions, key=lambda one: (-one.waiting, one.region or ""))
    shown = by_work[: max(height - _OTHER_LINES, 3)]
    for one in shown:
        left = one.left(snapshot.elapsed)
        table.add_row(
            f"{one.region} {names.get(one.region, '')}" if one.region else "-",
            str(one.ended),
            str(one.new),
            str(one.waiting),
            f"{one.per_minute(snapshot.elapsed):.1f}",
            "" if left is None or not one.waiting else _rounded(left),
        )
    parts: list[RenderableType] = [
        Text(f"run {snapshot.run_id}, {_rounded(snapshot.elapsed)}", style="bold"),
        Text(f"{snapshot.articles()}; {snapshot.lists()}"),
        Text(snapshot.pace()),
        table,
    ]
    if len(by_work) > len(shown):
        parts.append(Text(f"and {len(by_work) - len(shown)} regions more", style="dim"))
    if snapshot.held:
        parts.append(Text("left alone: " + " ".join(snapshot.held[:5]), style="dim"))
    return Group(*parts)


class Progress:
    """The extension. A terminal on stderr gets the live view, with the log's lines above it."""

    def __init__(self, crawler: Crawler, seconds: float) -> None:
        self._crawler = crawler
        self._facts = required(crawler, RunFacts)
        self._ledger = required(crawler, Ledger)
        self._holds = required(crawler, Holds)
        self._parts = required(crawler, Parts)
        self._seconds = seconds
        self._names = {code: region.name for code, region in self._facts.regions.items()}
        self._console = Console(stderr=True)
        self._live: Live | None = None
        self._streams: list[logging.StreamHandler[Any]] = []
        self._looping: AsyncioLoopingCall | LoopingCall | None = None
        self._regions: Sequence[RegionProgress] = ()
        self._read_again_at = 0.0

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Raises NotConfigured where no run is open."""
        extension = cls(crawler, crawler.settings.getfloat("PROGRESS_SECONDS"))
        crawler.signals.connect(extension._opened, signal=signals.spider_opened)
        crawler.signals.connect(extension._closed, signal=signals.spider_closed)
        return extension

    def _opened(self) -> None:
        interval = self._seconds
        if self._console.is_terminal and not self._console.is_dumb_terminal:
            self._begin_view()
            interval = REFRESH
        self._looping = create_looping_call(self._tell)
        self._looping.start(interval, now=False)

    def _closed(self) -> None:
        if self._looping:
            self._looping.stop()
        if self._live:
            self._live.stop()
            for handler in self._streams:
                handler.setStream(sys.stderr)
            self._live = None

    def _begin_view(self) -> None:
        before = sys.stderr
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._live.start()
        # lines of the log are printed above the view, not into it
        for handler in logging.root.handlers:
            if isinstance(handler, logging.StreamHandler) and handler.stream is before:
                handler.setStream(sys.stderr)
                self._streams.append(handler)

    def _tell(self) -> None:
        try:
            snapshot = self._snapshot()
        except StorageError:
            return  # the run has heard of it, and ends
        if self._live:
            self._live.update(view(snapshot, self._console.height, self._names), refresh=True)
        else:
            logger.info(snapshot.line())

    def _snapshot(self) -> Snapshot:
        began = monotonic()
        if began >= self._read_again_at:
            self._regions = self._ledger.visits.progress(self._facts.run_id)
            took = monotonic() - began
            self._read_again_at = began + max(_LEAST_LOOK, _PATIENCE * took)
        stats = self._crawler.stats.get_stats() if self._crawler.stats else {}
        return Snapshot(
            run_id=self._facts.run_id,
            elapsed=now() - self._facts.started_at,
            responses=stats.get("downloader/response_count", 0),
            lists_asked=stats.get("crawler/lists/asked", 0),
            lists_answered=stats.get("crawler/lists/answered", 0),
            regions=self._regions,
            held=sorted(self._holds.closed_hosts()),
            parts=self._parts.count,
        )


def _rounded(span: timedelta) -> str:
    minutes, seconds = divmod(max(round(span.total_seconds()), 0), 60)
    if not minutes:
        return f"{seconds} s"
    if minutes < 60:
        return f"{minutes} min {seconds:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours < 48 else f"{hours // 24} days"
