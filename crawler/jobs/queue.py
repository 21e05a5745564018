"""The queue: Procrastinate's application on the schema of the jobs, and how jobs are put into it.

Procrastinate hands each job to one worker, but a worker that is frozen and wakes runs beside its
successor. So a job may be run twice at once: crawls are fenced by the ledger, what archive jobs
publish by its name.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final, cast

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued

from crawler.jobs.archive_files import REEXTRACT, VERIFY
from crawler.jobs.database import parameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg
    from sqlalchemy.engine import URL

CRAWL: Final = "crawl"
INDEX: Final = "index"
EXPORT: Final = "export"
JOIN: Final = "join"

# Crawls wait for hosts, all others for the processor: a worker has places for either.
CRAWLS: Final = (CRAWL,)
OTHERS: Final = (JOIN, INDEX, EXPORT, REEXTRACT, VERIFY)

# It tells of each job with a traceback; what failed is told by us.
logging.getLogger("procrastinate").setLevel(logging.CRITICAL)


def application(url: URL, connections: int) -> App:
    """Procrastinate's application, to be opened; it keeps so many connections at most."""
    address, beside = parameters(url)
    connector = PsycopgConnector(
        conninfo=address, kwargs=beside, min_size=1, max_size=connections, timeout=30.0
    )
    return App(connector=connector)


class Putting:
    """Puts jobs into the queue, in the transaction of a connection that somebody else ends."""

    def __init__(self, url: URL, connection: psycopg.Connection[Any]) -> None:
        address, beside = parameters(url)
        self._app = App(connector=SyncPsycopgConnector(conninfo=address, kwargs=beside))
        self._connection = connection

    def put(self, kind: str, arguments: Sequence[dict[str, Any]]) -> list[int]:
        """Put jobs of one kind; their numbers."""
        if not arguments:
            return []
        options: dict[str, Any] = {"queue": kind, "connection": self._connection}
        deferrer = self._app.configure_task(kind, **options)
        return deferrer.batch_defer(*cast("Any", arguments))

    def put_once(self, kind: str, key: str, **arguments: Any) -> bool:
        """Put a job unless one of that key waits already; whether it was put."""
        options = once(kind, key) | {"connection": self._connection}
        try:
            with self._connection.transaction():
                self._app.configure_task(kind, **cast("Any", options)).defer(**arguments)
        except AlreadyEnqueued:
            return False
        return True


def once(kind: str, key: str) -> dict[str, Any]:
    """The options of a job that waits at most once and never runs beside another of its key."""
    return {"queue": kind, "lock": key, "queueing_lock": key}
