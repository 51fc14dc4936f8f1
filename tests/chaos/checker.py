"""Judges a history against the log, as Jepsen's checkers do. [] is what Lathe promises.

A partition's log orders its events, so linearizability comes down to: each answer is in the log as it was told,
exactly once; the order of the log respects real time; a refusal was true of some state while it was open; a reply and
a read are true of a state of the log that is not older than what was known, and a reader never goes back.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import msgspec

from domain.account.runs import LEASE_EXPIRED, MAX_ATTEMPTS
from domain.money import MICRO
from tests.chaos.history import Command, History
from tests.chaos.truth import Step, Truth

TERMINAL = ("TaskCompleted", "TaskFailed", "TaskCancelled")


class Anomaly(msgspec.Struct, frozen=True):
    kind: str
    """One of a few words, so that kinds can be counted."""
    what: str
    seen: Any = None


class _Log:
    """The log by what it is asked for."""

    def __init__(self, history: History, truth: Truth) -> None:
        self.invoked = {a.request_id: a.invoked for c in history.commands for a in c.attempts}
        self.of_request: dict[str, list[Step]] = defaultdict(list)
        self.of_account: dict[str, list[Step]] = defaultdict(list)
        self.offsets: dict[str, list[int]] = {}
        for step in truth.steps:
            self.of_request[step.request_id].append(step)
            self.of_account[step.account].append(step)
        for account, steps in self.of_account.items():
            self.offsets[account] = [step.offset for step in steps]

    def made_by(self, command: Command) -> list[Step]:
        """Events that requests of this command led to directly."""
        wanted = {"adjust": "CreditsAdjusted", "generate": "TaskRequested"}.get(command.kind)
        return [s for a in command.attempts for s in self.of_request.get(a.request_id, []) if s.event == wanted]

    def at(self, account: str, offset: int) -> Step | None:
        """The account's newest event up to `offset`."""
        place = bisect_right(self.offsets.get(account, []), offset)
        return self.of_account[account][place - 1] if place else None

    def since(self, account: str, offset: int, until: float) -> Iterator[Step]:
        """The account's events from the newest up to `offset` on, of those that had been asked for at `until`."""
        steps = self.of_account.get(account, [])
        place = bisect_right(self.offsets.get(account, []), offset)
        for i in range(max(place - 1, 0), len(steps)):
            if i >= place and self.invoked.get(steps[i].request_id, 0.0) > until:
                return
            yield steps[i]


def check(history: History, truth: Truth) -> list[Anomaly]:
    log = _Log(history, truth)
    return [
        *(Anomaly("unreadable", f"the log has a record that cannot be read: {at}") for at in truth.unreadable),
        *_once(history, log, truth),
        *_keys(truth),
        *_real_time(history, log),
        *_replies(history, log),
        *_refusals(history, log),
        *_reads(history, log),
        *_tasks(history, log),
        *_finals(history, log),
    ]


def _once(history: History, log: _Log, truth: Truth) -> Iterator[Anomaly]:
    """Every acknowledged command is in the log exactly once; no refused one is; nobody is left without an answer."""
    originals = {c.key: c for c in history.commands if c.repeats_of is None}
    for command in history.commands:
        if command.kind not in ("adjust", "generate"):
            if command.result == "open":
                yield Anomaly("ambiguous", "never answered definitely", command)
            continue
        made = log.made_by(command)
        if command.result == "open":
            yield Anomaly("ambiguous", f"never answered definitely; the log has it {len(made)} times", command)
        if len(made) > 1:
            yield Anomaly("doubled", f"in the log {len(made)} times: {[s.offset for s in made]}", command)
        if command.result == "refused" and made:
            yield Anomaly("refused but applied", f"refused, but the log has it at {made[0].offset}", command)
        if command.repeats_of is not None:
            if made:
                yield Anomaly("doubled", f"a repeat led to an event of its own at {made[0].offset}", command)
            if command.repeats_of not in originals:
                yield Anomaly("ambiguous", "repeats a command that is not in the history", command)
        elif command.result == "applied" and not made:
            yield Anomaly("lost", "acknowledged, but the log does not have it", command)
    asked = {a.request_id for c in history.commands for a in c.attempts}
    for step in truth.steps:
        if step.event in ("CreditsAdjusted", "TaskRequested") and step.request_id not in asked:
            yield Anomaly("out of nothing", "in the log, but nobody asked for it", step)


