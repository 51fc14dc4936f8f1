"""Any history of commands to a partition keeps the invariants, and is the fold of its events."""

from collections import defaultdict
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.account import commands as c
from domain.account import events as e
from domain.account.beginnings import beginnings_of
from domain.account.decider import AccountDecider
from domain.account.state import Accounts
from domain.decider import Append
from tests.domain.given_account import CREDIT, PROMPT, output, stored_file
from tests.domain.scenario import Scenario, new_id

ACCOUNTS = (new_id(1_000_001), new_id(1_000_002))
FILES = tuple(new_id(3_000_000 + i) for i in range(2))
TERMINAL = (e.TaskCompleted, e.TaskFailed, e.TaskCancelled)

accounts = st.sampled_from(ACCOUNTS[:1] * 9 + ACCOUNTS[1:])
files = st.sampled_from(FILES)
tasks = st.sampled_from([0, 0, 1, 2])
"""The latest task, the one before it…"""
attempts = st.sampled_from([0, 0, 0, 0, 1, -1])
"""Relative to the task's present one."""
prices = st.integers(0, CREDIT)
keys = st.sampled_from([None] * 8 + ["k1" * 16, "k2" * 16])
shares = st.floats(0, 1) | st.floats()
kinds = st.sampled_from(["bad-input", "permanent", "retryable"])


