"""Finding tasks for their owner and telling them: what the routes of /generate share."""

from collections.abc import Sequence
from typing import Any

import msgspec

from adapters.kafka.topics import account_partition
from adapters.object_store.reports import problem_text
from adapters.security.authenticator import Caller
from domain.account.results import problem_document
from domain.errors import NotFound
from domain.ids import partition_in
from domain.personal import SealedAt
from query_api.latest import Now
from query_api.parts import Parts
from query_api.queries import Row
from query_api.rendering import task_document


async def task_of(parts: Parts, caller: Caller, task_id: str) -> Row:
    """The caller's task. Raises NotFound, alike for missing ones, others' and what is no id at all."""
    missing = NotFound("There is no such task.")
    try:
        if partition_in(task_id) != account_partition(caller.account_id):
            raise missing
    except ValueError:
        raise missing from None
    return await parts.freshness.get(caller.account_id, lambda: parts.queries.task(caller.account_id, task_id), "task")


def now_of(parts: Parts, row: Row) -> Now:
    """Progress and place in the queue, as far as this process has heard."""
    return parts.live.latest.of(row["account_id"], row["task_id"], row["status"], row["attempt"], row["model"])


async def documents(parts: Parts, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Tasks of one account as documents; prompts opened, None after an erasure."""
    sealed = [(row["account_id"], _sealed(row["prompt"])) for row in rows]
    prompts = await parts.sealer.open_many(sealed)
    return [
        task_document(row, now_of(parts, row), prompt, problem_document(row, None))
        for row, prompt in zip(rows, prompts, strict=True)
    ]


async def document(parts: Parts, row: Row) -> dict[str, Any]:
    """One task, with the text of its problem."""
    (told,) = await documents(parts, [row])
    if row["problem"] is not None:
        told["problem"] = problem_document(row, await problem_text(parts.store, row["account_id"], row))
    return told


def _sealed(value: dict[str, str] | None) -> SealedAt | None:
    return None if value is None else msgspec.convert(value, SealedAt)
