"""Deleted users, and how far the erasure of their accounts is."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text()),
        sa.Column("deleted_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("key_gone_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("emptied_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("done_at", sa.TIMESTAMP(timezone=True)),
        sa.PrimaryKeyConstraint("account_id", name="pk_erasures"),
        schema="ops",
    )
    op.create_index(
        "ix_erasures_open",
        "erasures",
        ["deleted_at"],
        schema="ops",
        postgresql_where=sa.text("done_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("erasures", schema="ops")
