"""The queue: Procrastinate's application on the schema of the jobs, how jobs are put into it, how
they end other than well, and what becomes of them then.

Procrastinate hands each job to one worker, but a worker that is frozen and wakes runs beside its
successor. So a job may be run twice at once: crawls are fenced by the ledger, what archive jobs
publish by its name, and what is written of the job itself by who has it (`HELD`).
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from procrastinate import (
    App,
    BaseRetryStrategy,
    PsycopgConnector,
    RetryDecision,
    SyncPsycopgConnector,
)
from procrastinate.exceptions import AlreadyEnqueued, UniqueViolation
from procrastinate.jobs import Status
from procrastinate.manager import JobManager

from crawler.clock import now
from crawler.jobs.archive_files import REEXTRACT, VERIFY
from crawler.jobs.database import parameters

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import psycopg
    from procrastinate.jobs import Job
    from sqlalchemy.engine import URL

CRAWL: Final = "crawl"
INDEX: Final = "index"
EXPORT: Final = "export"
JOIN: Final = "join"

# Crawls wait for hosts, all others for the processor: a worker has places for either.
CRAWLS: Final = (CRAWL,)
OTHERS: Final = (JOIN, INDEX, EXPORT, REEXTRACT, VERIFY)

# So often a job is tried before it is given up and told.
TRIES: Final = 3

# Seconds until a job that failed is tried again.
RETRY_AFTER: Final = 30

# It tells of each job with a traceback; what failed is told by us.
logging.getLogger("procrastinate").setLevel(logging.CRITICAL)

logger = logging.getLogger(__name__)

# A job, locked, if its worker still has it: Procrastinate's statements ask for its number alone.
HELD: Final = (
    "WITH held AS (SELECT id FROM procrastinate_jobs WHERE id = %(job)s AND status = 'doing'"
    " AND worker_id IS NOT DISTINCT FROM %(worker)s FOR UPDATE)"
)


def holding(job: Job) -> dict[str, int | None]:
    """What `HELD` is asked with."""
    return {"job": job.id, "worker": job.worker_id}


class FencedJobs(JobManager):
    """Procrastinate's jobs, whose end is written down only by the worker that has them."""

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        """End a job for good. Raises ConnectorException."""
        ending = "procrastinate_finish_job_v1(id, %(status)s, %(delete)s)"
        await self._end(job, ending, status=status.value, delete=delete_job)

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """Put a job back; or end it, where the same waits already. Raises ConnectorException."""
        ending = "procrastinate_retry_job_v2(id, %(at)s, %(priority)s, %(queue)s, %(lock)s)"
        values = {"at": retry_at or now(), "priority": priority, "queue": queue, "lock": lock}
        try:
            await self._end(job, ending, **values)
        except UniqueViolation:
            await self.finish_job(job, Status.FAILED, delete_job=False)

    async def _end(self, job: Job, ending: str, **values: Any) -> None:
        ended = await self.connector.execute_query_all_async(
            f"{HELD} SELECT {ending} FROM held", **holding(job), **values
        )
        if not ended:
            logger.warning(
                "the end of job %s isn't written down: it is another worker's by now", job.id
            )


def application(url: URL, connections: int) -> App:
    """Procrastinate's application, to be opened; it keeps so many connections at most."""
    address, beside = parameters(url)
    connector = PsycopgConnector(
        conninfo=address, kwargs=beside, min_size=1, max_size=connections, timeout=30.0
    )
    app = App(connector=connector)
    app.job_manager = FencedJobs(connector)
    return app


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


class PostponedError(Exception):
    """The job could not begin, or was stopped: it is to be done later, which is no failure."""

    def __init__(self, why: str, seconds: float) -> None:
        super().__init__(why)
        self.seconds = seconds


class JobFailedError(Exception):
    """The job failed; `is_final` says that another try would fail as well."""

    def __init__(self, why: str, *, is_final: bool = False) -> None:
        super().__init__(why)
        self.is_final = is_final


class GivenUpError(Exception):
    """The job failed for the last time, which is noted."""


class Again(BaseRetryStrategy):
    """Every job is done again, unless it was given up: a server that went away, too, or a worker
    that stops, say nothing against it."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """When to do it again; None for never."""
        del job
        if isinstance(exception, GivenUpError):
            return None
        seconds = exception.seconds if isinstance(exception, PostponedError) else RETRY_AFTER
        return RetryDecision(retry_at=now() + timedelta(seconds=seconds))