class Histories(RuleBasedStateMachine):
    """Two accounts; ids are few, so that commands meet each other. Run events are sometimes read again."""

    def __init__(self) -> None:
        super().__init__()
        self.scenario = Scenario(AccountDecider(), ACCOUNTS[0])
        self.offset = self.asked = 0

    def try_(self, command: c.Command, key: str | None = None, **context: Any) -> None:
        digest = None if key is None else type(command).__name__
        self.scenario.when(command, idempotency_key=key, idempotency_digest=digest, **context)
        outcome = self.scenario.outcome
        if isinstance(outcome, Append):
            self.asked += len(beginnings_of(outcome.event, ""))

    @initialize()
    def open_the_first(self) -> None:
        self.try_(c.OpenAccount(account_id=ACCOUNTS[0], user_id=1, sign_up_credits=20 * CREDIT))

    @rule(account=accounts, granted=prices, amount=st.integers(-5 * CREDIT, 9 * CREDIT), which=st.integers(0, 99))
    def wallet(self, account: str, granted: int, amount: int, which: int) -> None:
        if which == 0:
            self.try_(c.CloseAccount(account_id=account))
        elif which < 4:
            self.try_(c.ForfeitCredits(account_id=account))
        elif which < 40:
            self.try_(c.OpenAccount(account_id=account, user_id=1, sign_up_credits=granted))
        else:
            self.try_(c.AdjustCredits(account_id=account, amount=amount, reason="test"))

    @rule(account=accounts, file=files, delete=st.booleans())
    def store_or_delete(self, account: str, file: str, delete: bool) -> None:
        if delete:
            self.try_(c.DeleteFile(account_id=account, file_id=file))
        else:
            self.try_(c.StoreFile(account_id=account, file=stored_file(file)))

    @rule(
        account=accounts,
        price=prices,
        file=st.sampled_from([None, None, None, *FILES]),
        key=keys,
        seconds=st.integers(-1, 30),
    )
    def request(self, account: str, price: int, file: str | None, key: str | None, seconds: int) -> None:
        self.try_(
            c.RequestTask(
                account_id=account,
                task_id=self.new(),
                kind="generate",
                model="m",
                model_version="1",
                price=price,
                prompt=PROMPT,
                inputs=() if file is None else (("image", file),),
                seed=1,
                deadline=self.scenario.now + timedelta(seconds=seconds) if seconds % 2 else None,
                max_queued=3,
            ),
            key,
        )

    @rule(account=accounts, price=prices)
    def request_and_start(self, account: str, price: int) -> None:
        """What most histories go through, so that runs meet tasks that run."""
        self.request(account, price, None, None, 0)
        self.start(account, 0, 0, again=False)

    @rule(account=accounts)
    def request_start_and_cancel(self, account: str) -> None:
        self.request_and_start(account, CREDIT)
        self.cancel(account, 0, "client", None)

    @rule(account=accounts, task=tasks, price=prices, key=keys)
    def retry(self, account: str, task: int, price: int, key: str | None) -> None:
        command = c.RetryTask(
            account_id=account,
            task_id=self.task(task),
            new_task_id=self.new(),
            price=price,
            model_version="1",
            params={},
            prompt=PROMPT,
        )
        self.try_(command, key)

    @rule(account=accounts, task=tasks, price=prices, key=keys)
    def fork(self, account: str, task: int, price: int, key: str | None) -> None:
        self.try_(self.wanted(account, price, parent=self.task(task)), key)

    @rule(account=accounts, prices=st.lists(prices, min_size=1, max_size=3), key=keys, short=st.booleans())
    def batch(self, account: str, prices: list[int], key: str | None, short: bool) -> None:
        items = tuple(self.wanted(account, price, task_id=self.new(i)) for i, price in enumerate(prices))
        command = c.RequestBatch(
            account_id=account,
            batch_id=new_id(5_000_000 + self.asked),
            items=items,
            max_credits=sum(prices) - short,
            max_queued=3,
        )
        self.try_(command, key)

    def wanted(self, account: str, price: int, **fields: Any) -> c.RequestTask:
        given: dict[str, Any] = {"task_id": self.new(), "kind": "generate", "model": "m", "model_version": "1"}
        given |= {"price": price, "prompt": PROMPT, "seed": 1, "max_queued": 3}
        return c.RequestTask(account_id=account, **(given | fields))

    @rule(account=accounts, task=tasks, reason=st.sampled_from(["client", "deadline", "account-closed"]), key=keys)
    def cancel(self, account: str, task: int, reason: str, key: str | None) -> None:
        self.try_(c.CancelTask(account_id=account, task_id=self.task(task), reason=reason), key)

    @rule(account=accounts, task=tasks, attempt=attempts)
    def expire(self, account: str, task: int, attempt: int) -> None:
        self.try_(
            c.ExpireAttempt(account_id=account, task_id=self.task(task), attempt=self.present(account, task, attempt))
        )

    @rule(account=accounts, task=tasks, attempt=attempts, again=st.booleans())
    def start(self, account: str, task: int, attempt: int, again: bool) -> None:
        self.try_(
            c.ApplyRunStarted(
                account_id=account,
                task_id=self.task(task),
                attempt=self.present(account, task, attempt),
                worker_id="w",
                source_offset=self.source(again),
            )
        )

    @rule(account=accounts, task=tasks, attempt=attempts, again=st.booleans())
    def succeed(self, account: str, task: int, attempt: int, again: bool) -> None:
        offset = self.source(again)
        command = c.ApplyRunSucceeded(
            account_id=account,
            task_id=self.task(task),
            attempt=self.present(account, task, attempt),
            outputs=(output(),),
            source_offset=offset,
        )
        self.try_(command, causation_id=new_id(4_000_000 + offset))

    @rule(account=accounts, task=tasks, attempt=attempts, again=st.booleans(), kind=kinds)
    def fail(self, account: str, task: int, attempt: int, again: bool, kind: str) -> None:
        self.try_(
            c.ApplyRunFailed(
                account_id=account,
                task_id=self.task(task),
                attempt=self.present(account, task, attempt),
                problem=e.Problem(code="x", kind=kind),
                source_offset=self.source(again),
            )
        )

    @rule(account=accounts, task=tasks, attempt=attempts, again=st.booleans(), used=shares)
    def stop(self, account: str, task: int, attempt: int, again: bool, used: float) -> None:
        self.try_(
            c.ApplyRunCancelled(
                account_id=account,
                task_id=self.task(task),
                attempt=self.present(account, task, attempt),
                used_fraction=used,
                source_offset=self.source(again),
            )
        )

    @rule(seconds=st.floats(0.1, 20))
    def later(self, seconds: float) -> None:
        self.scenario.later(seconds)

    def new(self, more: int = 0) -> str:
        """The id of one more task, or of one after it."""
        return new_id(2_000_001 + self.asked + more)

    def task(self, back: int) -> str:
        return new_id(2_000_000 + self.asked - back)

    def present(self, account: str, back: int, relative: int) -> int:
        """The number of an attempt, `relative` to the one the task is at."""
        known = self.state.accounts.get(account)
        found = None if known is None else known.tasks.get(self.task(back))
        return relative + (1 if found is None else found.attempt)

    def source(self, again: bool) -> int:
        """The offset of the next run event, or that of the last one once more."""
        if not again:
            self.offset += 1
        return self.offset

    @invariant()
    def money_adds_up(self) -> None:
        for account in self.state.accounts.values():
            wallet = account.wallet
            assert wallet.adds_up
            assert wallet.balance >= 0
            assert wallet.reserved == sum(task.reserved for task in account.tasks.values())
            assert wallet.charged == sum(task.charged for task in account.tasks.values())
            for task in account.tasks.values():
                assert 0 <= task.charged <= task.price
                assert task.reserved == (0 if task.status.terminal else task.price)

    @invariant()
    def queues_are_what_they_count(self) -> None:
        for account in self.state.accounts.values():
            assert list(account.live) == [i for i, task in account.tasks.items() if not task.status.terminal]
            assert account.queued == sum(task.status == "queued" for task in account.tasks.values())

    @invariant()
    def task_events_are_in_order_and_end_once(self) -> None:
        numbers: dict[tuple[str, str], list[int | None]] = defaultdict(list)
        ended: set[tuple[str, str]] = set()
        for key, event, envelope in self.scenario.log:
            for beginning in beginnings_of(event, envelope.id):
                numbers[key, beginning.request.task_id].append(envelope.task_seq)
            if hasattr(event, "task_id") and not isinstance(event, e.TaskRequested):
                stream = (key, event.task_id)
                assert stream not in ended
                numbers[stream].append(envelope.task_seq)
                if isinstance(event, TERMINAL):
                    ended.add(stream)
        for seen in numbers.values():
            assert seen == list(range(1, len(seen) + 1))

    @invariant()
    def run_events_are_applied_once(self) -> None:
        offsets = [getattr(event, "source_offset", None) for _, event, _ in self.scenario.log]
        sources = [offset for offset in offsets if offset is not None]
        assert len(sources) == len(set(sources))
        assert self.state.runs_position == (max(sources) + 1 if sources else 0)

    @invariant()
    def every_view_is_plain(self) -> None:
        if isinstance(self.scenario.outcome, Append):
            outcome = self.scenario.outcome
            msgspec.json.encode(self.scenario.decider.view(self.state, outcome.key, outcome.subject))

    def teardown(self) -> None:
        """The fold of the log is the state, and survives a snapshot."""
        assert self.scenario.refolded() == self.state
        for codec in (msgspec.json, msgspec.msgpack):
            assert codec.decode(codec.encode(self.state), type=Accounts) == self.state

    @property
    def state(self) -> Accounts:
        state = self.scenario.state
        assert isinstance(state, Accounts)
        return state


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)
