"""Whose turn it is, task after task, while a plan is made.

A heap holds one entry for each account that waits: O(accounts) once, O(log accounts) for each turn. It is built anew
when fewer kinds can be served, for an account's next task may be another one then.
"""

from collections.abc import Collection
from datetime import datetime
from heapq import heapify, heappop, heapreplace

from domain.scheduling.state import Kind, SchedulerState, Turn

Entry = tuple[int, int, int, str, Kind, str]
"""(running, served, order of the account's next task; account id, kind and id of that task). No order comes twice."""


class Turns:
    """The state stays as it is; what this plan gave away is counted here."""

    def __init__(self, state: SchedulerState, now: datetime) -> None:
        self._state, self._now = state, now
        self._kinds: Collection[Kind] = ()
        self._heap: list[Entry] = []
        self._given: dict[str, int] = {}
        self._taken: dict[tuple[Kind, str], int] = {}

    def next(self, kinds: Collection[Kind]) -> str | None:
        """The id of the task whose turn it is among those that want one of these kinds; None: there is none.

        A task past its deadline is nobody's turn.
        """
        if kinds != self._kinds:
            self._kinds = kinds
            self._heap = self._entries()
            heapify(self._heap)
        while self._heap:
            _, _, _, account_id, kind, task_id = self._heap[0]
            self._taken[kind, account_id] = self._taken.get((kind, account_id), 0) + 1
            deadline = self._state.tasks[task_id].deadline
            late = deadline is not None and deadline <= self._now
            if not late:
                self._given[account_id] = self._given.get(account_id, 0) + 1
            self._replace_first(account_id)
            if not late:
                return task_id
        return None

    def _entries(self) -> list[Entry]:
        heads: dict[str, tuple[Turn, Kind]] = {}
        for kind in self._kinds:
            for account_id, queue in self._state.waiting.get(kind, {}).items():
                at = self._taken.get((kind, account_id), 0) if self._taken else 0
                if at < len(queue) and (account_id not in heads or queue[at] < heads[account_id][0]):
                    heads[account_id] = (queue[at], kind)
        return [self._entry(account_id, *head) for account_id, head in heads.items()]

    def _replace_first(self, account_id: str) -> None:
        heads = []
        for kind in self._kinds:
            queue = self._state.waiting.get(kind, {}).get(account_id, [])
            at = self._taken.get((kind, account_id), 0)
            if at < len(queue):
                heads.append((queue[at], kind))
        if heads:
            heapreplace(self._heap, self._entry(account_id, *min(heads)))
        else:
            heappop(self._heap)

    def _entry(self, account_id: str, turn: Turn, kind: Kind) -> Entry:
        """Who was given a run by this plan was served after everybody else."""
        account = self._state.accounts[account_id]
        extra = self._given.get(account_id, 0)
        served = self._state.assignments + extra if extra else account.served
        return account.running + extra, served, turn[1], account_id, kind, turn[2]
