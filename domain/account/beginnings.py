"""How tasks begin: alone, or in a batch. Whoever folds requested tasks folds beginnings, and needs no other rule."""

from typing import Final

import msgspec

from domain.account.events import BatchItem, BatchRequested, TaskInput, TaskRequested
from domain.personal import SealedAt

BEGINNING: Final[frozenset[type[msgspec.Struct]]] = frozenset((TaskRequested, BatchRequested))
"""The events that request tasks."""


class Beginning(msgspec.Struct, frozen=True, gc=False):
    """One task as it was requested. Its prompt is in `prompt`, wherever it is kept; `request.prompt` is not used."""

    request: TaskRequested
    prompt: SealedAt | None
    batch_id: str | None = None


def beginnings_of(event: msgspec.Struct, event_id: str) -> tuple[Beginning, ...]:
    """The tasks that the event `event_id` requested, in order; none for all other events."""
    if isinstance(event, TaskRequested):
        prompt = None if event.prompt is None else SealedAt.of(event_id, "prompt", event.prompt)
        return (Beginning(event, prompt),)
    if isinstance(event, BatchRequested):
        return tuple(
            Beginning(_request(event, item), _prompt(event, item, event_id, i), event.batch_id)
            for i, item in enumerate(event.items)
        )
    return ()


def prompt_field(index: int) -> str:
    """The field id of the prompt of a batch's item."""
    return f"items.{index}.prompt"


def _request(batch: BatchRequested, item: BatchItem) -> TaskRequested:
    files = batch.files
    return TaskRequested(
        task_id=item.task_id,
        kind=batch.kind,
        model=item.model,
        model_version=item.model_version,
        price=item.price,
        reserved=item.price,
        prompt_length=item.prompt_length,
        inputs=tuple(
            TaskInput(
                role=role,
                file_id=files[i].file_id,
                sha256=files[i].sha256,
                media_type=files[i].media_type,
                bytes=files[i].bytes,
            )
            for role, i in item.inputs
        ),
        params=item.params,
        seed=item.seed,
        priority=item.priority,
        deadline=item.deadline,
    )


def _prompt(batch: BatchRequested, item: BatchItem, event_id: str, index: int) -> SealedAt | None:
    if item.prompt is not None:
        return SealedAt.of(event_id, prompt_field(index), item.prompt)
    if item.prompt_length and batch.prompts_sha256 is not None:
        return SealedAt(event_id, prompt_field(index), "", batch.prompts_sha256)
    return None
