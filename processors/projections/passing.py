"""Leaving a record out: the stream goes on behind it as if it had been folded, though it changed nothing.

Each record takes one place in its stream, so the read model's version moves on by one; if the next parked record says
where it stands, it moves to right before that.
"""

from typing import Final

from adapters.kafka import topics
from adapters.kafka.record import Record
from processors.projections.models import PREFIX
from processors.projections.port import Connection

_VERSIONS: Final = {
    topics.IDENTITY.name: "UPDATE users SET version = COALESCE($2, version + 1) WHERE user_id::text = $1",
    topics.CATALOG.name: "UPDATE models SET version = COALESCE($2, version + 1) WHERE model = $1",
    topics.ACCOUNTS.name: "UPDATE accounts SET version = COALESCE($2, version + 1) WHERE account_id = $1",
}
_TASK: Final = "UPDATE tasks SET seq = $3 WHERE account_id = $1 AND task_id = $2 AND seq = $3 - 1"


async def pass_over(connection: Connection, record: Record, following: Record | None) -> None:
    """Move the versions that `record` would have moved. `following`: the next parked record of its stream."""
    if record.key is None:
        return
    key = record.key.decode(errors="replace").replace("\x00", "")
    version = None if following is None else _number(following, "ce_streamversion")
    if version is not None:
        version -= 1
    await connection.execute(_VERSIONS[record.topic], key.removeprefix(PREFIX), version)
    seq, subject = _number(record, "ce_taskseq"), _text(record, "ce_subject")
    if record.topic == topics.ACCOUNTS.name and seq is not None and subject is not None:
        await connection.execute(_TASK, key, subject, seq)


def _number(record: Record, name: str) -> int | None:
    """A header that is a number of ours: below 10^15."""
    text = _text(record, name)
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 15 else None


def _text(record: Record, name: str) -> str | None:
    for found, value in record.headers:
        if found == name and value is not None:
            return value.decode(errors="replace").replace("\x00", "")
    return None
