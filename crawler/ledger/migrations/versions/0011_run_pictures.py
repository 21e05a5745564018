"""Of each run, whether it archives pictures: after a kill those of its last lines are owed, too.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "runs", sa.Column("archives_pictures", sa.Integer, nullable=False, server_default="0")
    )
