"""What the events of `lathe.accounts` promise: money, the life of tasks, and the runs they follow from.

Written apart from the account's own fold in `domain/account`, so that a mistake there shows here. Memory grows with
accounts and with tasks that did not end yet, not with the log.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from domain.account import events as e
from domain.account.beginnings import beginnings_of
from domain.account.runs import MAX_ATTEMPTS
from domain.envelope import Envelope
from domain.ids import partition_in
from processors.verify.findings import Broken
from processors.verify.shelf import Shelf

QUEUED, RUNNING, CANCELLING = "queued", "running", "cancelling"
_SOURCES: Final[Mapping[type[msgspec.Struct], tuple[str, ...]]] = {
    e.TaskStarted: ("RunStarted",),
    e.TaskRetried: ("RunFailed", "RunCancelled"),
    e.TaskCompleted: ("RunSucceeded",),
    e.TaskFailed: ("RunFailed", "RunCancelled"),
    e.TaskCancelled: ("RunFailed", "RunCancelled"),
}


class Wallet(msgspec.Struct):
    balance: int = 0
    reserved: int = 0
    granted: int = 0
    charged: int = 0
    forfeited: int = 0
    closed: bool = False


class Open(msgspec.Struct, gc=False):
    """A task that did not end."""

    account: str
    price: int
    reserved: int
    status: str = QUEUED
    seq: int = 1
    attempt: int = 1


class AccountRules:
    """One partition. `users`: account id → user id, `models`: (model, version) pairs that were published."""

    def __init__(self, partition: int, shelf: Shelf, users: Mapping[str, int], models: set[tuple[str, str]]) -> None:
        self._partition, self._shelf, self._users, self._models = partition, shelf, users, models
        self._runs_position = 0
        self.wallets: dict[str, Wallet] = {}
        self.tasks: dict[str, Open] = {}
        self._rules: dict[type[msgspec.Struct], Callable[[str, Any, Envelope, int], None]] = {
            e.AccountOpened: self._opened,
            e.AccountClosed: self._closed,
            e.CreditsAdjusted: self._adjusted,
            e.CreditsForfeited: self._forfeited,
            e.TaskRequested: self._requested,
            e.BatchRequested: self._requested,
            e.TaskStarted: self._started,
            e.TaskRetried: self._retried,
            e.TaskCancelRequested: self._cancelling,
            e.TaskCompleted: self._completed,
            e.TaskFailed: self._failed,
            e.TaskCancelled: self._cancelled,
        }

    def take(self, key: str, event: msgspec.Struct, envelope: Envelope, offset: int) -> None:
        """Raises Broken; the account is not to be looked at any more then."""
        if key not in self.wallets and not isinstance(event, e.AccountOpened):
            raise Broken("history", "its account was never opened")
        rule = self._rules.get(type(event))
        if rule is None:
            return
        rule(key, event, envelope, offset)
        wallet = self.wallets[key]
        if wallet.balance + wallet.reserved != wallet.granted - wallet.charged - wallet.forfeited:
            raise Broken("balance", f"the account does not add up any more: {_amounts(wallet)}")
        if wallet.balance < 0 or wallet.reserved < 0:
            raise Broken("balance", f"the account has less than nothing: {_amounts(wallet)}")

    def _opened(self, key: str, event: e.AccountOpened, envelope: Envelope, offset: int) -> None:
        if key in self.wallets:
            raise Broken("history", "its account was opened before")
        if self._users.get(key) != event.user_id:
            raise Broken("users", f"user {event.user_id} is not registered with account {key}")
        self.wallets[key] = Wallet(balance=event.granted, granted=event.granted)

    def _closed(self, key: str, event: e.AccountClosed, envelope: Envelope, offset: int) -> None:
        self.wallets[key].closed = True

    def _adjusted(self, key: str, event: e.CreditsAdjusted, envelope: Envelope, offset: int) -> None:
        self.wallets[key].balance += event.amount
        self.wallets[key].granted += event.amount

    def _forfeited(self, key: str, event: e.CreditsForfeited, envelope: Envelope, offset: int) -> None:
        self.wallets[key].balance -= event.amount
        self.wallets[key].forfeited += event.amount

    def _requested(self, key: str, event: msgspec.Struct, envelope: Envelope, offset: int) -> None:
        wallet = self.wallets[key]
        if wallet.closed:
            raise Broken("history", "its account was closed before")
        held = 0
        for beginning in beginnings_of(event, envelope.id):
            request = beginning.request
            self._may_begin(request, envelope)
            held += request.reserved
            self.tasks[request.task_id] = Open(key, request.price, request.reserved)
            self._compare_assignment(request.task_id, offset)
        if isinstance(event, e.BatchRequested) and held != event.reserved:
            raise Broken("settlement", f"the batch reserves {event.reserved}, its tasks {held}")
        wallet.balance -= held
        wallet.reserved += held

    def _may_begin(self, request: e.TaskRequested, envelope: Envelope) -> None:
        task_id = request.task_id
        if task_id in self.tasks or self._shelf.one("SELECT 1 FROM ended WHERE task = ?", task_id):
            raise Broken("task-life", f"task {task_id} was requested before")
        if _partition_in(task_id) != self._partition:
            raise Broken("partition", f"task {task_id} belongs to partition {_partition_in(task_id)}")
        if envelope.task_seq != 1:
            raise Broken("task-sequence", f"task {task_id} is requested as its event {envelope.task_seq}")
        if not 0 <= request.reserved <= request.price:
            raise Broken("settlement", f"{request.reserved} is reserved for a price of {request.price}")
        if (request.model, request.model_version) not in self._models:
            raise Broken("models", f"{request.model} {request.model_version} was never published")

    def _compare_assignment(self, task_id: str, offset: int) -> None:
        for partition, request in self._shelf.each("SELECT partition, request FROM assigned WHERE task = ?", task_id):
            if (partition, request) == (self._partition, offset):
                self._shelf.put("UPDATE assigned SET requested = 1 WHERE task = ? AND request = ?", task_id, offset)
                break

    def _started(self, key: str, event: e.TaskStarted, envelope: Envelope, offset: int) -> None:
        self._move(key, event, envelope, (QUEUED,)).status = RUNNING

    def _retried(self, key: str, event: e.TaskRetried, envelope: Envelope, offset: int) -> None:
        task = self._move(key, event, envelope, (QUEUED, RUNNING), attempt=event.attempt - 1)
        if event.attempt > MAX_ATTEMPTS:
            raise Broken("task-life", f"attempt {event.attempt} of {MAX_ATTEMPTS} at most")
        task.status, task.attempt = QUEUED, event.attempt

    def _cancelling(self, key: str, event: e.TaskCancelRequested, envelope: Envelope, offset: int) -> None:
        self._move(key, event, envelope, (RUNNING,)).status = CANCELLING

    def _completed(self, key: str, event: e.TaskCompleted, envelope: Envelope, offset: int) -> None:
        task = self._end(key, event, envelope)
        if event.charged != task.price:
            raise Broken("settlement", f"it charges {event.charged} for a price of {task.price}")

    def _failed(self, key: str, event: e.TaskFailed, envelope: Envelope, offset: int) -> None:
        self._end(key, event, envelope)
        if event.charged:
            raise Broken("settlement", f"it charges {event.charged} though there are no results")

    def _cancelled(self, key: str, event: e.TaskCancelled, envelope: Envelope, offset: int) -> None:
        task = self._end(key, event, envelope)
        if event.charged and (task.status != CANCELLING or event.source_offset is None):
            raise Broken("settlement", f"it charges {event.charged}, and no run says that it was used")

    def _end(self, key: str, event: Any, envelope: Envelope) -> Open:
        task = self._move(key, event, envelope, (QUEUED, RUNNING, CANCELLING))
        if event.charged < 0 or event.released < 0 or event.charged + event.released != task.reserved:
            settled = f"{event.charged} charged and {event.released} released"
            raise Broken("settlement", f"{settled} are not the {task.reserved} that were reserved")
        wallet = self.wallets[key]
        wallet.reserved -= task.reserved
        wallet.charged += event.charged
        wallet.balance += event.released
        del self.tasks[event.task_id]
        self._shelf.put("INSERT OR IGNORE INTO ended VALUES (?)", event.task_id)
        return task

    def _move(
        self, key: str, event: Any, envelope: Envelope, expected: tuple[str, ...], attempt: int | None = None
    ) -> Open:
        task = self.tasks.get(event.task_id)
        if task is None:
            ended = self._shelf.one("SELECT 1 FROM ended WHERE task = ?", event.task_id)
            raise Broken("task-life", f"task {event.task_id} {'ended before' if ended else 'was never requested'}")
        if task.account != key:
            raise Broken("task-life", f"task {event.task_id} belongs to account {task.account}")
        if envelope.task_seq != task.seq + 1:
            raise Broken("task-sequence", f"task {event.task_id}: {envelope.task_seq} does not follow {task.seq}")
        if task.status not in expected:
            raise Broken("task-life", f"task {event.task_id} is {task.status}")
        if (event.attempt if attempt is None else attempt) != task.attempt:
            raise Broken("task-life", f"task {event.task_id} is at attempt {task.attempt}, not {event.attempt}")
        self._follow(event, getattr(event, "source_offset", None), task)
        task.seq += 1
        return task

    def _follow(self, event: Any, source: int | None, task: Open) -> None:
        if source is None:
            return
        run = self._shelf.one(
            "SELECT type, task, attempt FROM runs WHERE partition = ? AND place = ?", self._partition, source
        )
        where = f"lathe.runs:{self._partition}@{source}"
        if run is None:
            raise Broken("run-source", f"there is no run record at {where}")
        if run[0] not in _SOURCES[type(event)] or tuple(run[1:]) != (event.task_id, task.attempt):
            raise Broken("run-source", f"{where} is {run[0]} of task {run[1]}, attempt {run[2]}")
        if source < self._runs_position:
            raise Broken("run-source", f"{where} was decided on before")
        self._runs_position = source + 1


def _partition_in(identifier: str) -> int | None:
    try:
        return partition_in(identifier)
    except ValueError:
        return None


def _amounts(wallet: Wallet) -> str:
    return ", ".join(f"{name} {getattr(wallet, name)}" for name in wallet.__struct_fields__ if name != "closed")
