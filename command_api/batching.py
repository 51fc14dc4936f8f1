"""From a list of requests to the command RequestBatch; prompts that do not fit into one record go into an object."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from adapters.ids import new_id
from adapters.kafka.topics import account_partition
from command_api.generation import Generation, plan, request_task
from command_api.parts import Parts
from domain.account.batches import place_in_item
from domain.account.beginnings import prompt_field
from domain.account.commands import RequestBatch
from domain.errors import DomainError
from domain.money import to_micro

INLINE_BYTES: Final = 16 * 1024
"""Sealed prompts of a batch that stand in its record, which has at most 64 KiB with everything else."""


async def request_batch(
    parts: Parts, account_id: str, items: Sequence[Generation], max_credits: Decimal | None, event_id: str
) -> RequestBatch:
    """Every item is checked before anything is stored. Raises InvalidInput with pointers below `/items/<i>`."""
    plans = []
    for i, item in enumerate(items):
        try:
            plans.append(plan(parts, item))
        except DomainError as refusal:
            place_in_item(refusal, i)
            raise
    limit = None if max_credits is None else to_micro(max_credits, "/max_credits")
    texts = {prompt_field(i): item.prompt for i, item in enumerate(items) if item.prompt is not None}
    sealed = await parts.sealer.seal_fields(account_id, event_id, texts)
    prompts_sha256 = None
    if sum(len(value.enc) for value in sealed.values()) > INLINE_BYTES:
        prompts_sha256 = await parts.sealer.objects.put(account_id, sealed)
        sealed = {}
    return RequestBatch(
        account_id=account_id,
        batch_id=new_id(account_partition(account_id)),
        items=tuple(
            request_task(parts, account_id, planned, prompt=sealed.get(prompt_field(i)))
            for i, planned in enumerate(plans)
        ),
        max_credits=limit,
        max_queued=parts.settings.limits.max_queued,
        prompts_sha256=prompts_sha256,
    )
