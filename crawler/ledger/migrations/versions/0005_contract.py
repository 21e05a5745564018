"""Lines with keys and revisions of their own; publications in the order in which they were made.

Of lines that are there already the key is null, which says that they are of schema version 1; their
sources are read from the published lines where they are needed.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("kind", sa.Text, nullable=False, server_default="crawl"))
    op.add_column("versions", sa.Column("line", sa.Text))
    op.add_column("versions", sa.Column("revision", sa.Integer, nullable=False, server_default="0"))
    op.add_column("versions", sa.Column("corrects", sa.JSON))
    op.add_column("versions", sa.Column("source", sa.Text))
    op.create_table(
        "publications",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("path", sa.Text, nullable=False, unique=True),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("part", sa.Integer),
        sa.Column("published_at", sa.String(20), nullable=False),
    )
    op.create_index("ix_publications_run", "publications", ["run_id"])
