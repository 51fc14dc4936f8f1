"""Tables of the read models. None names its schema: connections set `search_path` to the read schema they use.

Ids are text in byte order (UUIDv7: the order of creation). Money is bigint micro-credits. Sealed fields are JSON
`{event_id, field, enc}` (`domain/personal.py` SealedAt); they are opened only when they are rendered.
"""

from typing import Any, Final

from sqlalchemy import BigInteger, Column, Double, Index, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

SCHEMA: Final = "read_v1"
"""The schema that this version of the code builds."""

metadata: Final = MetaData()


def _id(name: str, *args: Any, **more: Any) -> Column[str]:
    return Column(name, Text(collation="C"), *args, **more)


def _time(name: str, nullable: bool = True) -> Column[Any]:
    return Column(name, TIMESTAMP(timezone=True), nullable=nullable)


def _money(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0")


projection_offsets = Table(
    "projection_offsets",
    metadata,
    _id("projection", primary_key=True),
    _id("topic", primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("cluster_id", Text, nullable=False),
    Column("topic_id", Text, nullable=False),
    Column("next_offset", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("last_record_id", Text),
    _time("updated_at", nullable=False),
)
"""Where the read models stand: with (epoch, nonce, seq) a reader may go on from `next_offset`.

Each commit that moves them is notified on the channel that has the schema's name, with the payload
`{"<topic>:<partition>": next offset, …}`.
"""

parked_records = Table(
    "parked_records",
    metadata,
    _id("topic", primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    Column("key", LargeBinary),
    Column("why", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("event_id", Text),
    Column("event_type", Text),
    Column("value", LargeBinary),
    Column("headers", LargeBinary, nullable=False),
    _time("parked_at", nullable=False),
)
"""Records that were not folded. `role`: `poison` (it cannot be folded) or `behind` (its stream was parked before it).
`headers` is the msgpack of [[name, bytes], …]."""

users = Table(
    "users",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    _id("account_id", nullable=False, unique=True),
    Column("username", JSONB, nullable=False),
    Column("username_hmac", Text, nullable=False, index=True),
    Column("name", JSONB),
    Column("email", JSONB),
    Column("role", Text, nullable=False),
    Column("status", Text, nullable=False),
    _time("created_at", nullable=False),
    _time("updated_at", nullable=False),
    Column("version", BigInteger, nullable=False),
)
"""`status`: active, disabled or deleted. `version` counts the events of the stream, here and below."""

models = Table(
    "models",
    metadata,
    _id("model", primary_key=True),
    Column("model_version", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("kinds", JSONB, nullable=False),
    Column("params_schema", JSONB, nullable=False),
    _money("price"),
    Column("typical_seconds", Double, nullable=False),
    Column("status", Text, nullable=False),
    _time("published_at", nullable=False),
    _time("updated_at", nullable=False),
    Column("version", BigInteger, nullable=False),
)
"""`status`: published or retired."""

accounts = Table(
    "accounts",
    metadata,
    _id("account_id", primary_key=True),
    Column("user_id", BigInteger, nullable=False, index=True),
    Column("status", Text, nullable=False),
    _money("balance"),
    _money("reserved"),
    _money("granted"),
    _money("charged"),
    _money("forfeited"),
    _time("opened_at", nullable=False),
    _time("updated_at", nullable=False),
    Column("version", BigInteger, nullable=False),
    postgresql_with={"fillfactor": "80"},
)
"""`status`: open or closed. balance + reserved = granted - charged - forfeited."""

ledger = Table(
    "ledger",
    metadata,
    _id("account_id", primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    _time("time", nullable=False),
    _id("task_id"),
    _money("balance"),
    _money("reserved"),
    _money("granted"),
    _money("charged"),
    _money("forfeited"),
    Column("reason", Text),
)
"""One row per event that moved credits: the signed change of each figure. Their sums are the row in `accounts`."""

files = Table(
    "files",
    metadata,
    _id("file_id", primary_key=True),
    _id("account_id", nullable=False),
    Column("name", JSONB, nullable=False),
    Column("format", Text),
    _id("task_id"),
    Column("media_type", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("width", Integer),
    Column("height", Integer),
    _time("created_at", nullable=False),
    Index("files_of_account", "account_id", "file_id"),
)
"""Uploads have a sealed `name`; results a plain one (a JSON text), their `format` and the task that made them."""

tasks = Table(
    "tasks",
    metadata,
    _id("task_id", primary_key=True),
    _id("account_id", nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("model", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    _money("price"),
    _money("reserved"),
    _money("charged"),
    Column("params", JSONB, nullable=False),
    Column("inputs", JSONB, nullable=False),
    Column("prompt", JSONB),
    Column("prompt_length", Integer, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("priority", Integer, nullable=False),
    _time("deadline"),
    _id("parent"),
    Column("reason", Text),
    Column("problem", JSONB),
    Column("outputs", JSONB),
    Column("metrics", JSONB),
    _time("created_at", nullable=False),
    _time("queued_at", nullable=False),
    _time("started_at"),
    _time("ended_at"),
    _time("updated_at", nullable=False),
    Index("tasks_of_account", "account_id", "task_id"),
    postgresql_with={"fillfactor": "80"},
)
"""`seq` is the ce_taskseq of the last event. `reserved` is what is still held: 0 once the task ended. `started_at` is
the latest attempt's."""

task_events = Table(
    "task_events",
    metadata,
    _id("task_id", primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    _id("account_id", nullable=False),
    Column("type", Text, nullable=False),
    Column("status", Text, nullable=False),
    _time("time", nullable=False),
    Column("actor", Text, nullable=False),
    Column("data", JSONB, nullable=False),
)
"""The life of each task (`domain/account/timeline.py`)."""
