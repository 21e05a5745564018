"""Lists, their further pages and backfills in tables of their own; the order of sightings.

The numbers of a pager, which were remembered as lists, become pages of their list.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import op

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TIME = sa.String(20)

_BACKFILL = re.compile(r"(.+)#since=([0-9]{4}-[0-9]{2}-[0-9]{2})")
_HOST = re.compile(r"https?://(?:www\.)?")
_FILE = re.compile(r"(.*/)([^/]*?)[_-][1-9][0-9]{0,2}(\.html?)")
_FOLDER = re.compile(r"(.*/)page/[1-9][0-9]{0,3}/?")


def upgrade() -> None:
    op.add_column("visits", sa.Column("host", sa.Text, nullable=False, server_default=""))
    op.add_column("visits", sa.Column("number", sa.Integer, nullable=False, server_default="0"))
    is_open = sa.text("outcome IS NULL")
    op.create_index(
        "ix_visits_open",
        "visits",
        ["run_id", "host", "number"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.add_column("lists", sa.Column("depth", sa.Integer, nullable=False, server_default="1"))
    op.create_table(
        "list_pages",
        sa.Column("list_url", sa.Text, primary_key=True),
        sa.Column("url", sa.Text, primary_key=True),
        sa.Column("last_status", sa.Integer),
        sa.Column("last_at", TIME),
        sa.Column("failures", sa.Integer, nullable=False),
    )
    op.create_index("ix_list_pages_url", "list_pages", ["url"])
    op.create_table(
        "backfills",
        sa.Column("list_url", sa.Text, primary_key=True),
        sa.Column("since", sa.Date, primary_key=True),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("resume_url", sa.Text),
        sa.Column("resume_page", sa.Integer),
    )
    _sort_out(op.get_bind())


def _sort_out(connection: sa.Connection) -> None:
    """Move what is no list out of `lists`: what bears `#since=` was a backfill, what no walk was
    ever begun of a further page. What was walked as a list, but only adds a number to another's
    address, is forgotten: where words name it, it is found again."""
    rows = connection.execute(
        sa.text(
            "SELECT url, last_status, last_at, failures, walk, completed_at, walk_started_at, "
            "resume_url, resume_page FROM lists ORDER BY url"
        )
    ).all()
    walked = {row.url for row in rows if row.walk or row.completed_at or row.walk_started_at}
    walked = {url for url in walked if not _BACKFILL.fullmatch(url)}
    by_name = {_HOST.sub("", url): url for url in sorted(walked)}
    lists = {url for url in walked if _list_of(url, by_name) is None}
    for row in rows:
        if row.url in lists:
            continue
        backfill = _BACKFILL.fullmatch(row.url)
        if backfill and backfill[1] in lists and row.walk_started_at:
            _add_backfill(connection, backfill[1], date.fromisoformat(backfill[2]), row)
        list_url = _list_of(row.url, by_name)
        if row.url not in walked and list_url in lists:
            _add_page(connection, list_url, row)
        for table, column in (("list_links", "list_url"), ("lists", "url")):
            statement = f"DELETE FROM {table} WHERE {column} = :url"  # noqa: S608 - names of ours
            connection.execute(sa.text(statement), {"url": row.url})


def _list_of(url: str, by_name: dict[str, str]) -> str | None:
    """The list that a page's address adds a number to, itself no such page."""
    for name in _first_pages(_HOST.sub("", url)):
        found = by_name.get(name)
        if found is not None and found != url:
            return found
    return None


def _first_pages(page: str) -> Iterator[str]:
    if found := _FOLDER.fullmatch(page):
        yield from _index(found[1])
    elif found := _FILE.fullmatch(page):
        folder, name, suffix = found.groups()
        if name == "index":
            yield from _index(folder)
        else:
            yield f"{folder}{name}{suffix}"


def _index(folder: str) -> Collection[str]:
    return (folder, f"{folder}index.htm", f"{folder}index.html")


def _add_backfill(connection: sa.Connection, list_url: str, since: date, row: sa.Row[Any]) -> None:
    connection.execute(
        sa.text("INSERT INTO backfills VALUES (:list_url, :since, :at, :url, :page)").bindparams(
            sa.bindparam("since", type_=sa.Date)
        ),
        {
            "list_url": list_url, "since": since, "at": row.walk_started_at,
            "url": row.resume_url, "page": row.resume_page,
        },
    )  # fmt: skip


def _add_page(connection: sa.Connection, list_url: str | None, row: sa.Row[Any]) -> None:
    connection.execute(
        sa.text("INSERT INTO list_pages VALUES (:list_url, :url, :status, :at, :failures)"),
        {
            "list_url": list_url, "url": row.url, "status": row.last_status, "at": row.last_at,
            "failures": row.failures,
        },
    )  # fmt: skip
