"""Waiting for tasks to end, for clients that prefer it (`Prefer: wait=N`)."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

from starlette.requests import Request

from adapters.errors import Unavailable
from adapters.kafka.requests import Applied
from adapters.kafka.topics import ACCOUNTS, account_partition
from adapters.security.authenticator import Caller
from command_api.contexts import context_of
from command_api.deciding import decide
from command_api.parts import Parts
from domain.account.commands import DescribeBatch, DescribeTask
from domain.account.state import TERMINAL
from domain.errors import DomainError

MOST_WAITS: Final = 500
"""Requests of one process that wait at a time: with more, the next are answered at once, as preferences may be."""
_NEAR_S: Final = 0.05
_FAR_S: Final = 0.5
"""How often the owner is asked, here and in another process."""
_waiting = 0


async def ended(
    parts: Parts, request: Request, caller: Caller, question: DescribeTask | DescribeBatch, view: Any, seconds: float
) -> Applied | None:
    """The answer to `question` once all its tasks ended; None when time is up or nobody can tell.

    `view` is the present answer, which tells the tasks. Nothing depends on waiting: whatever goes wrong with it, the
    task was accepted.
    """
    global _waiting
    if _waiting >= MOST_WAITS:
        return None
    _waiting += 1
    try:
        async with asyncio.timeout(seconds):
            return await _ended(parts, request, caller, question, [item["task_id"] for item in items_of(view)])
    except (TimeoutError, Unavailable, DomainError):
        return None
    finally:
        _waiting -= 1


def items_of(view: Any) -> list[Any]:
    """The tasks of a task's or a batch's view."""
    items: list[Any] = view.get("items", [view])
    return items


async def _ended(
    parts: Parts,
    request: Request,
    caller: Caller,
    question: DescribeTask | DescribeBatch,
    task_ids: Sequence[str],
) -> Applied:
    pause = _NEAR_S
    while True:
        is_near, may_be_over = _seen_here(parts, caller.account_id, task_ids)
        if may_be_over:
            applied = await decide(parts, caller, question, context_of(request, caller.actor))
            if all(item["status"] in TERMINAL for item in items_of(applied.view)):
                return applied
        pause = _NEAR_S if is_near else min(pause * 1.5, _FAR_S)
        if await _is_closing(parts, pause) or await request.is_disconnected():
            raise TimeoutError


async def _is_closing(parts: Parts, within_s: float) -> bool:
    """Whether the service stops within so many seconds."""
    try:
        async with asyncio.timeout(within_s):
            return await parts.closing.wait()
    except TimeoutError:
        return False


def _seen_here(parts: Parts, account_id: str, task_ids: Sequence[str]) -> tuple[bool, bool]:
    """(Whether this process owns the account, whether the tasks may have ended.) A hint: the owner's answer counts.

    An owner's state may be ahead of the log for a moment, so it is looked at only to know when to ask.
    """
    owner = parts.host.owners.get((ACCOUNTS.name, account_partition(account_id)))
    if owner is None or owner.claim is None:
        return False, True
    account = owner.fold.state.accounts.get(account_id)
    if account is None:
        return True, True
    found: Callable[[str], Any] = account.tasks.get
    return True, all((task := found(task_id)) is None or task.status.terminal for task_id in task_ids)
