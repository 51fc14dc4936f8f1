"""What operators decided about parked records."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "dead_letter_orders",
        sa.Column("order_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("ordered_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("done_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("outcome", sa.Text()),
        sa.Column("folded", sa.BigInteger()),
        sa.Column("left", sa.BigInteger()),
        sa.Column("why", sa.Text()),
        sa.CheckConstraint("action IN ('retry', 'skip')", name="ck_dead_letter_orders_known_action"),
        sa.PrimaryKeyConstraint("order_id", name="pk_dead_letter_orders"),
        schema="ops",
    )
    op.create_index(
        "ix_dead_letter_orders_open",
        "dead_letter_orders",
        ["topic", "partition", "offset"],
        unique=True,
        schema="ops",
        postgresql_where=sa.text("done_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("dead_letter_orders", schema="ops")
