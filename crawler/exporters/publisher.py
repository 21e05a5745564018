"""What a run publishes and tells: lines, outcomes, alarms; and the checkpoints that make it last.

In: records, outcomes, alarms. Out: JSONL lines and rows of the ledger, durable in the order WARC,
JSONL, ledger. A disk or ledger that fails stops the run.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from crawler.alarms import Alarm, loose
from crawler.clock import now
from crawler.ledger.rows import AddedLine, Ending
from crawler.outcomes import FETCHED
from crawler.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from crawler.archive.writer import WarcWriter
    from crawler.context import RunFacts
    from crawler.exporters.jsonl import JsonlWriter
    from crawler.ledger.ledger import Ledger
    from crawler.outcomes import Outcome

logger = logging.getLogger(__name__)

# So many alarms stand in a report: an error of ours may meet every page of a long run.
MOST_ALARMS = 1000


def _no_engine(reason: str) -> None:
    """Stands for `stop` until the crawl has begun, when there is nothing to stop."""
    logger.debug("no engine to stop: %s", reason)


class Publisher:
    """Publishes lines, ends addresses and makes checkpoints. `open` are the addresses handed
    out to be fetched and not ended, `fetched` counts the records with content; `stop` ends the
    crawl for a reason; `storage_error` says what failed, and `unsent` calls off what waits for its
    connection then."""

    def __init__(
        self, facts: RunFacts, ledger: Ledger, archive: WarcWriter, output: JsonlWriter
    ) -> None:
        self._facts = facts
        self._ledger = ledger
        self._archive = archive
        self._output = output
        self._alarms: list[Alarm] = []
        self._more_alarms = 0
        self._named = 0
        self.open: set[str] = set()
        self.fetched = 0
        self.stop: Callable[[str], None] = _no_engine
        self.storage_error: str | None = None
        self.unsent: set[Callable[[], None]] = set()

    def alarm(self, alarm: Alarm | str) -> None:
        """Add an alarm to the report, which makes the exit code 3. A sentence alone is
        identified by its text without the numbers in it."""
        if isinstance(alarm, str):
            alarm = loose(alarm)
        logger.error(alarm.text)
        if len(self._alarms) < MOST_ALARMS:
            self._alarms.append(alarm)
        else:
            self._more_alarms += 1

    def alarms(self) -> list[Alarm]:
        """The alarms for the report; the last one tells how many more the log has."""
        more = [loose(f"{self._more_alarms} more, see the log")] if self._more_alarms else []
        return [*self._alarms, *more]

    def storage_failed(self, sentence: str) -> None:
        """The disk or the ledger failed: the run stops by itself with exit code 5, and waits for no
        connection that a request would be sent on."""
        if self.storage_error is None:
            logger.critical(sentence)
            self.storage_error = sentence
            self.stop("storage")
            for call_off in tuple(self.unsent):
                call_off()

    def next_line(self) -> str:
        """The key of the run's next line, that no other line has: counted over all of its files."""
        self._named += 1
        return f"{self._facts.run_id}:{self._named}"

    def publish(self, record: dict[str, Any]) -> None:
        """Write a JSONL line and tell the ledger. Raises StorageError, which stops the run."""
        try:
            self._output.write(record)
        except StorageError as error:
            self.storage_failed(str(error))
            raise
        schedule = self._facts.schedule
        self._ledger.settling.add_line(AddedLine(record, self._output.name, schedule))

    def end(
        self,
        address: str,
        outcome: Outcome,
        detail: str | None = None,
        *,
        retry_at: datetime | None = None,
        is_of_captures: bool = False,
    ) -> None:
        """Give an article address its outcome in this run; `is_of_captures` says that it is what
        captures of a web archive gave, and no attempt at the address."""
        ending = Ending(
            address, outcome, self._facts.run_id, now(), detail, retry_at, is_of_captures
        )
        self._ledger.settling.finish(ending)
        self.open.discard(address)
        self.fetched += outcome in FETCHED

    def checkpoint(self) -> None:
        """Make all that was written so far durable: WARC, then JSONL, then the ledger."""
        self._archive.sync()
        self._output.sync()
        self._ledger.commit()


class StorageFailureFilter(logging.Filter):
    """Keeps out of the log what follows from a failure of the storage, which was logged once:
    each exchange still in flight would add the same tracebacks."""

    LOGGERS = ("scrapy.core.engine", "scrapy.core.scraper", "scrapy.utils.signal", "twisted")

    def __init__(self, publisher: Publisher) -> None:
        super().__init__()
        self._publisher = publisher

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not (self._publisher.storage_error and isinstance(error, StorageError))
