"""What an event does to an account's credits: signed changes in micro-credits.

The same rules as the account's own fold in `domain/account`; a test compares the two.
"""

import msgspec

from domain.account import events as e


class Movement(msgspec.Struct, frozen=True):
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
    match event:
        case e.AccountOpened():
            return Movement("sign-up", balance=event.granted, granted=event.granted)
        case e.CreditsAdjusted():
            return Movement("adjustment", balance=event.amount, granted=event.amount, reason=event.reason)
        case e.CreditsForfeited():
            return Movement("forfeit", balance=-event.amount, forfeited=event.amount)
        case e.TaskRequested():
            return Movement("reservation", event.task_id, -event.reserved, event.reserved)
        case e.BatchRequested():
            return Movement("reservation", None, -event.reserved, event.reserved, reason=f"batch {event.batch_id}")
        case e.TaskCompleted():
            return _settled("completed", event)
        case e.TaskFailed():
            return _settled("failed", event)
        case e.TaskCancelled():
            return _settled("cancelled", event)
    return None


def _settled(kind: str, event: e.TaskCompleted | e.TaskFailed | e.TaskCancelled) -> Movement:
    held = event.charged + event.released
    return Movement(kind, event.task_id, event.released, -held, charged=event.charged)
