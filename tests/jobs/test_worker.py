"""How a worker takes, does, repeats and gives up jobs, on a real server."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from threading import Event
from typing import TYPE_CHECKING, Any, cast

import pytest
from procrastinate.exceptions import ConnectorException

from crawler.jobs.cadence import Cadence
from crawler.jobs.database import connect
from crawler.jobs.enqueue import ListedFile, put_batch, put_command, put_crawls
from crawler.jobs.processes import Children
from crawler.jobs.queue import FencedJobs, JobFailedError
from crawler.jobs.worker import Worker
from crawler.views.archive_status import jobs_as_json, jobs_lines
from tests.jobs.conftest import Told, make_worker, rows, state

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.jobs.database import JobsCluster

pytestmark = pytest.mark.usefixtures("quick")


def calls(worker: Worker) -> list[tuple[str, ...]]:
    assert isinstance(worker.commands, Told)
    return worker.commands.calls


def test_jobs_are_done_once(cluster: JobsCluster, tmp_path: Path) -> None:
    assert put_crawls(cluster, ["js", "he"], []) == 2
    assert put_crawls(cluster, ["js"], []) == 0  # it waits already
    assert put_crawls(cluster, ["js"], ["limit=5"]) == 1
    assert put_command(cluster, "index") == 1
    assert put_command(cluster, "export", words=["--format", "csv"], output="a.csv") == 1
    worker = make_worker(cluster, tmp_path, [0])
    asyncio.run(worker.run())
    assert sorted(calls(worker)) == [
        ("crawl", "xinhua", "-a", "regions=he"),
        ("crawl", "xinhua", "-a", "regions=js"),
        ("crawl", "xinhua", "-a", "regions=js", "-a", "limit=5"),
        ("export", "--format", "csv", "-o", str(tmp_path / "exports" / "a.csv")),
        ("index",),
    ]
    told = state(cluster)
    assert (told.waiting, told.running, told.failed, told.workers) == ({}, {}, [], [])


def test_a_job_that_fails_three_times_is_told_and_holds_nobody(
    cluster: JobsCluster, tmp_path: Path
) -> None:
    put_crawls(cluster, ["tj", "js"], [])
    failed = make_worker(cluster, tmp_path, [5, 5, 5, 0])
    asyncio.run(failed.run())
    assert [words[-1] for words in calls(failed)] == [*["regions=tj"] * 3, "regions=js"]
    assert failed.given_up == 1
    (job,) = state(cluster).failed
    assert (job.what, job.why, job.attempts) == ("crawl tj", "exit code 5: the last line", 3)
    shown = "\n".join(jobs_lines(jobs_as_json(state(cluster)) or {}))
    assert "given up after 3 tries: crawl tj: exit code 5: the last line" in shown
    # what succeeds later is told no more
    put_crawls(cluster, ["tj"], [])
    asyncio.run(make_worker(cluster, tmp_path, [0]).run())
    assert state(cluster).failed == []


def test_what_can_t_go_well_is_not_tried_again(cluster: JobsCluster, tmp_path: Path) -> None:
    put_crawls(cluster, ["js"], [])
    worker = make_worker(cluster, tmp_path, [2])
    asyncio.run(worker.run())
    assert len(calls(worker)) == 1
    assert state(cluster).failed[0].why == "exit code 2: the last line"


@pytest.mark.parametrize("code", [0, 3, 4, 75])
def test_ends_of_a_crawl_that_are_no_failures(
    cluster: JobsCluster, tmp_path: Path, code: int
) -> None:
    put_crawls(cluster, ["js"], [])
    worker = make_worker(cluster, tmp_path, [code])
    asyncio.run(worker.run())
    assert (len(calls(worker)), worker.given_up) == (1, 0)


def test_a_crawl_of_its_own_waits_for_whoever_holds_the_region(
    cluster: JobsCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawler.jobs.processes.LOCKED_AGAIN", 0)
    put_crawls(cluster, ["js"], ["since=2017-09-01"])
    worker = make_worker(cluster, tmp_path, [75, 75, 75, 75, 0])
    asyncio.run(worker.run())
    assert (len(calls(worker)), worker.given_up) == (5, 0)


def lose_worker(cluster: JobsCluster) -> None:
    """Let a worker have taken the jobs, and be heard of no more."""
    rows(cluster, "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval"
         " '1 minute')")  # fmt: skip
    rows(cluster, "UPDATE procrastinate_jobs SET status = 'doing', worker_id = 1")


def test_the_job_of_a_lost_worker_is_taken_over(cluster: JobsCluster, tmp_path: Path) -> None:
    put_crawls(cluster, ["js"], [])
    lose_worker(cluster)
    worker = make_worker(cluster, tmp_path, [0])
    asyncio.run(worker.run())
    assert len(calls(worker)) == 1
    assert rows(cluster, "SELECT status::text AS s FROM procrastinate_jobs") == [{"s": "succeeded"}]


def test_the_job_of_a_lost_worker_that_waits_already_is_done_once(
    cluster: JobsCluster, tmp_path: Path
) -> None:
    put_crawls(cluster, ["js"], [])
    lose_worker(cluster)
    put_crawls(cluster, ["js"], [])
    worker = make_worker(cluster, tmp_path, [0])
    asyncio.run(worker.run())
    assert len(calls(worker)) == 1


def test_a_job_that_loses_its_worker_again_and_again_is_given_up(
    cluster: JobsCluster, tmp_path: Path
) -> None:
    put_crawls(cluster, ["js"], [])
    rows(cluster, "INSERT INTO failures (job_id, what, why, worker) SELECT 1, 'crawl js', 'x', 'w'"
         " FROM generate_series(1, 2)")  # fmt: skip
    rows(cluster, "UPDATE procrastinate_jobs SET status = 'doing', worker_id = NULL")
    worker = make_worker(cluster, tmp_path, [0])
    asyncio.run(worker.run())
    assert calls(worker) == []
    (job,) = state(cluster).failed
    assert (job.what, job.why, job.attempts) == ("crawl js", "its worker was lost", 3)


def test_crawls_are_put_when_they_are_due_by_one_of_the_workers(
    cluster: JobsCluster, tmp_path: Path
) -> None:
    """Three turns of a region every 0.6 seconds, with two workers that both look for it."""

    async def both() -> None:
        workers = [
            make_worker(cluster, tmp_path, [0], regions=["js"], cadence=Cadence(0.01), drain=False)
            for _ in range(2)
        ]
        running = [asyncio.create_task(worker.run()) for worker in workers]
        await asyncio.sleep(2.2)
        for worker in workers:
            worker._stop()
        await asyncio.gather(*running)
        done.extend(call for worker in workers for call in calls(worker))

    done: list[tuple[str, ...]] = []
    asyncio.run(both())
    assert 2 <= len(done) <= 5, done
    assert rows(cluster, "SELECT * FROM workers") == []


def test_one_that_fails_while_the_same_waits_is_done_by_that_at_once(
    cluster: JobsCluster, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A crawl that takes longer than its region's cadence, say."""
    put_crawls(cluster, ["js"], [])
    call = Told._call

    async def slow(self: Told, command: str, *words: str) -> tuple[int, str]:
        if not self.calls:
            put_crawls(cluster, ["js"], [])
        return await call(self, command, *words)

    monkeypatch.setattr(Told, "_call", slow)
    worker = make_worker(cluster, tmp_path, [5, 0])
    asyncio.run(worker.run())
    gc.collect()
    assert (len(calls(worker)), worker.given_up) == (2, 0)
    statuses = "SELECT status::text AS s FROM procrastinate_jobs ORDER BY id"
    assert [row["s"] for row in rows(cluster, statuses)] == ["failed", "succeeded"]
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert told == ["job 1 failed and is tried again: crawl js: exit code 5: the last line"]


