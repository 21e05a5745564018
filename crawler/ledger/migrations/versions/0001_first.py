"""The first schema.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TIME = sa.String(20)
OUTCOME = sa.String(32)


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("finished_at", TIME),
        sa.Column("exit_code", sa.Integer),
        sa.Column("reason", sa.Text),
        sa.Column("counts", sa.JSON, nullable=False),
    )
    op.create_index("ix_runs_started", "runs", ["started_at"])
    op.create_table(
        "addresses",
        sa.Column("url", sa.Text, primary_key=True),
        sa.Column("article_id", sa.Text, nullable=False),
        sa.Column("region", sa.Text),
        sa.Column("day", sa.Date),
        sa.Column("found_on", sa.Text),
        sa.Column("position", sa.Integer),
        sa.Column("title", sa.Text),
        sa.Column("list_time", sa.Text),
        sa.Column("first_seen_at", TIME, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("retry_at", TIME),
        sa.Column("result", OUTCOME),
        sa.Column("result_at", TIME),
        sa.Column("detail", sa.Text),
    )
    op.create_index("ix_addresses_article", "addresses", ["article_id"])
    op.create_index(
        "ix_addresses_owed",
        "addresses",
        ["retry_at", "region"],
        sqlite_where=sa.text("retry_at IS NOT NULL"),
        postgresql_where=sa.text("retry_at IS NOT NULL"),
    )
    op.create_table(
        "visits",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("url", sa.Text, primary_key=True),
        sa.Column("article_id", sa.Text, nullable=False),
        sa.Column("region", sa.Text),
        sa.Column("outcome", OUTCOME),
        sa.Column("detail", sa.Text),
    )
    op.create_index("ix_visits_article", "visits", ["run_id", "article_id"])
    op.create_table(
        "articles",
        sa.Column("article_id", sa.Text, primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("canonical_url", sa.Text, nullable=False),
        sa.Column("region", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("state_at", TIME, nullable=False),
        sa.Column("suspected_at", TIME),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer),
        sa.Column("content_sha256", sa.Text),
        sa.Column("extractor_version", sa.Text),
        sa.Column("published_at", sa.Text),
        sa.Column("first_seen_at", TIME, nullable=False),
        sa.Column("last_checked_at", TIME, nullable=False),
        sa.Column("next_check_at", TIME),
        sa.Column("etag", sa.Text),
        sa.Column("last_modified", sa.Text),
    )
    op.create_index(
        "ix_articles_due",
        "articles",
        ["next_check_at", "article_id", "region"],
        sqlite_where=sa.text("next_check_at IS NOT NULL"),
        postgresql_where=sa.text("next_check_at IS NOT NULL"),
    )
    op.create_table(
        "versions",
        sa.Column("article_id", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("fetched_at", TIME, nullable=False),
        sa.Column("title", sa.Text),
        sa.Column("content_sha256", sa.Text),
        sa.Column("extractor_version", sa.Text),
        sa.Column("changed", sa.JSON, nullable=False),
        sa.Column("warc_pages", sa.JSON, nullable=False),
        sa.Column("jsonl", sa.Text, nullable=False),
        sa.Column("line_sha256", sa.Text, nullable=False),
        sa.Column("run_id", sa.Text),
    )
    op.create_table(
        "observations",
        sa.Column("article_id", sa.Text, primary_key=True),
        sa.Column("at", TIME, primary_key=True),
        sa.Column("url", sa.Text, primary_key=True),
        sa.Column("status", sa.Integer),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("warc", sa.JSON, nullable=False),
        sa.Column("run_id", sa.Text),
    )
    op.create_table(
        "lists",
        sa.Column("url", sa.Text, primary_key=True),
        sa.Column("region", sa.Text),
        sa.Column("etag", sa.Text),
        sa.Column("last_modified", sa.Text),
        sa.Column("last_status", sa.Integer),
        sa.Column("last_at", TIME),
        sa.Column("last_ok_at", TIME),
        sa.Column("last_run", sa.Text),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("walk", sa.Integer, nullable=False),
        sa.Column("completed_at", TIME),
        sa.Column("walk_started_at", TIME),
        sa.Column("resume_url", sa.Text),
        sa.Column("resume_page", sa.Integer),
    )
    op.create_table(
        "list_links",
        sa.Column("list_url", sa.Text, primary_key=True),
        sa.Column("walk", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("url", sa.Text, primary_key=True),
    )
    op.create_table(
        "holds",
        sa.Column("host", sa.Text, primary_key=True),
        sa.Column("until", TIME, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_table(
        "robots",
        sa.Column("host", sa.Text, primary_key=True),
        sa.Column("fetched_at", TIME, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
