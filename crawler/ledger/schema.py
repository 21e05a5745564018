"""The ledger's tables and the types of their columns. Their history is in `migrations/`; this is
what it leads to.

Nothing here is SQLite's own: partial indexes, JSON and text keys are PostgreSQL's too. Aware
datetimes are stored as text in UTC (ISO 8601), outcomes by name, WARC pointers as JSON. Addresses
and ids are compared and sorted by code point, so a PostgreSQL database needs the collation C.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    Column,
    Date,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

from crawler.items import WarcPointer
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect


# ruff: noqa: ARG002  (the dialect is part of the signatures)


_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def as_stored(value: Any) -> Any:
    """A value as it is read back: times in UTC, to the second."""
    is_time = isinstance(value, datetime) and value.tzinfo is not None
    return value.astimezone(UTC).replace(microsecond=0) if is_time else value


class UtcTime(TypeDecorator[datetime]):
    """An aware datetime, to the second, as `2026-01-31T08:00:00Z`, which sorts as text."""

    impl = String(20)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            message = f"a time without a zone: {value}"
            raise ValueError(message)
        return value.astimezone(UTC).strftime(_FORMAT)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


class OutcomeName(TypeDecorator[Outcome]):
    """An Outcome by its name."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: Outcome | None, dialect: Dialect) -> str | None:
        return None if value is None else Outcome(value).value

    def process_result_value(self, value: Any, dialect: Dialect) -> Outcome | None:
        return None if value is None else Outcome(value)