_SUCCESSOR = """
WITH successor AS (INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id)
UPDATE procrastinate_jobs SET worker_id = successor.id FROM successor
"""


@pytest.mark.parametrize("code", [0, 5, 75])
def test_one_that_wakes_beside_its_successor_ends_nothing(
    cluster: JobsCluster, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch, code: int,
) -> None:  # fmt: skip
    """What it was frozen in is another worker's by now, which still does it."""
    put_crawls(cluster, ["js"], ["limit=5"])
    call = Told._call

    async def frozen(self: Told, command: str, *words: str) -> tuple[int, str]:
        rows(cluster, _SUCCESSOR)
        worker._stopped.set()
        return await call(self, command, *words)

    monkeypatch.setattr(Told, "_call", frozen)
    worker = make_worker(cluster, tmp_path, [code], drain=False)
    asyncio.run(worker.run())
    gc.collect()
    held = "SELECT status::text AS s, worker_id FROM procrastinate_jobs"
    (row,) = rows(cluster, held)
    assert row["s"] == "doing"
    assert row["worker_id"] == rows(cluster, "SELECT id FROM procrastinate_workers")[0]["id"]
    assert rows(cluster, "SELECT * FROM failures") == []
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert told == ["the end of job 1 isn't written down: it is another worker's by now"]


