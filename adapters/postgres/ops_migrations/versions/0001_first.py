"""Keys, sessions, audit, and the name of the live read schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

_time = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "account_keys",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _time, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_account_keys"),
        schema="ops",
    )
    op.create_table(
        "master_fingerprint",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _time, server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_master_fingerprint_one_row")),
        sa.PrimaryKeyConstraint("id", name="pk_master_fingerprint"),
        schema="ops",
    )
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped_private_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _time, server_default=sa.func.now(), nullable=False),
        sa.Column("verifies_until", _time),
        sa.PrimaryKeyConstraint("kid", name="pk_signing_keys"),
        schema="ops",
    )
    op.create_table(
        "sessions",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("token_version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _time, nullable=False),
        sa.Column("expires_at", _time, nullable=False),
        sa.Column("revoked_at", _time),
        sa.Column("revoked_because", sa.Text()),
        sa.PrimaryKeyConstraint("session_id", name="pk_sessions"),
        schema="ops",
    )
    op.create_index("ix_sessions_account_id", "sessions", ["account_id"], schema="ops")
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"], schema="ops")
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("issued_at", _time, nullable=False),
        sa.Column("used_at", _time),
        sa.PrimaryKeyConstraint("token_hash", name="pk_refresh_tokens"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["ops.sessions.session_id"], name="fk_refresh_tokens_session_id", ondelete="CASCADE"
        ),
        schema="ops",
    )
    op.create_index("ix_refresh_tokens_session_id", "refresh_tokens", ["session_id"], schema="ops")
    op.create_table(
        "audit",
        sa.Column("entry_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", _time, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text()),
        sa.Column("address", sa.Text()),
        sa.Column("request_id", sa.Text()),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name="pk_audit"),
        schema="ops",
    )
    op.create_index("ix_audit_at", "audit", ["at"], schema="ops")
    op.create_index("ix_audit_account_id_at", "audit", ["account_id", "at"], schema="ops")
    op.create_table(
        "live_read_schema",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("schema", sa.Text(), nullable=False),
        sa.Column("since", _time, server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_live_read_schema_one_row")),
        sa.PrimaryKeyConstraint("id", name="pk_live_read_schema"),
        schema="ops",
    )


def downgrade() -> None:
    for table in (
        "live_read_schema",
        "audit",
        "refresh_tokens",
        "sessions",
        "signing_keys",
        "master_fingerprint",
        "account_keys",
    ):
        op.drop_table(table, schema="ops")
