"""Webhooks: endpoints as far as the log was followed, what waits to be posted, what came of it, redeliveries."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
_time = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("state", postgresql.JSONB(), nullable=False),
        sa.Column("failing_since", _time),
        sa.PrimaryKeyConstraint("webhook_id", name="pk_webhooks"),
        schema="ops",
    )
    op.create_index("ix_webhooks_account_id", "webhooks", ["account_id"], schema="ops")
    op.create_table(
        "webhook_deliveries",
        sa.Column("delivery_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", _time, server_default=sa.text("now()"), nullable=False),
        sa.Column("next_attempt_at", _time, server_default=sa.text("now()"), nullable=False),
        sa.Column("first_attempt_at", _time),
        sa.Column("last_attempt_at", _time),
        sa.Column("ended_at", _time),
        sa.Column("http_status", sa.Integer()),
        sa.Column("error", sa.Text()),
        sa.CheckConstraint("why IN ('event', 'redelivery', 'test')", name="ck_webhook_deliveries_known_why"),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'dead')", name="ck_webhook_deliveries_known_state"),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_webhook_deliveries"),
        schema="ops",
    )
    op.create_index(
        "ix_webhook_deliveries_of_webhook", "webhook_deliveries", ["webhook_id", "delivery_id"], schema="ops"
    )
    op.create_index(
        "ix_webhook_deliveries_waiting",
        "webhook_deliveries",
        ["webhook_id", "delivery_id"],
        schema="ops",
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_webhook_deliveries_tests",
        "webhook_deliveries",
        ["delivery_id"],
        schema="ops",
        postgresql_where=sa.text("state = 'waiting' AND why = 'test'"),
    )
    op.create_index("ix_webhook_deliveries_ended_at", "webhook_deliveries", ["ended_at"], schema="ops")
    op.create_table(
        "webhook_redeliveries",
        sa.Column("redelivery_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("since", _time, nullable=False),
        sa.Column("until", _time, nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("next_offset", sa.BigInteger()),
        sa.Column("end_offset", sa.BigInteger()),
        sa.Column("found", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", _time, server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", _time),
        sa.Column("error", sa.Text()),
        sa.CheckConstraint("state IN ('open', 'done', 'failed')", name="ck_webhook_redeliveries_known_state"),
        sa.PrimaryKeyConstraint("redelivery_id", name="pk_webhook_redeliveries"),
        schema="ops",
    )
    op.create_index(
        "ix_webhook_redeliveries_open",
        "webhook_redeliveries",
        ["webhook_id"],
        unique=True,
        schema="ops",
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "webhook_beginnings",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("first_offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", name="pk_webhook_beginnings"),
        schema="ops",
    )


def downgrade() -> None:
    for table in ("webhook_beginnings", "webhook_redeliveries", "webhook_deliveries", "webhooks"):
        op.drop_table(table, schema="ops")