@pytest.mark.parametrize("is_begun", [True, False])
def test_a_file_that_the_successor_has_done_stays_done(
    cluster: JobsCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_begun: bool
) -> None:
    """The worker was frozen in the job, or just after it had taken it; its child is dead when it
    wakes. Otherwise nothing would ever join the batch."""
    put_batch(
        cluster, "verify", [ListedFile("warc/a.warc.gz", "0" * 64, 1)],
        extractor="1", max_bytes=1, has=lambda _: True,
    )  # fmt: skip
    one_file = Worker._one_file

    def succeed() -> None:
        rows(cluster, "UPDATE procrastinate_jobs SET status = 'succeeded', worker_id = NULL")
        rows(cluster, "UPDATE files SET state = 'done'")
        worker._stopped.set()

    async def frozen(self: Worker, *given: Any) -> None:
        if not is_begun:
            succeed()
        await one_file(self, *given)

    async def killed(*_: object) -> None:
        succeed()
        raise JobFailedError("the process that did it ended with signal 9")

    monkeypatch.setattr(Worker, "_one_file", frozen)
    monkeypatch.setattr(Children, "do", killed)
    worker = make_worker(cluster, tmp_path, [0], drain=False)
    asyncio.run(worker.run())
    assert rows(cluster, "SELECT state FROM files") == [{"state": "done"}]
    assert rows(cluster, "SELECT * FROM failures") == []


