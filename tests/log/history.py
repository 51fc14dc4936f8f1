"""A history of what clients asked and were told, and its check against the log, in the manner of Jepsen.

The log orders all events, so linearizability comes down to four questions: is every answer in the log as it was told,
exactly once? Does the order of the log respect real time? Was each refusal true of some state while it was open? Was
each reply true of exactly the state it names, and not older than what was known before?
"""

import time
from bisect import bisect_left, bisect_right
from collections import defaultdict
from itertools import accumulate
from typing import Any, Literal

import msgspec

from adapters.kafka.follower import Entry
from adapters.kafka.position import TP
from adapters.kafka.record import Undecodable
from domain.account.events import AccountOpened, CreditsAdjusted

Kind = Literal["open", "adjust", "describe"]
Result = Literal["applied", "replied", "refused", "not-applied", "unknown"]


class Operation(msgspec.Struct, kw_only=True):
    """One call of one client. Times are seconds of one monotonic clock."""

    id: str
    tp: TP
    account: str
    kind: Kind
    amount: int = 0
    idempotency_key: str | None = None
    invoked: float = 0.0
    answered: float = float("inf")
    result: Result = "unknown"
    offset: int | None = None
    """Of the event (applied) or of the last record the reply rests on (replied)."""
    balance: int | None = None
    refusal: str | None = None


class Anomaly(msgspec.Struct, frozen=True):
    what: str
    operation: Any


class Step(msgspec.Struct, frozen=True):
    """One valid event and the balance of its account after it."""

    offset: int
    operation_id: str
    account: str
    balance: int | None


def fold(entries: list[Entry]) -> list[Step]:
    """The valid events of one partition. Raises ValueError for an undecodable one."""
    balances: dict[str, int] = {}
    steps = []
    for entry in entries:
        if entry.kind != "event":
            continue
        if entry.decoded is None or isinstance(entry.decoded, Undecodable):
            raise ValueError(f"offset {entry.record.offset}: {entry.decoded}")
        envelope, event = entry.decoded
        match event:
            case AccountOpened():
                balances[envelope.subject] = event.granted
            case CreditsAdjusted():
                balances[envelope.subject] += event.amount
        steps.append(
            Step(entry.record.offset, envelope.correlation_id, envelope.subject, balances.get(envelope.subject))
        )
    return steps


def check(operations: list[Operation], steps: list[Step]) -> list[Anomaly]:
    """All anomalies of one partition's history. [] is what Lathe promises."""
    return [
        *_exactly_once(operations, steps),
        *_keys(operations, steps),
        *_real_time(operations),
        *_states(operations, steps),
    ]


def _exactly_once(operations: list[Operation], steps: list[Step]) -> list[Anomaly]:
    at: dict[str, list[int]] = defaultdict(list)
    for step in steps:
        at[step.operation_id].append(step.offset)
    found = []
    for op in operations:
        offsets = at.get(op.id, [])
        if len(offsets) > 1:
            found.append(Anomaly(f"in the log {len(offsets)} times: {offsets}", op))
        if op.result == "applied" and offsets != [op.offset]:
            found.append(Anomaly(f"answered applied, but the log has it at {offsets}", op))
        if op.result in ("refused", "not-applied", "replied") and offsets:
            found.append(Anomaly(f"answered {op.result}, but the log has it at {offsets}", op))
    known = {op.id for op in operations}
    return found + [
        Anomaly("in the log, but nobody asked for it", step) for step in steps if step.operation_id not in known
    ]


def _keys(operations: list[Operation], steps: list[Step]) -> list[Anomaly]:
    """One event at most for each idempotency key."""
    key_of = {op.id: op.idempotency_key for op in operations}
    used: dict[str, list[Step]] = defaultdict(list)
    for step in steps:
        if (key := key_of.get(step.operation_id)) is not None:
            used[key].append(step)
    return [Anomaly(f"key {key} was applied {len(s)} times", s) for key, s in used.items() if len(s) > 1]


def _real_time(operations: list[Operation]) -> list[Anomaly]:
    """What was answered before something else was asked stands before it in the log."""
    found = []
    newest, newest_op = -1, None
    answered = sorted((op for op in operations if op.offset is not None), key=lambda op: op.answered)
    i = 0
    for op in sorted((op for op in operations if op.offset is not None), key=lambda op: op.invoked):
        while i < len(answered) and answered[i].answered < op.invoked:
            if (offset := answered[i].offset) is not None and offset > newest:
                newest, newest_op = offset, answered[i]
            i += 1
        if op.offset is not None and (op.offset < newest or (op.result == "applied" and op.offset == newest)):
            found.append(Anomaly(f"older than what was known when it was asked: {newest_op}", op))
    return found


def _states(operations: list[Operation], steps: list[Step]) -> list[Anomaly]:
    """Replies are true of the state they name; refusals of one between the asking and the answer."""
    by_account: dict[str, list[Step]] = defaultdict(list)
    for step in steps:
        by_account[step.account].append(step)
    applied_at = {step.operation_id: step.offset for step in steps}
    done = sorted((op for op in operations if op.offset is not None), key=lambda op: op.answered)
    answered = [op.answered for op in done]
    newest = list(accumulate((op.offset or 0 for op in done), max))
    begun = sorted((op for op in operations if op.id in applied_at), key=lambda op: op.invoked)
    invoked = [op.invoked for op in begun]
    oldest = list(accumulate((applied_at[op.id] for op in reversed(begun)), min))[::-1]
    found = []
    for op in operations:
        history = by_account.get(op.account, [])
        if op.result == "replied":
            balance = _balance(history, op.offset if op.offset is not None else -1)
            if balance != op.balance:
                found.append(Anomaly(f"told {op.balance}, the log says {balance}", op))
        elif op.result == "refused":
            before, after = bisect_left(answered, op.invoked), bisect_right(invoked, op.answered)
            low = newest[before - 1] if before else -1
            high = oldest[after] - 1 if after < len(oldest) else 1 << 62
            states = {_balance(history, low)} | {s.balance for s in history if low < s.offset <= high}
            if not any(_refused(op, balance) for balance in states):
                found.append(Anomaly(f"refused ({op.refusal}), but the balance was one of {states}", op))
    return found


def _balance(history: list[Step], offset: int) -> int | None:
    balance = None
    for step in history:
        if step.offset > offset:
            break
        balance = step.balance
    return balance


def _refused(op: Operation, balance: int | None) -> bool:
    match op.refusal:
        case "already-exists":
            return balance is not None
        case "not-found":
            return balance is None
        case "insufficient-credits":
            return balance is not None and balance + op.amount < 0
        case _:
            return False


def now() -> float:
    return time.monotonic()
