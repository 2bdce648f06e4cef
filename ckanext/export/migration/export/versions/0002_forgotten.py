"""Homes that must be forgotten, and the published files that may hold them.

Revision ID: 0002_forgotten
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002_forgotten"
down_revision = "0001_jobs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "export_forgotten",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "export_published",
        sa.Column("resource_id", sa.Text, primary_key=True),
        sa.Column("dataset_id", sa.Text, nullable=False),
        sa.Column("query", JSONB, nullable=False),
        sa.Column("format", sa.Text, nullable=False),
        sa.Column("rules", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("export_published")
    op.drop_table("export_forgotten")
