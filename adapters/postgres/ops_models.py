"""Schema `ops`: what is not in the log, and so is backed up on its own and never part of a rebuild."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA = "ops"
_time = TIMESTAMP(timezone=True)


class OpsBase(DeclarativeBase):
    metadata = MetaData(
        schema=SCHEMA,
        naming_convention={
            "pk": "pk_%(table_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        },
    )


class AccountKey(OpsBase):
    """An account's AES-256 key, wrapped by the master key. Deleting the row erases the account's personal data."""

    __tablename__ = "account_keys"

    account_id: Mapped[str] = mapped_column(Text, primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(_time, server_default=func.now())


class MasterFingerprint(OpsBase):
    """The one master key this database belongs to, by fingerprint: another key is refused at the start."""

    __tablename__ = "master_fingerprint"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(_time, server_default=func.now())


class SigningKey(OpsBase):
    """An Ed25519 key for access tokens. The newest signs; each verifies until `verifies_until` (null: no end yet)."""

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(Text, primary_key=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    wrapped_private_key: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(_time, server_default=func.now())
    verifies_until: Mapped[datetime | None] = mapped_column(_time)


class Erasure(OpsBase):
    """A deleted user whose account is being erased, or was. The list outlives the person: ids and times only.

    Each time says that a step is done: the key is destroyed, nothing is left but what late writers may still bring, and
    that was looked for, too. `event_id`: of the deletion in the log; null while it is not in the log (a restore).
    """

    __tablename__ = "erasures"
    __table_args__ = (Index("ix_erasures_open", "deleted_at", postgresql_where=text("done_at IS NULL")),)

    account_id: Mapped[str] = mapped_column(Text, primary_key=True)
    event_id: Mapped[str | None] = mapped_column(Text)
    deleted_at: Mapped[datetime] = mapped_column(_time)
    key_gone_at: Mapped[datetime | None] = mapped_column(_time)
    emptied_at: Mapped[datetime | None] = mapped_column(_time)
    done_at: Mapped[datetime | None] = mapped_column(_time)


class Session(OpsBase):
    """One login. Its refresh tokens form a chain in `refresh_tokens`; revoking the session ends them all."""

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "account_id"), Index(None, "expires_at"))

    session_id: Mapped[str] = mapped_column(Text, primary_key=True)
    account_id: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int] = mapped_column(BigInteger)
    token_version: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(_time)
    expires_at: Mapped[datetime] = mapped_column(_time)
    revoked_at: Mapped[datetime | None] = mapped_column(_time)
    revoked_because: Mapped[str | None] = mapped_column(Text)


class RefreshToken(OpsBase):
    """A refresh token by its SHA-256. `used_at`: when it was first exchanged for its successor."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (Index(None, "session_id"),)

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey(Session.session_id, ondelete="CASCADE"))
    issued_at: Mapped[datetime] = mapped_column(_time)
    used_at: Mapped[datetime | None] = mapped_column(_time)


class Ticket(OpsBase):
    """A one-time ticket by its SHA-256. Redeeming it deletes the row."""

    __tablename__ = "tickets"
    __table_args__ = (Index(None, "expires_at"), Index(None, "account_id"))

    ticket_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    account_id: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int] = mapped_column(BigInteger)
    role: Mapped[str] = mapped_column(Text)
    token_version: Mapped[int] = mapped_column(BigInteger)
    session_id: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(_time)


class Upload(OpsBase):
    """A file that a client was invited to put into `staging/`. Once it is completed, the log knows the file.

    `name` is sealed as field `upload_name` of event `upload_id`; `sha256` only if the client announced it.
    """

    __tablename__ = "uploads"
    __table_args__ = (Index(None, "account_id"), Index(None, "expires_at"))

    upload_id: Mapped[str] = mapped_column(Text, primary_key=True)
    account_id: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(Text)
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(_time)
    expires_at: Mapped[datetime] = mapped_column(_time)
    completed_at: Mapped[datetime | None] = mapped_column(_time)


