"""A worker: takes jobs from the queue, does them, and says that it is there.

Two of Procrastinate's workers run in it, one for crawls, which wait for hosts, one for what takes a
processor. Beside them a round every few seconds says that this worker is there, puts the crawls
that are due, and takes over the jobs of workers that are lost, which nobody else does. Where the
database goes away the worker waits for it; what its jobs had done by then is done again, and
publishing twice changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import psycopg
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, UniqueViolation
from procrastinate.jobs import Status

from crawler.jobs.archive_files import REEXTRACT, VERIFY
from crawler.jobs.processes import Children
from crawler.jobs.queue import (
    CRAWL,
    CRAWLS,
    EXPORT,
    HELD,
    INDEX,
    JOIN,
    OTHERS,
    TRIES,
    Again,
    GivenUpError,
    JobFailedError,
    PostponedError,
    application,
    holding,
    once,
)
from crawler.layouts import AcceptedLayouts
from crawler.ledger.jobs import ALIVE
from crawler.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence

    from procrastinate import App, JobContext
    from procrastinate.jobs import Job

    from crawler.jobs.cadence import Cadence
    from crawler.jobs.database import JobsCluster
    from crawler.jobs.processes import Commands
    from crawler.shared_storage.store import Replication

logger = logging.getLogger(__name__)

# Seconds between two rounds, in each of which the worker says that it is there.
ROUND: Final = 10.0

# Seconds within which what is under way ends after a signal; a crawl needs its exchanges' time.
GRACE: Final = 75.0

# Seconds after which a database that went away is looked for again, at first and at most.
_LOOK_AGAIN: Final = (1.0, 30.0)

# Hours for which jobs that are over are kept, and batches.
_KEPT: Final = 7 * 24
_KEPT_BATCHES: Final = 30 * 24

# Procrastinate wraps what the driver raises.
_GONE: Final = (ConnectorException, psycopg.Error, OSError)
_OUT_OF_REACH: Final = (psycopg.OperationalError, psycopg.InterfaceError, OSError)

# A failure of a job that its worker still has is noted, and of its file, if it is of one, that it
# waits again or was given up. All at once: what another worker made of it must not be undone.
_FAILED: Final = (
    f"{HELD}, failed AS (INSERT INTO failures (job_id, what, why, worker, is_last)"
    " SELECT id, %(what)s, %(why)s, %(us)s, %(final)s::boolean"
    " OR (SELECT count(*) FROM failures WHERE job_id = %(job)s) >= %(tries)s"
    " FROM held RETURNING is_last),"
    " file AS (UPDATE files SET ended_at = now(),"
    " state = CASE WHEN is_last THEN 'failed' ELSE 'waiting' END FROM failed"
    " WHERE batch = %(batch)s::text AND number = %(number)s::integer)"
)


@dataclass(frozen=True, slots=True)
class Places:
    """How much a worker does at a time: regions crawled, files or commands; and for which regions
    it puts crawls. `drain`: it ends once no job is left, and puts no crawls."""

    crawls: int
    others: int
    regions: Sequence[str]
    cadence: Cadence
    drain: bool = False

    def kinds(self) -> list[tuple[tuple[str, ...], int]]:
        """The queues it takes jobs from, each with its places."""
        both = ((CRAWLS, self.crawls), (OTHERS, self.others))
        return [(kinds, places) for kinds, places in both if places]


@dataclass(slots=True)
class Worker:
    """One worker. `run` returns when it was stopped, or drained."""

    cluster: JobsCluster
    places: Places
    commands: Commands
    name: str = field(default_factory=lambda: f"{os.uname().nodename}:{os.getpid()}")
    given_up: int = 0
    children: Children = field(default_factory=Children)
    _running: set[int] = field(default_factory=set)
    # as Procrastinate numbers them
    _ours: set[int] = field(default_factory=set)
    # jobs that are said to be ours, and aren't: seen so in one round
    _unknown: set[int | None] = field(default_factory=set)
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)
    _told: str = ""
    _forgot_at: float | None = None

    async def run(self) -> None:
        """Work until a signal, or until no job is left where that is asked for."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_tell_of_task)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        logger.info("worker %s begins, version %s", self.name, self._version())
        wait, longest = _LOOK_AGAIN
        while not self._stopped.is_set():
            try:
                if await self._session():
                    return
                wait = _LOOK_AGAIN[0]
            except _GONE as error:
                cause = error.__cause__ or error
                if not isinstance(cause, _OUT_OF_REACH):
                    raise
                self._tell_once(f"the database {self.cluster.where} is out of reach: {cause}")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), wait)
            wait = min(2 * wait, longest)
        logger.info("worker %s ends", self.name)

    def _stop(self) -> None:
        if not self._stopped.is_set():
            logger.info("worker %s stops: what is under way is brought to its end", self.name)
        self._stopped.set()
        self.commands.stop()

    def _tell_once(self, problem: str) -> None:
        problem = " ".join(problem.split())
        if problem != self._told:
            logger.error("%s", problem)
        self._told = problem

    async def _session(self) -> bool:
        """Work as long as the database is there; whether no job is left. Raises what says that it
        went away."""
        kinds = self.places.kinds()
        places = sum(count for _, count in kinds)
        app = application(self.cluster.url, places + 2 * len(kinds) + 2)
        self._add_tasks(app)
        async with app.open_async():
            rounds = asyncio.create_task(self._rounds(app))
            tasks: list[asyncio.Task[Any]] = [rounds]
            for queues, count in kinds:
                taking = app.run_worker_async(
                    queues=list(queues),
                    concurrency=count,
                    name=self.name,
                    install_signal_handlers=False,
                    shutdown_graceful_timeout=GRACE,
                    update_heartbeat_interval=ROUND,
                    stalled_worker_timeout=_KEPT * 3600.0,
                )
                tasks.append(asyncio.create_task(taking))
            if self.commands.replication and not self.places.drain:
                sharing = self._share(self.commands.replication)
                tasks.append(asyncio.create_task(sharing))
            stop = asyncio.create_task(self._stopped.wait())
            try:
                await asyncio.wait([*tasks, stop], return_when=asyncio.FIRST_COMPLETED)
            finally:
                stop.cancel()
                for task in tasks:
                    task.cancel()
                ended = await asyncio.gather(*tasks, return_exceptions=True)
                await self.children.close()
            failed = [one for one in ended if isinstance(one, Exception)]
            if failed:
                raise failed[0]
            is_drained = ended[0] is True
            if self._stopped.is_set() or is_drained:
                await self._say_gone(app)
            return is_drained

    def _add_tasks(self, app: App) -> None:
        again = Again()
        app.task(name=CRAWL, pass_context=True, retry=again)(self._crawl)
        app.task(name=INDEX, pass_context=True, retry=again)(self._index)
        app.task(name=EXPORT, pass_context=True, retry=again)(self._export)
        app.task(name=REEXTRACT, pass_context=True, retry=again)(self._file)
        app.task(name=VERIFY, pass_context=True, retry=again)(self._file)
        app.task(name=JOIN, pass_context=True, retry=again)(self._join)

    # --- jobs ------------------------------------------------------------------------------------

    async def _crawl(self, context: JobContext, region: str, arguments: list[str]) -> None:
        await self._do(context, self.commands.crawl(region, arguments))

    async def _index(self, context: JobContext) -> None:
        await self._do(context, self.commands.call(INDEX, ()))

    async def _export(self, context: JobContext, words: list[str], output: str) -> None:
        await self._do(context, self.commands.export(words, output))

    async def _file(self, context: JobContext, batch: str, number: int, name: str) -> None:
        """Do the job of a file; whoever does the last one of a batch puts its joining."""
        del name
        await self._do(context, self._one_file(context, batch, number))
        await self._end_batch(context.app, batch)

    async def _one_file(self, context: JobContext, batch: str, number: int) -> None:
        connector, file = context.app.connector, {"batch": batch, "number": number}
        rows = await connector.execute_query_all_async(
            f"{HELD}, file AS (UPDATE files SET state = 'running' FROM held WHERE batch = %(batch)s"
            " AND number = %(number)s RETURNING batch, name, sha256)"
            " SELECT kind, extractor, max_bytes, name, sha256 FROM file"
            " JOIN batches ON batches.id = batch",
            **holding(context.job), **file,
        )  # fmt: skip
        if not rows:
            raise JobFailedError("it was another worker's before it was begun")
        await self.children.do(self._job(rows[0], rows))
        await connector.execute_query_async(
            "UPDATE files SET state = 'done', ended_at = now()"
            " WHERE batch = %(batch)s AND number = %(number)s",
            **file,
        )

    async def _join(self, context: JobContext, batch: str) -> None:
        await self._do(context, self._join_batch(context.app, batch))

    async def _join_batch(self, app: App, batch: str) -> None:
        rows = await app.connector.execute_query_all_async(
            "SELECT kind, extractor, max_bytes, name, sha256, state FROM files"
            " JOIN batches ON id = batch WHERE batch = %(batch)s ORDER BY number",
            batch=batch,
        )
        if any(row["state"] != "done" for row in rows):
            return  # enqueued anew meanwhile
        output, problems = await self.children.do(self._job(rows[0], rows) | {"batch": batch})
        await app.connector.execute_query_async(
            "UPDATE batches SET output = %(output)s, problems = %(problems)s, ended_at = now()"
            " WHERE id = %(batch)s",
            batch=batch, output=output, problems=problems,
        )  # fmt: skip

    def _job(self, batch: dict[str, Any], files: list[dict[str, Any]]) -> dict[str, Any]:
        """What a child is told of a job."""
        same = {name: batch[name] for name in ("kind", "extractor", "max_bytes")}
        listed = [[file["name"], file["sha256"]] for file in files]
        where = {"data_dir": str(self.commands.data_dir), "store": self.commands.store}
        return same | where | {"files": listed, "batch": None}

    async def _end_batch(self, app: App, batch: str) -> None:
        """Where no file of a batch is left: put its joining, or, where some were given up, note
        that it is over. The last two that end at once may both do so."""
        (row,) = await app.connector.execute_query_all_async(
            "SELECT count(*) FILTER (WHERE state IN ('waiting', 'running')) AS waiting,"
            " count(*) FILTER (WHERE state = 'failed') AS failed"
            " FROM files WHERE batch = %(batch)s",
            batch=batch,
        )
        if row["failed"] and not row["waiting"]:
            await app.connector.execute_query_async(
                "UPDATE batches SET ended_at = now() WHERE id = %(batch)s", batch=batch
            )
        elif not row["waiting"]:
            with suppress(AlreadyEnqueued):
                await app.configure_task(JOIN, **once(JOIN, f"{JOIN} {batch}")).defer_async(
                    batch=batch
                )

    async def _do(self, context: JobContext, work: Coroutine[Any, Any, None]) -> None:
        """Do a job and note how it ended."""
        job_id, what = context.job.id, _what(context.job.task_name, context.job.task_kwargs)
        assert job_id is not None
        assert context.job.worker_id is not None
        self._ours.add(context.job.worker_id)
        self._running.add(job_id)
        try:
            logger.debug("job %s begins: %s", job_id, what)
            await work
        except PostponedError as error:
            logger.info("job %s is done later: %s: %s", job_id, what, error)
            raise
        except Exception as error:
            is_final = isinstance(error, JobFailedError) and error.is_final
            why = str(error) if isinstance(error, JobFailedError) else _named(error)
            is_last = await self._fail(context.app, context.job, why, is_final=is_final)
            if is_last:
                raise GivenUpError(what) from error
            raise
        finally:
            self._running.discard(job_id)
        await context.app.connector.execute_query_async(
            "DELETE FROM failures WHERE what = %(what)s", what=what
        )
        logger.info("job %s is done: %s", job_id, what)

    async def _fail(
        self, app: App, job: Job, why: str, *, is_final: bool, then: str = ""
    ) -> bool | None:
        """Note a failure and, in the same statement, what `then` says (SQL); whether it was the
        last one. None, and nothing is done, where the job isn't that worker's any more."""
        what = _what(job.task_name, job.task_kwargs)
        of_file = job.task_kwargs if job.task_name in (REEXTRACT, VERIFY) else {}
        noted = await app.connector.execute_query_all_async(
            f"{_FAILED} SELECT is_last{then} FROM failed CROSS JOIN held",
            what=what, why=why[:1000], us=self.name, final=is_final, tries=TRIES - 1,
            batch=of_file.get("batch"), number=of_file.get("number"), **holding(job),
        )  # fmt: skip
        if not noted:
            return None
        is_last = bool(noted[0]["is_last"])
        self.given_up += is_last
        ending = "is given up" if is_last else "is tried again"
        logger.error("job %s failed and %s: %s: %s", job.id, ending, what, why)
        if is_last and of_file:
            await self._end_batch(app, str(of_file["batch"]))
        return is_last

    # --- rounds ----------------------------------------------------------------------------------

    async def _rounds(self, app: App) -> bool:
        """What is due every few seconds; True once no job is left, where that is asked for."""
        while True:
            await self._say_there(app)
            await self._take_over(app)
            await self._forget(app)
            self._told = ""
            if self.places.drain:
                if not self._running and await self._is_drained(app):
                    return True
                await asyncio.sleep(1)
                continue
            await self._put_crawls(app)
            await asyncio.sleep(ROUND)

    async def _forget(self, app: App) -> None:
        """Delete, once an hour, jobs and batches that were over long ago."""
        at = asyncio.get_running_loop().time()
        if self._forgot_at is not None and at < self._forgot_at + 3600:
            return
        self._forgot_at = at
        await app.job_manager.delete_old_jobs(
            nb_hours=_KEPT, include_failed=True, include_cancelled=True, include_aborted=True
        )
        await app.connector.execute_query_async(
            "DELETE FROM batches WHERE ended_at < now() - make_interval(hours => %(kept)s)",
            kept=_KEPT_BATCHES,
        )

    async def _share(self, replication: Replication) -> None:
        """Publish in STORE, every few seconds, the parts of crawls that are on. What fails is told
        once, and done the next time, or at the crawl's end. It may take its time, so it is no part
        of a round."""
        told = ""
        while True:
            await asyncio.sleep(ROUND)
            if not self._running:
                continue
            problem = ""
            try:
                await asyncio.to_thread(replication.push)
            except StorageError as error:
                problem = str(error)
            if problem not in ("", told):
                logger.error("%s", problem)
            told = problem

    async def _say_there(self, app: App) -> None:
        await app.connector.execute_query_async(
            "INSERT INTO workers (name, extractor, slots) VALUES (%(name)s, %(version)s, %(slots)s)"
            " ON CONFLICT (name) DO UPDATE SET seen_at = now(), extractor = excluded.extractor",
            name=self.name,
            version=self._version(),
            slots=self.places.crawls + self.places.others,
        )
        await app.connector.execute_query_async(
            "DELETE FROM workers WHERE seen_at < now() - interval '1 day'"
        )

    def _version(self) -> str:
        """What reads pages here: the code and the accepted layouts."""
        return AcceptedLayouts.of(self.commands.data_dir).version

    async def _say_gone(self, app: App) -> None:
        await app.connector.execute_query_async(
            "DELETE FROM workers WHERE name = %(name)s", name=self.name
        )

    async def _is_drained(self, app: App) -> bool:
        row = await app.connector.execute_query_one_async(
            "SELECT count(*) AS jobs FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
            " AND queue_name = ANY (%(queues)s)",
            queues=[queue for queues, _ in self.places.kinds() for queue in queues],
        )
        return not row["jobs"]

    async def _put_crawls(self, app: App) -> None:
        """Put the crawls that are due. A time is taken by one worker alone; where it then ends
        before the job is there, the region is crawled one turn later."""
        if not self.places.crawls:
            return
        execute = app.connector.execute_query_all_async
        for number, region in enumerate(self.places.regions):
            every = self.places.cadence.seconds(region)
            due = await execute(
                "INSERT INTO crawls (region, due_at) VALUES"
                " (%(region)s, now() + make_interval(secs => %(first)s))"
                " ON CONFLICT (region) DO UPDATE SET due_at = CASE"
                " WHEN crawls.due_at + make_interval(secs => %(every)s) > now()"
                " THEN crawls.due_at + make_interval(secs => %(every)s)"
                " ELSE now() + make_interval(secs => %(every)s) END"
                " WHERE crawls.due_at <= now() RETURNING xmax <> 0 AS is_due",
                region=region, every=every, first=every * number / len(self.places.regions),
            )  # fmt: skip
            if due and due[0]["is_due"]:
                with suppress(AlreadyEnqueued):
                    await app.configure_task(CRAWL, **once(CRAWL, f"{CRAWL} {region}")).defer_async(
                        region=region, arguments=[]
                    )

    async def _take_over(self, app: App) -> None:
        """Let the jobs of lost workers be done by others, and those of ours whose end could not be
        written down: of them we know nothing."""
        stalled = await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=ALIVE)
        for job in stalled:
            await self._restart(app, job, "its worker was lost")
        held = await app.job_manager.list_jobs_async(status=Status.DOING.value)
        unknown = {
            job.id: job for job in held
            if job.worker_id in self._ours and job.id not in self._running
        }  # fmt: skip
        for job_id in unknown.keys() & self._unknown:
            await self._restart(app, unknown[job_id], "its end could not be written down")
        self._unknown = set(unknown)

    async def _restart(self, app: App, job: Job, why: str) -> None:
        """Put a job back that nobody does any more, or give it up. Only one worker gets through:
        the others find it in another state."""
        assert job.id is not None
        execute = app.connector.execute_query_all_async
        failures = await execute(
            "SELECT count(*) AS known FROM failures WHERE job_id = %(job)s", job=job.id
        )
        is_last = failures[0]["known"] >= TRIES - 1
        over = ", procrastinate_finish_job_v1(held.id, 'failed', false)"
        again = ", procrastinate_retry_job_v2(held.id, now(), NULL, NULL, NULL)"
        try:
            await self._fail(app, job, why, is_final=is_last, then=over if is_last else again)
        except UniqueViolation:
            # The same job waits already, for the end of this one.
            await self._fail(app, job, why, is_final=is_last, then=over)


def _tell_of_task(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say in one line why the end of a job could not be written down, which nobody waits for: the
    database is away, and the job is done again (`_take_over`). Anything else is asyncio's to tell.
    """
    error = context.get("exception")
    if isinstance(error, ConnectorException):
        said = " ".join(str(error.__cause__ or error).split())
        logger.warning("the end of a job isn't written down: %s", said)
    else:
        loop.default_exception_handler(context)


def _what(kind: str, arguments: Mapping[str, Any]) -> str:
    """What a job is for, in words that are the same for all jobs of it."""
    if kind == CRAWL:
        return " ".join((kind, arguments["region"], *arguments["arguments"]))
    if kind == EXPORT:
        return " ".join((kind, *arguments["words"], "-o", arguments["output"]))
    of = arguments.get("name") or arguments.get("batch")
    return f"{kind} {of}" if of else kind


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
