"""Where the jobs are: the schema `jobs` in the ledger's database, made and checked.

Procrastinate's tables stand in it, and those below, which say what its own don't: which workers are
on, when each region is crawled next, what of a batch of files is done, what failed and why. An
archive needs none of it: crawls come again by their cadence, archive jobs by `scrapy enqueue`. So
`repair --ledger` restores nothing of it, `ledger copy` leaves it behind, and it may be dropped
while no worker is on.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from crawler.clock import now
from crawler.exit_codes import USAGE
from crawler.ledger import location
from crawler.ledger.errors import from_database, ledger_error
from crawler.ledger.jobs import ALIVE, SCHEMA
from crawler.ledger.server import CONNECT_TIMEOUT, KEEPALIVE
from crawler.run_lock import CannotStartError

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg
    from psycopg.rows import DictRow

# The version of the tables below; another one's are not used.
LAYOUT: Final = 1

# Seconds by which the clock of a machine may differ from the database's: what a worker writes down
# (captures, Retry-After, next looks) is by its own. A minute does no harm, and a bit is measured.
CLOCK_LIMIT: Final = 120

# The advisory lock under which the schema is made: "jobs" as a number.
_MAKING: Final = 0x6A6F6273

_TABLES: Final = f"""
CREATE TABLE cluster (
    id text PRIMARY KEY DEFAULT gen_random_uuid()::text,
    layout integer NOT NULL DEFAULT {LAYOUT},
    engine text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE workers (
    name text PRIMARY KEY,
    extractor text NOT NULL,
    slots integer NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE crawls (
    region text PRIMARY KEY,
    due_at timestamptz NOT NULL
);
CREATE TABLE batches (
    id text PRIMARY KEY,
    kind text NOT NULL,
    extractor text NOT NULL,
    max_bytes integer NOT NULL,
    enqueued_at timestamptz NOT NULL DEFAULT now(),
    output text,
    problems integer,
    ended_at timestamptz
);
CREATE TABLE files (
    batch text NOT NULL REFERENCES batches ON DELETE CASCADE,
    number integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    bytes bigint NOT NULL,
    state text NOT NULL DEFAULT 'waiting',
    ended_at timestamptz,
    PRIMARY KEY (batch, number)
);
CREATE INDEX ix_files_state ON files (batch, state);
CREATE TABLE failures (
    job_id bigint NOT NULL,
    what text NOT NULL,
    why text NOT NULL,
    worker text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    is_last boolean NOT NULL DEFAULT false
);
CREATE INDEX ix_failures_what ON failures (what);
"""

INSTALL: Final = location.INSTALL


class JobsCluster(NamedTuple):
    """The database of the jobs: its address, and the id that tells it from others."""

    url: URL
    id: str

    @property
    def where(self) -> str:
        """The address as it may be shown."""
        return location.shown(self.url)


def server_of(data_dir: Path, setting: str) -> URL:
    """The ledger's address. Raises CannotStartError where it is on no server or the extra is
    missing, LedgerUrlError where `setting` (LEDGER) can't be used."""
    if find_spec("procrastinate") is None or find_spec("psycopg") is None:
        raise CannotStartError(f"jobs need an extra: {INSTALL}", USAGE)
    where = location.locate(data_dir, setting)
    if not isinstance(where, URL):
        message = (
            f"jobs need a ledger on a PostgreSQL server, and this folder's is {where}: set LEDGER "
            f"to {location.DRIVER}://USER@HOST/DATABASE, or move it with `scrapy ledger copy`"
        )
        raise CannotStartError(message, USAGE)
    return where


def parameters(url: URL) -> tuple[str, dict[str, Any]]:
    """How libpq connects: its URI, and what stands beside it. Names lead into the schema."""
    given = url.query.get("options", "")
    options = given if isinstance(given, str) else " ".join(given)
    plain = url.set(drivername="postgresql")
    beside = {
        "options": f"{options} -c search_path={SCHEMA} -c timezone=UTC".strip(),
        "application_name": f"xinhua-archive jobs {os.uname().nodename} {os.getpid()}"[:63],
        "connect_timeout": CONNECT_TIMEOUT,
        "client_encoding": "utf8",
        **KEEPALIVE,
    }
    return plain.render_as_string(hide_password=False), beside


def connect(url: URL) -> psycopg.Connection[DictRow]:
    """A connection that commits each statement. Raises LedgerError."""
    import psycopg
    from psycopg.rows import dict_row

    address, beside = parameters(url)
    try:
        return psycopg.connect(address, autocommit=True, row_factory=dict_row, **beside)
    except psycopg.Error as error:
        raise failed(url, error) from error


def failed(url: URL, error: psycopg.Error) -> Exception:
    """The LedgerError of a driver's error."""
    return from_database(location.shown(url), DBAPIError("", None, error))


def prepare(url: URL) -> JobsCluster:
    """Make the schema where there is none. Raises LedgerError, also for one of another version."""
    import procrastinate
    import psycopg
    from procrastinate.schema import SchemaManager

    engine = ".".join(procrastinate.__version__.split(".")[:2])
    try:
        with connect(url) as connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_MAKING])
            found = connection.execute(f"SELECT to_regclass('{SCHEMA}.cluster') AS oid").fetchone()
            if found is None or found["oid"] is None:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
                connection.execute(SchemaManager.get_schema())
                connection.execute(cast("Any", _TABLES))
                connection.execute("INSERT INTO cluster (engine) VALUES (%s)", [engine])
            row = connection.execute("SELECT id, layout, engine FROM cluster").fetchone()
    except psycopg.Error as error:
        raise failed(url, error) from error
    assert row
    if (row["layout"], row["engine"]) != (LAYOUT, engine):
        problem = f"has jobs of version {row['layout']}/{row['engine']}, not {LAYOUT}/{engine}"
        advice = (
            f"End all workers, run DROP SCHEMA {SCHEMA} CASCADE there, delete cluster.json in"
            " STORE, start them again and enqueue what was under way: nothing of the archive is in"
            " it."
        )
        raise ledger_error(location.shown(url), problem, advice)
    return JobsCluster(url, row["id"])


def check_clock(cluster: JobsCluster) -> None:
    """Raise CannotStartError where this machine's clock isn't the database's."""
    with connect(cluster.url) as connection:
        before = now()
        row = connection.execute("SELECT clock_timestamp() AS at").fetchone()
        after = now()
    assert row
    apart = (before + (after - before) / 2 - row["at"]).total_seconds()
    if abs(apart) > CLOCK_LIMIT:
        side = "before" if apart > 0 else "behind"
        message = (
            f"the clock of this machine is {abs(apart):.0f} seconds {side} that of the database"
            f" {cluster.where}: set it, then start again"
        )
        raise CannotStartError(message, USAGE)


def check_version(cluster: JobsCluster, ours: str) -> None:
    """Raise CannotStartError where workers are on whose code or accepted layouts read pages
    otherwise; `ours` is the version of those here."""
    with connect(cluster.url) as connection:
        row = connection.execute(
            "SELECT name, extractor FROM workers WHERE extractor <> %s"
            " AND seen_at > now() - make_interval(secs => %s) ORDER BY seen_at DESC LIMIT 1",
            [ours, ALIVE],
        ).fetchone()
    if row:
        message = (
            f"worker {row['name']} is of version {row['extractor']}, this one of {ours}: one"
            " cluster, one version; end the others first, or install theirs here"
        )
        raise CannotStartError(message, USAGE)