class AuditEntry(OpsBase):
    """A refusal or another fact that matters to security. No secrets, no personal data."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "at"), Index(None, "account_id", "at"))

    entry_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(_time)
    kind: Mapped[str] = mapped_column(Text)
    account_id: Mapped[str | None] = mapped_column(Text)
    address: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str | None] = mapped_column(Text)
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)


class DeadLetterOrder(OpsBase):
    """What an operator decided about a parked record. The projector carries it out, and notes what came of it.

    `outcome`: `folded`, `skipped`, `failed` (the record cannot be folded yet), `not-first` or `not-parked`. `folded`
    records of the stream were folded, `left` are parked still, `why` the first of them is.
    """

    __tablename__ = "dead_letter_orders"
    __table_args__ = (
        CheckConstraint("action IN ('retry', 'skip')", name="known_action"),
        Index(
            "ix_dead_letter_orders_open",
            "topic",
            "partition",
            "offset",
            unique=True,
            postgresql_where=text("done_at IS NULL"),
        ),
    )

    order_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    topic: Mapped[str] = mapped_column(Text)
    partition: Mapped[int] = mapped_column()
    offset: Mapped[int] = mapped_column(BigInteger)
    action: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    ordered_at: Mapped[datetime] = mapped_column(_time, server_default=func.now())
    done_at: Mapped[datetime | None] = mapped_column(_time)
    outcome: Mapped[str | None] = mapped_column(Text)
    folded: Mapped[int | None] = mapped_column(BigInteger)
    left: Mapped[int | None] = mapped_column(BigInteger)
    why: Mapped[str | None] = mapped_column(Text)


class LiveReadSchema(OpsBase):
    """Which schema (`read_v1`, …) query_api reads."""

    __tablename__ = "live_read_schema"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    schema: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime] = mapped_column(_time, server_default=func.now())


class Rebuild(OpsBase):
    """A rebuild of the read models into `schema`, beside the live one. `done` of `total` records are folded.

    `why`: what it found or failed with; null while there is nothing to say.
    """

    __tablename__ = "rebuilds"
    __table_args__ = (
        CheckConstraint("state IN ('building', 'comparing', 'swapped', 'failed')", name="known_state"),
        Index("ix_rebuilds_open", "schema", unique=True, postgresql_where=text("ended_at IS NULL")),
    )

    rebuild_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    schema: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    done: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[int] = mapped_column(BigInteger)
    eta_s: Mapped[float | None] = mapped_column(Double)
    started_at: Mapped[datetime] = mapped_column(_time, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(_time, server_default=func.now())
    ended_at: Mapped[datetime | None] = mapped_column(_time)
    why: Mapped[str | None] = mapped_column(Text)


class Cursor(OpsBase):
    """Where a reactor goes on: the next offset, and the state of the read rule there."""

    __tablename__ = "cursors"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    topic: Mapped[str] = mapped_column(Text, primary_key=True)
    partition: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    next_offset: Mapped[int] = mapped_column(BigInteger)
    epoch: Mapped[int] = mapped_column(BigInteger)
    nonce: Mapped[str] = mapped_column(Text)
    seq: Mapped[int] = mapped_column(BigInteger)


class WebhookEndpoint(OpsBase):
    """A webhook as far as the log was followed. `state` is JSON of `domain.account.state.Webhook`, texts sealed.

    `failing_since`: when the first of the attempts failed that have failed since the last success.
    """

    __tablename__ = "webhooks"
    __table_args__ = (Index(None, "account_id"),)

    webhook_id: Mapped[str] = mapped_column(Text, primary_key=True)
    account_id: Mapped[str] = mapped_column(Text)
    state: Mapped[dict[str, Any]] = mapped_column(JSONB)
    failing_since: Mapped[datetime | None] = mapped_column(_time)


class WebhookDelivery(OpsBase):
    """One message to one webhook. Those that wait are posted in the order of their ids; tests out of turn.

    `body` is what is signed and posted. `http_status` and `error` (a short code) tell of the last attempt.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        CheckConstraint("why IN ('event', 'redelivery', 'test')", name="known_why"),
        CheckConstraint("state IN ('waiting', 'delivered', 'dead')", name="known_state"),
        Index("ix_webhook_deliveries_of_webhook", "webhook_id", "delivery_id"),
        Index("ix_webhook_deliveries_waiting", "webhook_id", "delivery_id", postgresql_where=text("state = 'waiting'")),
        Index(
            "ix_webhook_deliveries_tests", "delivery_id", postgresql_where=text("state = 'waiting' AND why = 'test'")
        ),
        Index(None, "ended_at"),
    )

    delivery_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    webhook_id: Mapped[str] = mapped_column(Text)
    account_id: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text)
    message_id: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(_time, server_default=func.now())
    next_attempt_at: Mapped[datetime] = mapped_column(_time, server_default=func.now())
    first_attempt_at: Mapped[datetime | None] = mapped_column(_time)
    last_attempt_at: Mapped[datetime | None] = mapped_column(_time)
    ended_at: Mapped[datetime | None] = mapped_column(_time)
    http_status: Mapped[int | None] = mapped_column()
    error: Mapped[str | None] = mapped_column(Text)


class WebhookRedelivery(OpsBase):
    """Messages of a time range that are posted again, from the log. `found` of them were put behind those that wait.

    It goes on at `next_offset` of the account's partition, to `end_offset`.
    """

    __tablename__ = "webhook_redeliveries"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'done', 'failed')", name="known_state"),
        Index("ix_webhook_redeliveries_open", "webhook_id", unique=True, postgresql_where=text("state = 'open'")),
    )

    redelivery_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    webhook_id: Mapped[str] = mapped_column(Text)
    account_id: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime] = mapped_column(_time)
    until: Mapped[datetime] = mapped_column(_time)
    state: Mapped[str] = mapped_column(Text, server_default="open")
    next_offset: Mapped[int | None] = mapped_column(BigInteger)
    end_offset: Mapped[int | None] = mapped_column(BigInteger)
    found: Mapped[int] = mapped_column(BigInteger, server_default="0")
    created_at: Mapped[datetime] = mapped_column(_time, server_default=func.now())
    ended_at: Mapped[datetime | None] = mapped_column(_time)
    error: Mapped[str | None] = mapped_column(Text)


class WebhookBeginning(OpsBase):
    """The end of each partition when webhooks were first followed. What stands before it is not posted by itself: so a
    lost place in the log posts nothing twice."""

    __tablename__ = "webhook_beginnings"

    topic: Mapped[str] = mapped_column(Text, primary_key=True)
    partition: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_offset: Mapped[int] = mapped_column(BigInteger)