class Pointers(TypeDecorator[tuple[WarcPointer, ...]]):
    """WARC pointers in page order, as JSON."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> list[dict[str, Any]]:
        return [asdict(pointer) for pointer in value or ()]

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[WarcPointer, ...]:
        return tuple(WarcPointer(**pointer) for pointer in value or ())


# The schema version this code reads and writes: the newest migration.
REVISION = "0012"

metadata = MetaData()

runs = Table(
    "runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("started_at", UtcTime, nullable=False),
    Column("command", Text, nullable=False),
    Column("kind", Text, nullable=False, server_default="crawl"),  # a RunKind
    Column("finished_at", UtcTime),
    Column("exit_code", Integer),
    Column("reason", Text),
    Column("counts", JSON, nullable=False),
    Column("archives_pictures", Integer, nullable=False, server_default="0"),  # 0 or 1
)
Index("ix_runs_started", runs.c.started_at)

addresses = Table(
    "addresses",
    metadata,
    Column("url", Text, primary_key=True),  # canonical
    Column("article_id", Text, nullable=False),
    Column("region", Text),
    Column("day", Date),
    Column("found_on", Text),
    Column("position", Integer),
    Column("title", Text),
    Column("list_time", Text),
    Column("first_seen_at", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False),  # failures in a row
    Column("retry_at", UtcTime),  # when it is owed; null: nothing is owed
    Column("result", OutcomeName),  # how the last attempt ended
    Column("result_at", UtcTime),
    Column("detail", Text),
)
Index("ix_addresses_article", addresses.c.article_id)
Index("ix_addresses_day", addresses.c.day)
Index(
    "ix_addresses_owed",
    addresses.c.retry_at,
    addresses.c.region,
    sqlite_where=addresses.c.retry_at.is_not(None),
    postgresql_where=addresses.c.retry_at.is_not(None),
)

# The addresses of the current run only, so that a run's cost doesn't grow with the archive and a
# link that is seen again for years rewrites nothing.
visits = Table(
    "visits",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("url", Text, primary_key=True),
    Column("article_id", Text, nullable=False),
    Column("region", Text),
    Column("outcome", OutcomeName),  # null: open
    Column("detail", Text),
    Column("host", Text, nullable=False, server_default=""),
    Column("number", Integer, nullable=False, server_default="0"),  # the order of sighting
)
Index("ix_visits_article", visits.c.run_id, visits.c.article_id)
Index(
    "ix_visits_open",
    visits.c.run_id,
    visits.c.host,
    visits.c.number,
    sqlite_where=visits.c.outcome.is_(None),
    postgresql_where=visits.c.outcome.is_(None),
)

articles = Table(
    "articles",
    metadata,
    Column("article_id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("canonical_url", Text, nullable=False),
    Column("region", Text),
    Column("status", Text, nullable=False),  # live or gone
    Column("state_at", UtcTime, nullable=False),  # of the newest line
    Column("suspected_at", UtcTime),
    Column("version", Integer, nullable=False),
    Column("number", Integer),  # of the newest line with content, in `versions`
    Column("content_sha256", Text),
    Column("extractor_version", Text),
    Column("published_at", Text),
    Column("first_seen_at", UtcTime, nullable=False),
    Column("last_checked_at", UtcTime, nullable=False),
    Column("next_check_at", UtcTime),
    Column("etag", Text),
    Column("last_modified", Text),
)
Index("ix_articles_published", articles.c.published_at, articles.c.region)
Index("ix_articles_region", articles.c.region, articles.c.published_at)
Index(
    "ix_articles_due",
    articles.c.next_check_at,
    articles.c.article_id,
    articles.c.region,
    sqlite_where=articles.c.next_check_at.is_not(None),
    postgresql_where=articles.c.next_check_at.is_not(None),
)

versions = Table(  # one row per JSONL line
    "versions",
    metadata,
    Column("article_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),  # live, gone or restored
    Column("fetched_at", UtcTime, nullable=False),
    Column("title", Text),
    Column("content_sha256", Text),
    Column("extractor_version", Text),
    Column("changed", JSON, nullable=False),
    Column("warc_pages", Pointers, nullable=False),
    Column("jsonl", Text, nullable=False),
    Column("line_sha256", Text, nullable=False),
    Column("run_id", Text),
    Column("line", Text),  # its own key; null: of schema version 1
    Column("revision", Integer, nullable=False, server_default="0"),
    Column("corrects", JSON(none_as_null=True)),  # as in the line
    Column("source", Text),  # as in the line; not known where `line` is null
    Column("archive", Text),  # the web archive that the capture is of; null: ours
)
Index(  # of edits, withdrawals, restorals and corrections
    "ix_versions_later",
    versions.c.fetched_at,
    sqlite_where=versions.c.number > 1,
    postgresql_where=versions.c.number > 1,
)

# The manifests of parts and the reports of runs. All of it is restored from them.
publications = Table(
    "publications",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("path", Text, nullable=False, unique=True),  # relative to DATA_DIR
    Column("run_id", Text, nullable=False),
    Column("part", Integer),  # null: the run's report
    Column("published_at", UtcTime, nullable=False),
)
Index("ix_publications_run", publications.c.run_id)

observations = Table(
    "observations",
    metadata,
    Column("article_id", Text, primary_key=True),
    Column("at", UtcTime, primary_key=True),
    Column("url", Text, primary_key=True),
    Column("status", Integer),
    Column("reason", Text, nullable=False),
    Column("warc", Pointers, nullable=False),  # none or one
    Column("run_id", Text),
)

lists = Table(  # one row per list, whatever number of pages it has
    "lists",
    metadata,
    Column("url", Text, primary_key=True),
    Column("region", Text),
    Column("depth", Integer, nullable=False, server_default="1"),  # links from the registry's lists
    Column("etag", Text),
    Column("last_modified", Text),
    Column("last_status", Integer),
    Column("last_at", UtcTime),
    Column("last_ok_at", UtcTime),
    Column("failures", Integer, nullable=False),  # in a row
    Column("walk", Integer, nullable=False),  # of the last completed walk; 0: none
    Column("completed_at", UtcTime),
    Column("walk_started_at", UtcTime),  # of the open walk; null: none
    Column("resume_url", Text),
    Column("resume_page", Integer),
    Column("captured_url", Text),  # of the answer that the validators are of
    Column("captured_at", UtcTime),
    Column("warc", Pointers),  # none or one
)

list_pages = Table(  # the pages of a list below its first
    "list_pages",
    metadata,
    Column("list_url", Text, primary_key=True),
    Column("url", Text, primary_key=True),
    Column("last_status", Integer),
    Column("last_at", UtcTime),
    Column("failures", Integer, nullable=False),  # in a row
)
Index("ix_list_pages_url", list_pages.c.url)

backfills = Table(  # the open walks below known ground
    "backfills",
    metadata,
    Column("list_url", Text, primary_key=True),
    Column("since", Date, primary_key=True),
    Column("started_at", UtcTime, nullable=False),
    Column("resume_url", Text),
    Column("resume_page", Integer),
)

list_links = Table(
    "list_links",
    metadata,
    Column("list_url", Text, primary_key=True),
    Column("walk", Integer, primary_key=True, autoincrement=False),
    Column("url", Text, primary_key=True),
)

# What is learnt of the lists that were read. `repair --ledger` restores it, and the two tables
# after it, from data/sightings/ and the indexes of the WARCs, but for lists that showed no article,
# looks that had no answer, and totals.
sources = Table(
    "sources",
    metadata,
    Column("list_url", Text, primary_key=True),
    Column("first_at", UtcTime, nullable=False),  # the first look that read it
    Column("capacity", Integer, nullable=False),  # links on its first page
    Column("newest_url", Text),
    Column("newest_title", Text),
    Column("newest_at", UtcTime),  # when it appeared
    # The newest links when its last whole walk began, and those when the open one began.
    Column("head", JSON(none_as_null=True)),
    Column("head_at", UtcTime),
    Column("next_head", JSON(none_as_null=True)),
    Column("next_head_at", UtcTime),
    Column("total", Integer),  # articles it has, as the list API says
)

# The looks at each list, by day of Beijing time, and the links that were new on it. Those of the
# last weeks only.
list_days = Table(
    "list_days",
    metadata,
    Column("list_url", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("looks", Integer, nullable=False),  # that read it, or found it unchanged
    Column("failures", Integer, nullable=False),
    Column("hours", Integer, nullable=False),  # bit n: a look of the hour n
    Column("new", Integer, nullable=False),
)
Index("ix_list_days_day", list_days.c.day)

# The articles of the last weeks, the list that was the first to show each, and which others did.
finds = Table(
    "finds",
    metadata,
    Column("article_id", Text, primary_key=True),
    Column("list_url", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("shown_by", Text, nullable=False),  # the first lists that did: `sources.mark`
)
Index("ix_finds_day", finds.c.day)

# What lists imply and no look has shown: links that went between two looks, pages that could not be
# had. Those of the last weeks only. `repair --ledger` restores those that certificates name and, of
# days without one, those that the sightings tell.
holes = Table(
    "holes",
    metadata,
    Column("list_url", Text, primary_key=True),
    Column("until", UtcTime, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("since", UtcTime, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("missing", Integer),  # so many, where the list says so
)
Index("ix_holes_day", holes.c.last_day)

# The certificates of days, and what was found of a day later. All of it is restored from
# data/coverage/.
certificates = Table(
    "certificates",
    metadata,
    Column("day", Date, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # 0: the certificate
    Column("run_id", Text, nullable=False),
    Column("claimed_at", UtcTime, nullable=False),
)
Index("ix_certificates_run", certificates.c.run_id)

# Articles of certified days that were archived since, until a file names them.
late_finds = Table(
    "late_finds",
    metadata,
    Column("article_id", Text, primary_key=True),
    Column("day", Date, nullable=False),
)

# What new pages are like: the newest by themselves, older ones as counts. `repair --ledger` makes
# it again of the lines of the last months.
page_measures = Table(
    "page_measures",
    metadata,
    Column("region", Text, primary_key=True),
    Column("layout", Text, primary_key=True),
    Column("run_id", Text, primary_key=True),
    Column("url", Text, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("weekday", Integer, nullable=False),  # of publication, Monday 0
    Column("measures", JSON, nullable=False),
    Column("warc_file", Text, nullable=False),
    Column("warc_offset", Integer, nullable=False),
)
baselines = Table(
    "baselines",
    metadata,
    Column("region", Text, primary_key=True),
    Column("layout", Text, primary_key=True),
    Column("weekday", Integer, primary_key=True, autoincrement=False),
    Column("measure", Text, primary_key=True),
    Column("counts", JSON, nullable=False),  # value → pages
)

# The shifts that hold, by the ids of their alarms. Restored from the reports.
shifts = Table(
    "shifts",
    metadata,
    Column("alarm_id", Text, primary_key=True),
    Column("since", UtcTime, nullable=False),
)

# What the first pages of lists show now. `repair --ledger` restores it from data/sightings/.
placements = Table(
    "placements",
    metadata,
    Column("list_url", Text, primary_key=True),
    Column("url", Text, primary_key=True),
    Column("headline", Text, primary_key=True),  # "" for a picture without text
    Column("appeared_at", UtcTime, nullable=False),
)

# Lines of data/sightings/ that are not published yet: those of the run that runs, of one that was
# killed. Nothing of it is restored: what no file holds is lost with the ledger.
sighting_lines = Table(
    "sighting_lines",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("article_id", Text, nullable=False),
    Column("keys", JSON, nullable=False),  # of the line, but for those that name the article
)

# The pictures of articles that were archived while ARCHIVE_IMAGES was on: the owed ones, and what
# became of the others. `repair --ledger` restores it from data/images/ and, of the runs that
# archived pictures, from the images of their lines.
pictures = Table(
    "pictures",
    metadata,
    Column("article_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # among the article's
    Column("version", Integer, nullable=False),  # the first whose line names it
    Column("url", Text, nullable=False),  # as in that line
    Column("address", Text),  # at which it is asked for; null: out of scope
    Column("region", Text),
    Column("noted_at", UtcTime, nullable=False),
    Column("noted_by", Text, nullable=False),  # the run that published the line
    Column("attempts", Integer, nullable=False),  # failures
    Column("retry_at", UtcTime),  # when it is owed; null: nothing is owed
    Column("outcome", Text),  # of the last attempt: a PictureOutcome
    Column("outcome_by", Text),  # its run
    Column("detail", Text),
    Column("at", UtcTime),  # of the capture, else of the attempt
    Column("fetched_url", Text),  # the address that answered, after redirects
    Column("type", Text),
    Column("size", Integer),
    Column("sha256", Text),
    Column("warc", Pointers, nullable=False),  # none or one
)
Index(
    "ix_pictures_owed",
    pictures.c.retry_at,
    sqlite_where=pictures.c.retry_at.is_not(None),
    postgresql_where=pictures.c.retry_at.is_not(None),
)
Index("ix_pictures_outcome_by", pictures.c.outcome_by)
Index("ix_pictures_noted_by", pictures.c.noted_by)
Index(
    "ix_pictures_address",
    pictures.c.address,
    sqlite_where=pictures.c.sha256.is_not(None),
    postgresql_where=pictures.c.sha256.is_not(None),
)

# Captures that web archives list of articles, and what became of each that was asked for.
# `repair --ledger` restores none of it: they are listed and asked for again, and what is equal to a
# line gives no second one.
captures = Table(
    "captures",
    metadata,
    Column("archive", Text, primary_key=True),  # the address of its index
    Column("url", Text, primary_key=True),  # as the archive has it
    Column("at", UtcTime, primary_key=True),  # when it was captured
    Column("article_id", Text, nullable=False),
    Column("page", Integer, nullable=False),
    Column("region", Text),
    Column("digest", Text, nullable=False),
    Column("place", JSON(none_as_null=True)),  # file, offset and length of its record
    Column("attempts", Integer, nullable=False),  # failures in a row
    Column("retry_at", UtcTime),
    Column("ended", Text),  # null: owed
    Column("number", Integer),  # of the line that says the same, in `versions`
    Column("day", Date),  # of publication, of one that was out of the days asked for
)
Index("ix_captures_article", captures.c.archive, captures.c.article_id, captures.c.at)
Index(
    "ix_captures_owed",
    captures.c.archive,
    captures.c.article_id,
    sqlite_where=captures.c.ended.is_(None) & (captures.c.page == 1),
    postgresql_where=captures.c.ended.is_(None) & (captures.c.page == 1),
)

# What is still to be listed of a web archive's index, so that a listing that was cut off goes on.
# Nothing of it is restored.
capture_listings = Table(
    "capture_listings",
    metadata,
    Column("archive", Text, primary_key=True),
    Column("prefix", Text, primary_key=True),  # of addresses
    Column("asked_from", UtcTime, primary_key=True),  # the beginning of the whole listing
    Column("begin", UtcTime, primary_key=True),
    Column("page", Integer, primary_key=True, autoincrement=False),  # of a paged index, from 0
    Column("end", UtcTime, nullable=False),
    Column("resume_key", Text),
)

holds = Table(
    "holds",
    metadata,
    Column("host", Text, primary_key=True),
    Column("until", UtcTime, nullable=False),
    Column("reason", Text, nullable=False),
)

robots = Table(
    "robots",
    metadata,
    Column("origin", Text, primary_key=True),  # scheme, host and port
    Column("fetched_at", UtcTime, nullable=False),
    Column("status", Integer),
    Column("body", LargeBinary, nullable=False),
)

# What crawls that share a ledger on a server agree on; `until` and `next_allowed_at` are seconds
# since 1970 by the server's clock. `repair --ledger` restores none of it: it is of the runs that
# run. A ledger in a file has one writer and needs none of it.
leases = Table(  # who crawls a region now, or did last
    "leases",
    metadata,
    Column("region", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),  # one more with each holder
    Column("run_id", Text),
    Column("holder", Text, nullable=False),  # machine and process, for people
    Column("until", Float, nullable=False),
)
run_leases = Table(  # the epochs in which a run writes
    "run_leases",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),
)
Index("ix_run_leases_region", run_leases.c.region)
host_pace = Table(
    "host_pace",
    metadata,
    Column("host", Text, primary_key=True),
    Column("next_allowed_at", Float, nullable=False),
    Column("reason", Text),  # of a wait that isn't the host's delay
)
claims = Table(  # which run fetches an article, so that no other does
    "claims",
    metadata,
    Column("article_id", Text, primary_key=True),
    Column("run_id", Text, nullable=False),
)
Index("ix_claims_run", claims.c.run_id)
article_states = (
    Table(  # of articles of which a run has lines that aren't published yet: what it was
        "article_states",
        metadata,
        Column("article_id", Text, primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),  # its newest line then
        Column("run_id", Text, nullable=False),
        Column("state", JSON, nullable=False),  # its row in `articles`
    )
)
Index("ix_article_states_run", article_states.c.run_id)