def _keys(truth: Truth) -> Iterator[Anomaly]:
    """One event at most for each idempotency key, whatever the requests were."""
    used: dict[str, list[Step]] = defaultdict(list)
    for step in truth.steps:
        if step.key is not None:
            used[step.key].append(step)
    for key, steps in used.items():
        if len(steps) > 1:
            yield Anomaly("key used twice", f"{key}: {[(s.partition, s.offset) for s in steps]}", steps[0])


def _real_time(history: History, log: _Log) -> Iterator[Anomaly]:
    """What was answered before something else was first asked stands before it in the same partition."""
    by_partition: dict[int, list[tuple[Command, Step]]] = defaultdict(list)
    for command in history.commands:
        if command.result == "applied" and command.repeats_of is None and (made := log.made_by(command)):
            by_partition[made[0].partition].append((command, made[0]))
    for pairs in by_partition.values():
        answered = sorted(pairs, key=lambda pair: pair[0].answered)
        newest, i = -1, 0
        for command, step in sorted(pairs, key=lambda pair: pair[0].invoked):
            while i < len(answered) and answered[i][0].answered < command.invoked:
                newest = max(newest, answered[i][1].offset)
                i += 1
            if step.offset < newest:
                yield Anomaly("against real time", f"at {step.offset}, asked after {newest} was answered", command)


def _replies(history: History, log: _Log) -> Iterator[Anomaly]:
    """The wallet that an answer tells is the one at the place that it names, or a later one that there was by then.

    (A later one where the first answer was lost, and the outcome was asked for.) The place is not before the event.
    """
    for command in history.commands:
        if command.kind != "adjust" or command.result != "applied" or command.offset is None:
            continue
        told = (command.balance, command.reserved)
        if not any(
            (s.balance, s.reserved) == told for s in log.since(command.account, command.offset, command.answered)
        ):
            step = log.at(command.account, command.offset)
            yield Anomaly("wrong reply", f"told {told} at {command.offset}, the log says {step}", command)
        made = log.made_by(command)
        if made and command.offset < made[0].offset:
            yield Anomaly("wrong reply", f"placed at {command.offset}, but it stands at {made[0].offset}", command)


def _refusals(history: History, log: _Log) -> Iterator[Anomaly]:
    """Too little credit: then there was a state with too little, not older than what was known when it was asked."""
    known: dict[str, list[tuple[float, int]]] = defaultdict(list)
    begun: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for command in history.commands:
        if command.repeats_of is None and (made := log.made_by(command)):
            begun[command.account].append((command.invoked, made[0].offset))
            if command.result == "applied":
                known[command.account].append((command.answered, made[0].offset))
    times: dict[str, tuple[list[float], list[int], list[float], list[int]]] = {}
    for account in begun:
        done, started = sorted(known[account]), sorted(begun[account])
        newest = list(accumulate((offset for _, offset in done), max))
        oldest = list(accumulate((offset for _, offset in reversed(started)), min))[::-1]
        times[account] = ([t for t, _ in done], newest, [t for t, _ in started], oldest)
    for command in history.commands:
        if command.kind != "adjust" or command.result != "refused" or command.code != "insufficient-credits":
            continue
        answered, newest, invoked, oldest = times.get(command.account, ([], [], [], []))
        last = command.attempts[-1]
        before, after = bisect_left(answered, last.invoked), bisect_right(invoked, last.answered)
        low = newest[before - 1] if before else -1
        high = oldest[after] - 1 if after < len(oldest) else 1 << 62
        first = log.at(command.account, low)
        states = [first] if first else []
        states += [s for s in log.of_account.get(command.account, []) if low < s.offset <= high]
        if not any(state.balance + command.amount < 0 for state in states):
            told = [state.balance for state in states[:5]]
            yield Anomaly("refused without reason", f"balances while it was open: {told}", command)


