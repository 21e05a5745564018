"""Where the answer is archived that a list's validators are of.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lists", sa.Column("captured_url", sa.Text))
    op.add_column("lists", sa.Column("captured_at", sa.String(20)))
    op.add_column("lists", sa.Column("warc", sa.JSON))
