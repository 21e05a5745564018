"""What is learnt of lists: their looks day by day, what each was the first to show, what their
first pages show now; certificates of days; what pages are like.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TIME = sa.String(20)


def upgrade() -> None:
    op.create_table(
        "sources",
        sa.Column("list_url", sa.Text, primary_key=True),
        sa.Column("first_at", TIME, nullable=False),
        sa.Column("capacity", sa.Integer, nullable=False),
        sa.Column("newest_url", sa.Text),
        sa.Column("newest_title", sa.Text),
        sa.Column("newest_at", TIME),
        sa.Column("head", sa.JSON),
        sa.Column("head_at", TIME),
        sa.Column("next_head", sa.JSON),
        sa.Column("next_head_at", TIME),
        sa.Column("total", sa.Integer),
    )
    op.create_table(
        "list_days",
        sa.Column("list_url", sa.Text, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("looks", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("hours", sa.Integer, nullable=False),
        sa.Column("new", sa.Integer, nullable=False),
    )
    op.create_index("ix_list_days_day", "list_days", ["day"])
    op.create_table(
        "finds",
        sa.Column("article_id", sa.Text, primary_key=True),
        sa.Column("list_url", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("shown_by", sa.Text, nullable=False),
    )
    op.create_index("ix_finds_day", "finds", ["day"])
    op.create_table(
        "placements",
        sa.Column("list_url", sa.Text, primary_key=True),
        sa.Column("url", sa.Text, primary_key=True),
        sa.Column("headline", sa.Text, primary_key=True),
        sa.Column("appeared_at", TIME, nullable=False),
    )
    op.create_table(
        "sighting_lines",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("article_id", sa.Text, nullable=False),
        sa.Column("keys", sa.JSON, nullable=False),
    )
    op.create_table(
        "holes",
        sa.Column("list_url", sa.Text, primary_key=True),
        sa.Column("until", TIME, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("since", TIME, nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("missing", sa.Integer),
    )
    op.create_index("ix_holes_day", "holes", ["last_day"])
    op.create_table(
        "certificates",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("claimed_at", TIME, nullable=False),
    )
    op.create_index("ix_certificates_run", "certificates", ["run_id"])
    op.create_table(
        "late_finds",
        sa.Column("article_id", sa.Text, primary_key=True),
        sa.Column("day", sa.Date, nullable=False),
    )
    op.create_index("ix_addresses_day", "addresses", ["day"])
    op.create_index("ix_articles_published", "articles", ["published_at"])
    op.create_table(
        "page_measures",
        sa.Column("region", sa.Text, primary_key=True),
        sa.Column("layout", sa.Text, primary_key=True),
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("url", sa.Text, primary_key=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("weekday", sa.Integer, nullable=False),
        sa.Column("measures", sa.JSON, nullable=False),
        sa.Column("warc_file", sa.Text, nullable=False),
        sa.Column("warc_offset", sa.Integer, nullable=False),
    )
    op.create_table(
        "baselines",
        sa.Column("region", sa.Text, primary_key=True),
        sa.Column("layout", sa.Text, primary_key=True),
        sa.Column("weekday", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("measure", sa.Text, primary_key=True),
        sa.Column("counts", sa.JSON, nullable=False),
    )
    op.create_table(
        "shifts",
        sa.Column("alarm_id", sa.Text, primary_key=True),
        sa.Column("since", TIME, nullable=False),
    )
