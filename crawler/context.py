"""What one run shares with the components Scrapy builds: the ledger, the open files, the arguments.

`run.py` makes the Context and attaches it to the crawler; a component asks for it in
`from_crawler`. Without one (`scrapy shell`, `scrapy fetch`) nothing is archived.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from crawler.alarms import Alarm, loose
from crawler.clock import now
from crawler.outcomes import FETCHED
from crawler.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    from scrapy.crawler import Crawler

    from crawler.archive.writer import WarcWriter
    from crawler.arguments import Arguments
    from crawler.downloader.holds import Holds
    from crawler.downloader.replay import ReplayIndex
    from crawler.exporters.jsonl import JsonlWriter
    from crawler.history.withdrawals import Withdrawals
    from crawler.ledger.ledger import Ledger
    from crawler.ledger.lists import Lists
    from crawler.outcomes import Outcome
    from crawler.regions import Region

logger = logging.getLogger(__name__)

# So many alarms stand in a report: an error of ours may meet every page of a long run.
MOST_ALARMS = 1000


def _no_engine(reason: str) -> None:
    """Before the crawl has begun there is nothing to stop."""
    logger.debug("no engine to stop: %s", reason)


@dataclass(slots=True)
class Context:
    """The open run.

    `lists` is the ledger's part, or in a replay one that is forgotten with it; `schedule` holds the
    ages at which articles are looked at again; `alarms` go into the report, and any makes the exit
    code 3; `replay` holds the archives that take the network's place; `open` are the addresses
    handed out to be fetched and not ended, `fetched` counts the records with content.
    """

    run_id: str
    data_dir: Path
    arguments: Arguments
    regions: Mapping[str, Region]
    ledger: Ledger
    lists: Lists
    archive: WarcWriter
    output: JsonlWriter
    holds: Holds
    withdrawals: Withdrawals = field(init=False)
    schedule: Sequence[timedelta]
    alarms: list[Alarm] = field(default_factory=list)
    more_alarms: int = 0
    stop: Callable[[str], None] = _no_engine
    storage_error: str | None = None
    replay: ReplayIndex | None = None
    open: set[str] = field(default_factory=set)
    fetched: int = 0

    def alarm(self, alarm: Alarm | str) -> None:
        """Something an operator must hear of: goes into the report, makes the exit code 3. A mere
        sentence is its own id, but for the numbers in it."""
        if isinstance(alarm, str):
            alarm = loose(alarm)
        logger.error(alarm.text)
        if len(self.alarms) < MOST_ALARMS:
            self.alarms.append(alarm)
        else:
            self.more_alarms += 1

    def told_alarms(self) -> list[Alarm]:
        """The alarms for the report, and how many more the log has."""
        more = [loose(f"{self.more_alarms} more, see the log")] if self.more_alarms else []
        return [*self.alarms, *more]

    def storage_failed(self, sentence: str) -> None:
        """The disk or the ledger failed: the run stops by itself with exit code 5."""
        if self.storage_error is None:
            logger.critical(sentence)
            self.storage_error = sentence
            self.stop("storage")

    def publish(self, record: dict[str, Any]) -> None:
        """Write a JSONL line and tell the ledger. Raises StorageError, which stops the run."""
        try:
            self.output.write(record)
        except StorageError as error:
            self.storage_failed(str(error))
            raise
        self.ledger.articles.add_line(record, jsonl=self.output.name, schedule=self.schedule)

    def end(
        self,
        address: str,
        outcome: Outcome,
        detail: str | None = None,
        *,
        retry_at: datetime | None = None,
    ) -> None:
        """Give an article address its outcome in this run."""
        self.ledger.addresses.finish(
            address, outcome, run_id=self.run_id, at=now(), detail=detail, retry_at=retry_at
        )
        self.open.discard(address)
        self.fetched += outcome in FETCHED

    def checkpoint(self) -> None:
        """Make all that was written so far durable: WARC, then JSONL, then the ledger (I3)."""
        self.archive.sync()
        self.output.sync()
        self.ledger.commit()


class Aftermath(logging.Filter):
    """Keeps out of the log what follows from a storage failure, which is in it once, by itself:
    each exchange still in flight would add the same tracebacks."""

    LOGGERS = ("scrapy.core.engine", "scrapy.core.scraper", "scrapy.utils.signal", "twisted")

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not (self._context.storage_error and isinstance(error, StorageError))


_contexts: WeakKeyDictionary[Crawler, Context] = WeakKeyDictionary()


def attach(crawler: Crawler, context: Context) -> None:
    _contexts[crawler] = context
    for name in Aftermath.LOGGERS:
        logging.getLogger(name).addFilter(Aftermath(context))


def context_of(crawler: Crawler) -> Context | None:
    return _contexts.get(crawler)
