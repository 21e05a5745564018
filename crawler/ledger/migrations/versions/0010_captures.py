"""Captures of other web archives: what is listed of them, and whose a line's capture is.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TIME = sa.String(20)


def upgrade() -> None:
    op.add_column("versions", sa.Column("archive", sa.Text))
    op.create_table(
        "captures",
        sa.Column("archive", sa.Text, primary_key=True),
        sa.Column("url", sa.Text, primary_key=True),
        sa.Column("at", TIME, primary_key=True),
        sa.Column("article_id", sa.Text, nullable=False),
        sa.Column("page", sa.Integer, nullable=False),
        sa.Column("region", sa.Text),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("place", sa.JSON),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("retry_at", TIME),
        sa.Column("ended", sa.Text),
        sa.Column("number", sa.Integer),
        sa.Column("day", sa.Date),
    )
    op.create_index("ix_captures_article", "captures", ["archive", "article_id", "at"])
    is_owed = sa.text("ended IS NULL AND page = 1")
    op.create_index(
        "ix_captures_owed",
        "captures",
        ["archive", "article_id"],
        sqlite_where=is_owed,
        postgresql_where=is_owed,
    )
    op.create_table(
        "capture_listings",
        sa.Column("archive", sa.Text, primary_key=True),
        sa.Column("prefix", sa.Text, primary_key=True),
        sa.Column("asked_from", TIME, primary_key=True),
        sa.Column("begin", TIME, primary_key=True),
        sa.Column("page", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("end", TIME, nullable=False),
        sa.Column("resume_key", sa.Text),
    )