def test_a_storage_that_does_not_answer_keeps_no_worker_from_its_rounds(
    cluster: JobsCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is sent there may take minutes, too. Meanwhile the worker says that it is there, and the
    jobs of one that is lost are taken over."""
    is_asked, is_answered = Event(), Event()
    doing = "FROM procrastinate_jobs WHERE status = 'doing' AND worker_id IS NULL"

    class Silent:
        def push(self) -> int:
            is_asked.set()
            is_answered.wait()
            return 0

    async def slow(self: Told, command: str, *words: str) -> tuple[int, str]:
        self.calls.append((command, *words))
        while not is_answered.is_set():
            await asyncio.sleep(0.05)
        return 0, ""

    async def watch(worker: Worker) -> int:
        running = asyncio.create_task(worker.run())
        try:
            async with asyncio.timeout(20):
                while not is_asked.is_set():
                    await asyncio.sleep(0.05)
            put_crawls(cluster, ["he"], [])
            rows(cluster, "UPDATE procrastinate_jobs SET status = 'doing' WHERE status = 'todo'")
            for _ in range(50):
                if not rows(cluster, f"SELECT id {doing}"):
                    break
                await asyncio.sleep(0.1)
            return len(rows(cluster, f"SELECT id {doing}"))
        finally:
            is_answered.set()
            worker._stop()
            await running

    monkeypatch.setattr(Told, "_call", slow)
    put_crawls(cluster, ["js"], [])
    worker = make_worker(cluster, tmp_path, [0], drain=False)
    worker.commands.replication = cast("Any", Silent())
    assert asyncio.run(watch(worker)) == 0


def test_a_job_whose_end_the_database_did_not_take_is_done_again(
    cluster: JobsCluster, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    put_crawls(cluster, ["js"], [])
    finish, outages = FencedJobs.finish_job, ["the server is gone"]

    async def away(self: FencedJobs, *given: Any, **named: Any) -> None:
        if outages:
            raise ConnectorException(outages.pop())
        await finish(self, *given, **named)

    monkeypatch.setattr(FencedJobs, "finish_job", away)
    worker = make_worker(cluster, tmp_path, [0])
    asyncio.run(worker.run())
    assert (len(calls(worker)), worker.given_up) == (2, 0)
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert told == [
        "the end of a job isn't written down: the server is gone",
        "job 1 failed and is tried again: crawl js: its end could not be written down",
    ]
    now = state(cluster)
    assert (now.waiting, now.running, now.failed, now.workers) == ({}, {}, [], [])
    assert rows(cluster, "SELECT status::text AS s FROM procrastinate_jobs") == [{"s": "succeeded"}]


def test_what_was_over_long_ago_is_forgotten(cluster: JobsCluster, tmp_path: Path) -> None:
    put_crawls(cluster, ["js", "he"], [])
    asyncio.run(make_worker(cluster, tmp_path, [0]).run())
    rows(cluster, "UPDATE procrastinate_events SET at = now() - interval '8 days' WHERE job_id = 1")
    rows(cluster, "INSERT INTO batches (id, kind, extractor, max_bytes, ended_at) VALUES"
         " ('old', 'verify', 'x', 1, now() - interval '31 days'),"
         " ('new', 'verify', 'x', 1, now() - interval '29 days')")  # fmt: skip
    asyncio.run(make_worker(cluster, tmp_path, [0]).run())
    assert rows(cluster, "SELECT id FROM procrastinate_jobs") == [{"id": 2}]
    assert rows(cluster, "SELECT id FROM batches") == [{"id": "new"}]


def test_a_signal_puts_the_crawl_back(cluster: JobsCluster, tmp_path: Path) -> None:
    """The worker is told to stop while a crawl is on: the crawl ends with 3, and is another's."""
    put_crawls(cluster, ["js"], [])
    worker = make_worker(cluster, tmp_path, [3], drain=False)

    async def stop() -> None:
        running = asyncio.create_task(worker.run())
        commands = worker.commands
        assert isinstance(commands, Told)
        call = Told._call

        async def slow(self: Told, command: str, *words: str) -> tuple[int, str]:
            ended = await call(self, command, *words)
            while not self.is_stopping:
                await asyncio.sleep(0.05)
            return ended

        Told._call = slow  # type: ignore[method-assign]
        try:
            while not commands.calls:
                await asyncio.sleep(0.05)
            signal.raise_signal(signal.SIGTERM)
            await running
        finally:
            Told._call = call  # type: ignore[method-assign]

    asyncio.run(stop())
    assert rows(cluster, "SELECT status::text AS s FROM procrastinate_jobs") == [{"s": "todo"}]
    again = make_worker(cluster, tmp_path, [0])
    asyncio.run(again.run())
    assert len(calls(again)) == 1


def test_a_database_that_goes_away_is_waited_for(cluster: JobsCluster, tmp_path: Path) -> None:
    worker = make_worker(cluster, tmp_path, [0], drain=False)

    async def outage() -> None:
        running = asyncio.create_task(worker.run())
        while not rows(cluster, "SELECT * FROM workers"):
            await asyncio.sleep(0.05)
        with connect(cluster.url) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        put_crawls(cluster, ["js"], [])
        for _ in range(200):
            if calls(worker):
                break
            await asyncio.sleep(0.1)
        worker._stop()
        await running

    asyncio.run(outage())
    assert len(calls(worker)) == 1
