"""Repeats of requests that would be refused by now: their model is gone, their schema or a limit has changed."""

from adapters.kafka.requests import Applied
from adapters.kafka.topics import ACCOUNTS, account_partition
from command_api.contexts import Keyed
from command_api.parts import Parts
from domain.account.commands import DescribeTask
from domain.decider import Context
from domain.errors import DomainError, NotFound


async def answered_before(
    parts: Parts, keyed: Keyed, account_id: str, context: Context, refusal: DomainError
) -> Applied:
    """What the first request with this key led to. Raises `refusal` if there was none, KeyReused if it was another.

    A key is looked up before a command is decided, so a question that finds nothing tells that the key is new.
    """
    if not keyed.is_clients:
        raise refusal
    nothing = DescribeTask(account_id=account_id, task_id="")
    try:
        return await parts.commands.send(ACCOUNTS, account_partition(account_id), nothing, context)
    except NotFound:
        raise refusal from None
