"""What an event does to an account's credits: signed changes in micro-credits.

The same rules as the account's own fold in `domain/account`; a test compares the two.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import msgspec

from domain.account import events as e


class Movement(msgspec.Struct, frozen=True, gc=False):
    """balance + reserved = granted - charged - forfeited holds for every movement by itself."""

    kind: str
    task_id: str | None = None
    balance: int = 0
    reserved: int = 0
    granted: int = 0
    charged: int = 0
    forfeited: int = 0
    reason: str | None = None


def movement_of(event: msgspec.Struct) -> Movement | None:
    """None when the event moves no credits."""
    move = _MOVEMENTS.get(type(event))
    return None if move is None else move(event)


def _requested(event: e.TaskRequested) -> Movement:
    return Movement("reservation", event.task_id, -event.reserved, event.reserved)


def _batch_requested(event: e.BatchRequested) -> Movement:
    return Movement("reservation", None, -event.reserved, event.reserved, reason=f"batch {event.batch_id}")


def _settled(kind: str, event: e.TaskCompleted | e.TaskFailed | e.TaskCancelled) -> Movement:
    held = event.charged + event.released
    return Movement(kind, event.task_id, event.released, -held, charged=event.charged)


_MOVEMENTS: Final[Mapping[type[msgspec.Struct], Callable[[Any], Movement]]] = {
    e.AccountOpened: lambda event: Movement("sign-up", balance=event.granted, granted=event.granted),
    e.CreditsAdjusted: lambda event: Movement(
        "adjustment", balance=event.amount, granted=event.amount, reason=event.reason
    ),
    e.CreditsForfeited: lambda event: Movement("forfeit", balance=-event.amount, forfeited=event.amount),
    e.TaskRequested: _requested,
    e.BatchRequested: _batch_requested,
    e.TaskCompleted: partial(_settled, "completed"),
    e.TaskFailed: partial(_settled, "failed"),
    e.TaskCancelled: partial(_settled, "cancelled"),
}
