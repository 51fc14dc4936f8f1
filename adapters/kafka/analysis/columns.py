"""The table of an export: one row for each event, columns that stay where they are.

New columns are added at the end. `event` is the value as it stands in the log; the columns before it repeat what most
questions need, from the event's newest version.
"""

from collections.abc import Callable
from datetime import UTC
from typing import Any, Final

import msgspec

from adapters.kafka import topics
from adapters.kafka.analysis.told import ReadEvent


class Column(msgspec.Struct, frozen=True):
    name: str
    type: str
    """SQL: VARCHAR, INTEGER, BIGINT, DOUBLE or TIMESTAMP WITH TIME ZONE."""
    meaning: str
    of: Callable[[ReadEvent], Any]
    """Its value; None where an event has none."""


def _header(name: str) -> Callable[[ReadEvent], str | None]:
    return lambda read: read.header(name)


def _number(name: str) -> Callable[[ReadEvent], int | None]:
    def number(read: ReadEvent) -> int | None:
        text = read.header(name)
        return int(text) if text is not None and text.isdigit() else None

    return number


def _field(*names: str) -> Callable[[ReadEvent], Any]:
    """The first of the fields that the event has; dots lead into what it holds."""

    def field(read: ReadEvent) -> Any:
        for name in names:
            value: Any = read.event
            for part in name.split("."):
                value = getattr(value, part, None)
            if value is not None:
                return value
        return None

    return field


def _time(read: ReadEvent) -> str:
    return read.time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _user_id(read: ReadEvent) -> int | None:
    if read.record.topic == topics.IDENTITY.name and read.key is not None and read.key.isdigit():
        return int(read.key)
    found: int | None = getattr(read.event, "user_id", None)
    return found


def _value(read: ReadEvent) -> str | None:
    return None if read.record.value is None else read.record.value.decode(errors="replace")


COLUMNS: Final = (
    Column("topic", "VARCHAR", "Topic that holds it.", lambda read: read.record.topic),
    Column("partition", "INTEGER", "Partition of the topic.", lambda read: read.record.partition),
    Column("log_offset", "BIGINT", "Offset in the partition: with the two before it, unique.",
           lambda read: read.record.offset),
    Column("key", "VARCHAR", "Record key: account id, user id, worker id or the catalog's entity.",
           lambda read: read.key),
    Column("id", "VARCHAR", "`ce_id`: UUIDv7 of the event.", _header("ce_id")),
    Column("type", "VARCHAR", "`ce_type`: wire name with its version, for example lathe.task.completed.v1.",
           lambda read: read.type),
    Column("source", "VARCHAR", "`ce_source`: the service that wrote it.", _header("ce_source")),
    Column("time", "TIMESTAMP WITH TIME ZONE", "`ce_time`: when it was decided, UTC, to the millisecond.", _time),
    Column("subject", "VARCHAR", "`ce_subject`: task, file, user or model it is about.", _header("ce_subject")),
    Column("actor", "VARCHAR", "`ce_actor`: who caused it: user/<account id>, service/<name> or system.",
           _header("ce_actor")),
    Column("correlation_id", "VARCHAR", "`ce_correlationid`: the same for all that follows from one request.",
           _header("ce_correlationid")),
    Column("causation_id", "VARCHAR", "`ce_causationid`: the event that led to it.", _header("ce_causationid")),
    Column("command_id", "VARCHAR", "`ce_commandid`: the command that it answers.", _header("ce_commandid")),
    Column("stream_version", "BIGINT", "`ce_streamversion`: 1, 2, 3… per key, on owned topics.",
           _number("ce_streamversion")),
    Column("task_seq", "BIGINT", "`ce_taskseq`: 1, 2, 3… per task, in lathe.accounts.", _number("ce_taskseq")),
    Column("owner_epoch", "BIGINT", "`ce_ownerepoch`: the owner's epoch, on owned topics.", _number("ce_ownerepoch")),
    Column("owner_seq", "BIGINT", "`ce_ownerseq`: its place among that owner's events.", _number("ce_ownerseq")),
    Column("account_id", "VARCHAR", "Account: the key of accounts, runs and progress, or the event's own field.",
           lambda read: read.account_id),
    Column("user_id", "BIGINT", "User: the key of lathe.identity; in lathe.accounts where the account was opened.",
           _user_id),
    Column("task_id", "VARCHAR", "Task. A batch's tasks stand in `event`, in `items`.", _field("task_id")),
    Column("batch_id", "VARCHAR", "Batch that was requested.", _field("batch_id")),
    Column("attempt", "INTEGER", "Attempt of the task's run: 1, 2, 3.", _field("attempt")),
    Column("kind", "VARCHAR", "Kind of the requested task: generate.", _field("kind")),
    Column("model", "VARCHAR", "Model that was asked for, published, priced or assigned.", _field("model")),
    Column("model_version", "VARCHAR", "Its version.", _field("model_version", "version")),
    Column("worker_id", "VARCHAR", "Worker.", _field("worker_id")),
    Column("price", "BIGINT", "Price in micro-credits (1 credit = 1,000,000).", _field("price")),
    Column("reserved", "BIGINT", "Micro-credits reserved by the request.", _field("reserved")),
    Column("charged", "BIGINT", "Micro-credits charged when the task ended.", _field("charged")),
    Column("released", "BIGINT", "Micro-credits given back when it ended.", _field("released")),
    Column("amount", "BIGINT", "Micro-credits granted, adjusted or forfeited.",
           _field("amount", "granted", "sign_up_credits")),
    Column("reason", "VARCHAR", "Why: of a retry, cancellation, adjustment, revocation.", _field("reason")),
    Column("problem_code", "VARCHAR", "Problem type of a failure.", _field("problem.code")),
    Column("problem_kind", "VARCHAR", "bad-input, permanent, retryable or deadline.", _field("problem.kind")),
    Column("prompt_length", "INTEGER", "Characters of the prompt, which itself is sealed.", _field("prompt_length")),
    Column("parent", "VARCHAR", "Task that this one was retried or forked from.", _field("parent")),
    Column("file_id", "VARCHAR", "File that was stored or deleted.", _field("file_id", "file.file_id")),
    Column("bytes", "BIGINT", "Size of that file, or of a checkpointed stage.", _field("bytes", "file.bytes")),
    Column("stage", "VARCHAR", "Stage of a run.", _field("stage")),
    Column("fraction", "DOUBLE", "How far the run is, or how much of a cancelled one was used: 0 to 1.",
           _field("fraction", "used_fraction")),
    Column("source_offset", "BIGINT", "Offset in lathe.runs that led to it, same partition.", _field("source_offset")),
    Column("event", "VARCHAR", "The event as it stands in the log: JSON, with personal fields sealed.", _value),
    Column("undecodable", "VARCHAR", "Why this version of Lathe cannot read it; else NULL.",
           lambda read: read.undecodable),
)  # fmt: skip


def row_of(read: ReadEvent) -> dict[str, Any]:
    """Its columns that are not NULL."""
    return {column.name: value for column in COLUMNS if (value := column.of(read)) is not None}
