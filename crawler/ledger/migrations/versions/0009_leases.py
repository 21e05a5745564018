"""What crawls that share a ledger on a server agree on: regions, hosts, articles.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("region", sa.Text, primary_key=True),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("run_id", sa.Text),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("until", sa.Float, nullable=False),
    )
    op.create_table(
        "run_leases",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("region", sa.Text, primary_key=True),
        sa.Column("epoch", sa.Integer, nullable=False),
    )
    op.create_index("ix_run_leases_region", "run_leases", ["region"])
    op.create_table(
        "host_pace",
        sa.Column("host", sa.Text, primary_key=True),
        sa.Column("next_allowed_at", sa.Float, nullable=False),
        sa.Column("reason", sa.Text),
    )
    op.create_table(
        "claims",
        sa.Column("article_id", sa.Text, primary_key=True),
        sa.Column("run_id", sa.Text, nullable=False),
    )
    op.create_index("ix_claims_run", "claims", ["run_id"])
