"""The pictures of articles: those owed, and what became of the others.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TIME = sa.String(20)


def upgrade() -> None:
    op.create_table(
        "pictures",
        sa.Column("article_id", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("address", sa.Text),
        sa.Column("region", sa.Text),
        sa.Column("noted_at", TIME, nullable=False),
        sa.Column("noted_by", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("retry_at", TIME),
        sa.Column("outcome", sa.Text),
        sa.Column("outcome_by", sa.Text),
        sa.Column("detail", sa.Text),
        sa.Column("at", TIME),
        sa.Column("fetched_url", sa.Text),
        sa.Column("type", sa.Text),
        sa.Column("size", sa.Integer),
        sa.Column("sha256", sa.Text),
        sa.Column("warc", sa.JSON, nullable=False),
    )
    op.create_index(
        "ix_pictures_owed",
        "pictures",
        ["retry_at"],
        sqlite_where=sa.text("retry_at IS NOT NULL"),
        postgresql_where=sa.text("retry_at IS NOT NULL"),
    )
    op.create_index("ix_pictures_outcome_by", "pictures", ["outcome_by"])
    op.create_index("ix_pictures_noted_by", "pictures", ["noted_by"])
    op.create_index(
        "ix_pictures_address",
        "pictures",
        ["address"],
        sqlite_where=sa.text("sha256 IS NOT NULL"),
        postgresql_where=sa.text("sha256 IS NOT NULL"),
    )
