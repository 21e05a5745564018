"""Indexes for those who read: articles by day and by region, and what changed lately.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_articles_published", "articles")
    op.create_index("ix_articles_published", "articles", ["published_at", "region"])
    op.create_index("ix_articles_region", "articles", ["region", "published_at"])
    op.create_index(
        "ix_versions_later",
        "versions",
        ["fetched_at"],
        sqlite_where=sa.text("number > 1"),
        postgresql_where=sa.text("number > 1"),
    )
