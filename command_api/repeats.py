"""Repeats of requests that would be refused by now: their model is gone, their schema or a limit has changed."""

from adapters.kafka.requests import Applied
from adapters.security.authenticator import Caller
from command_api.contexts import Keyed
from command_api.deciding import decide
from command_api.parts import Parts
from domain.account.commands import DescribeTask
from domain.decider import Context
from domain.errors import DomainError, NotFound


async def answered_before(
    parts: Parts, keyed: Keyed, caller: Caller, context: Context, refusal: DomainError
) -> Applied:
    """What the first request with this key led to. Raises `refusal` if there was none, KeyReused if it was another."""
    applied = await earlier_answer(parts, keyed, caller, context)
    if applied is None:
        raise refusal
    return applied


async def earlier_answer(parts: Parts, keyed: Keyed, caller: Caller, context: Context) -> Applied | None:
    """What the first request with this key led to; None if there was none. Raises KeyReused if it was another.

    A key is looked up before a command is decided, so a question that finds nothing tells that the key is new.
    """
    if not keyed.is_clients:
        return None
    nothing = DescribeTask(account_id=caller.account_id, task_id="")
    try:
        return await decide(parts, caller, nothing, context)
    except NotFound:
        return None
