"""One-time tickets for live connections, and uploads that clients put into the object store themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_time = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "tickets",
        sa.Column("ticket_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("token_version", sa.BigInteger(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("expires_at", _time, nullable=False),
        sa.PrimaryKeyConstraint("ticket_hash", name="pk_tickets"),
        schema="ops",
    )
    op.create_index("ix_tickets_expires_at", "tickets", ["expires_at"], schema="ops")
    op.create_index("ix_tickets_account_id", "tickets", ["account_id"], schema="ops")
    op.create_table(
        "uploads",
        sa.Column("upload_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text()),
        sa.Column("created_at", _time, nullable=False),
        sa.Column("expires_at", _time, nullable=False),
        sa.Column("completed_at", _time),
        sa.PrimaryKeyConstraint("upload_id", name="pk_uploads"),
        schema="ops",
    )
    op.create_index("ix_uploads_account_id", "uploads", ["account_id"], schema="ops")
    op.create_index("ix_uploads_expires_at", "uploads", ["expires_at"], schema="ops")


def downgrade() -> None:
    op.drop_table("uploads", schema="ops")
    op.drop_table("tickets", schema="ops")
