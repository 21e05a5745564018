"""The origins of robots.txt answers under their name; without the run of a list's last answer.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("robots") as robots:
        robots.alter_column("host", new_column_name="origin")
    with op.batch_alter_table("lists") as lists:
        lists.drop_column("last_run")