def _reads(history: History, log: _Log) -> Iterator[Anomaly]:
    """Each reader's reads are states of the log, one not older than the one before, nor than what it asked for."""
    place: dict[tuple[str, str], int] = {}
    for read in history.reads:
        steps = log.of_account.get(read.account, [])
        offsets = log.offsets.get(read.account, [])
        least = place.get((read.reader, read.account), 0)
        if read.at_least is not None:
            least = max(least, bisect_right(offsets, read.at_least) - 1)
        seen = (read.available, read.reserved)
        found = next((i for i in range(least, len(steps)) if (steps[i].balance, steps[i].reserved) == seen), None)
        if found is None:
            ever = any((s.balance, s.reserved) == seen for s in steps)
            yield Anomaly("went back" if ever else "read of nothing", f"nothing like it from step {least} on", read)
        else:
            place[read.reader, read.account] = found


def _tasks(history: History, log: _Log) -> Iterator[Anomaly]:
    """Each accepted task ended once, was charged as it should be, and its results are there."""
    ends: dict[str, list[str]] = defaultdict(list)
    retries: Counter[str] = Counter()
    for steps in log.of_account.values():
        for step in steps:
            if step.task_id is not None and step.event in TERMINAL:
                ends[step.task_id].append(step.event)
            if step.task_id is not None and step.event == "TaskRetried":
                retries[step.task_id] += 1
    seen = {task.task_id for task in history.tasks}
    for command in history.commands:
        if command.kind == "generate" and command.result == "applied" and command.task_id not in seen:
            yield Anomaly("no final state", f"task {command.task_id} was not found at the end", command)
    for task in history.tasks:
        if len(ends[task.task_id]) != 1:
            yield Anomaly("no final state", f"the log ends it {len(ends[task.task_id])} times", task)
        if task.status == "cancelled" and not task.wanted_cancelled:
            yield Anomaly("wrong end", "cancelled, and nobody asked for it", task)
        # What is hurt in each of its attempts fails, and costs nothing: that is the rule.
        if task.status == "failed" and (retries[task.task_id] < MAX_ATTEMPTS - 1 or LEASE_EXPIRED not in task.problem):
            yield Anomaly("wrong end", f"failed after {retries[task.task_id]} retries: {task.problem}", task)
        if task.status not in ("completed", "cancelled", "failed"):
            yield Anomaly("no final state", f"it is {task.status}", task)
        if task.status == "completed" and not task.has_result:
            yield Anomaly("result missing", "completed, and its file is not there", task)
        right = {"completed": (task.price,), "failed": (0,)}.get(task.status, range(task.price + 1))
        if task.charged not in right:
            yield Anomaly("wrong charge", f"charged {task.charged / MICRO} of {task.price / MICRO}", task)


def _finals(history: History, log: _Log) -> Iterator[Anomaly]:
    """At the end every balance is the fold of the log, and every task that was accepted is in the list once."""
    wanted: dict[str, int] = defaultdict(int)
    for command in history.commands:
        is_new = command.kind == "generate" and command.repeats_of is None
        wanted[command.account] += is_new and command.result == "applied"
    for final in history.finals:
        steps = log.of_account.get(final.account, [])
        told = (final.available, final.reserved)
        if not steps or (steps[-1].balance, steps[-1].reserved) != told:
            yield Anomaly("wrong balance", f"told {told}, the log says {steps[-1:]}", final)
        if final.tasks != wanted[final.account]:
            yield Anomaly("wrong list", f"{final.tasks} tasks are listed, {wanted[final.account]} were accepted", final)
