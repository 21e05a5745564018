"""What workers do, as whoever reads the ledger sees it: the schema `jobs` beside the ledger.

It is there only where the ledger is on a PostgreSQL server and `scrapy work` or `scrapy enqueue`
was called once (crawler/jobs/database.py makes it); this only reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Any

    from sqlalchemy import Row

    from crawler.ledger.connection import LedgerConnection

SCHEMA: Final = "jobs"

# Seconds after which a worker that says nothing counts as lost, and its jobs are taken over.
ALIVE: Final = 40

# Seconds over which a batch's pace is taken.
PACE: Final = 600

# Days for which a batch that is over is told.
TOLD: Final = 7


@dataclass(frozen=True, slots=True)
class WorkerState:
    """One worker: `name` is its host and process; `is_lost` that it went without saying so."""

    name: str
    version: str
    slots: int
    started_at: datetime
    seen_at: datetime
    is_lost: bool

    @property
    def host(self) -> str:
        """The machine it runs on."""
        return self.name.rpartition(":")[0]


@dataclass(frozen=True, slots=True)
class BatchState:
    """Jobs that were enqueued together, one a file. `pace` is bytes a second of late, `left_bytes`
    what isn't read yet; `output` the joined result once it is there, `problems` how much it tells
    of that is damaged or wrong; `is_mended`: a later batch of its kind, of these files and perhaps
    more, tells of nothing."""

    id: str
    kind: str
    enqueued_at: datetime
    total: int
    done: int
    failed: int
    running: int
    left_bytes: int
    pace: float
    output: str | None
    problems: int | None
    is_mended: bool
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job that was given up: what it was for, when and why it failed last, how often."""

    what: str
    at: datetime
    why: str
    worker: str
    attempts: int


@dataclass(frozen=True, slots=True)
class JobsState:
    """All of it; `waiting` and `running` count jobs by kind."""

    workers: list[WorkerState] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=dict)
    running: dict[str, int] = field(default_factory=dict)
    batches: list[BatchState] = field(default_factory=list)
    failed: list[FailedJob] = field(default_factory=list)


class Jobs:
    """Reads the schema, where there is one."""

    def __init__(self, connection: LedgerConnection) -> None:
        self._connection = connection

    def state(self) -> JobsState | None:
        """What workers do; None where there are no jobs. Raises LedgerError."""
        if self._connection.raw.dialect.name != "postgresql":
            return None
        there = self._rows(f"SELECT to_regclass('{SCHEMA}.cluster') IS NOT NULL AS is_there")
        if not there[0].is_there:
            return None
        # whatever the time zone of this machine is called
        self._rows("SELECT set_config('TimeZone', 'UTC', true)")
        counts: dict[str, dict[str, int]] = {"todo": {}, "doing": {}}
        for row in self._rows(_COUNTS):
            counts[row.status][row.queue_name] = row.jobs
        return JobsState(
            workers=[WorkerState(**row._mapping) for row in self._rows(_WORKERS, alive=ALIVE)],
            waiting=counts["todo"],
            running=counts["doing"],
            batches=[
                BatchState(**row._mapping) for row in self._rows(_BATCHES, pace=PACE, told=TOLD)
            ],
            failed=[FailedJob(**row._mapping) for row in self._rows(_FAILED)],
        )

    def _rows(self, statement: str, **values: object) -> Sequence[Row[Any]]:
        return self._connection.rows(text(statement).bindparams(**values))


_COUNTS: Final = (
    f"SELECT status::text AS status, queue_name, count(*) AS jobs FROM {SCHEMA}.procrastinate_jobs"
    " WHERE status IN ('todo', 'doing') GROUP BY 1, 2 ORDER BY 1, 2"
)
_WORKERS: Final = (
    "SELECT name, extractor AS version, slots, started_at, seen_at,"
    " seen_at < now() - make_interval(secs => :alive) AS is_lost"
    f" FROM {SCHEMA}.workers ORDER BY name"
)
_BATCHES: Final = f"""
SELECT b.id, b.kind, b.enqueued_at,
    count(f.number) AS total,
    count(f.number) FILTER (WHERE f.state = 'done') AS done,
    count(f.number) FILTER (WHERE f.state = 'failed') AS failed,
    count(f.number) FILTER (WHERE f.state = 'running') AS running,
    coalesce(sum(f.bytes) FILTER (WHERE f.state IN ('waiting', 'running')), 0)::bigint
        AS left_bytes,
    (coalesce(sum(f.bytes) FILTER (
        WHERE f.ended_at > now() - make_interval(secs => :pace)), 0)
        / greatest(1, least(:pace, extract(epoch FROM now() - b.enqueued_at))))::float8 AS pace,
    b.output, b.problems,
    coalesce(b.problems, 0) > 0 AND EXISTS (
        SELECT FROM {SCHEMA}.batches later
        WHERE later.kind = b.kind AND later.ended_at > b.ended_at AND later.problems = 0
        AND NOT EXISTS (
            SELECT name FROM {SCHEMA}.files WHERE batch = b.id
            EXCEPT SELECT name FROM {SCHEMA}.files WHERE batch = later.id)
    ) AS is_mended,
    b.ended_at
FROM {SCHEMA}.batches b LEFT JOIN {SCHEMA}.files f ON f.batch = b.id
WHERE b.ended_at IS NULL OR b.ended_at > now() - make_interval(days => :told)
GROUP BY b.id ORDER BY b.enqueued_at, b.id
"""
_FAILED: Final = (
    "SELECT what, at, why, worker, attempts FROM ("
    " SELECT what, at, why, worker, is_last,"
    " count(*) OVER (PARTITION BY what, job_id) AS attempts,"
    " row_number() OVER (PARTITION BY what ORDER BY is_last DESC, at DESC) AS place"
    f" FROM {SCHEMA}.failures) AS told WHERE is_last AND place = 1 ORDER BY at, what"
)
