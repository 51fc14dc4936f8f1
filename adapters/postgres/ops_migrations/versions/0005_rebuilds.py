"""Rebuilds of the read models, and how far they are."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "rebuilds",
        sa.Column("rebuild_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("schema", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("eta_s", sa.Double()),
        sa.Column("started_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("why", sa.Text()),
        sa.CheckConstraint("state IN ('building', 'comparing', 'swapped', 'failed')", name="ck_rebuilds_known_state"),
        sa.PrimaryKeyConstraint("rebuild_id", name="pk_rebuilds"),
        schema="ops",
    )
    op.create_index(
        "ix_rebuilds_open",
        "rebuilds",
        ["schema"],
        unique=True,
        schema="ops",
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("rebuilds", schema="ops")
