"""A fold that goes on from a snapshot taken anywhere is the fold of the whole log, and decides alike."""

from typing import Any

import msgspec
from hypothesis import settings

from adapters.kafka.cluster import LogIdentity
from adapters.kafka.fold import PartitionFold
from adapters.kafka.follower import Entry
from adapters.kafka.snapshot import closed, opened, restored, take
from domain.account import commands as c
from domain.account.decider import AccountDecider
from domain.account.state import Accounts
from domain.decider import Append, Context, NotAtHand, Recalled, Reply
from domain.errors import DomainError
from tests.domain.scenario import NOW, new_id
from tests.domain.test_histories import Histories
from tests.rebuild.histories import TP, entries_of, records_of

IDENTITY = LogIdentity("cluster", {TP[0]: "topic"})
CUTS = 5


def folded(entries: list[Entry], fold: PartitionFold[Any]) -> PartitionFold[Any]:
    for entry in entries:
        fold.apply(entry)
    return fold


def through_a_snapshot(fold: PartitionFold[Any]) -> PartitionFold[Any]:
    """What the next owner begins with."""
    return restored(*opened(closed(take(fold, fold.position, "last"), IDENTITY)), fold.decider)


class FoldedFromSnapshots(Histories):
    """After each history: owners that keep almost nothing whole, and take a snapshot at some offset."""

    def teardown(self) -> None:
        decider = AccountDecider(tasks=1, files=1)
        entries = entries_of(records_of(self.scenario.log))
        whole = folded(entries, PartitionFold(TP, decider))
        for cut in {len(entries) * i // CUTS for i in range(CUTS + 1)}:
            fold = folded(entries[:cut], PartitionFold(TP, decider))
            resumed = through_a_snapshot(fold)
            assert as_kept(resumed) == as_kept(fold)
            assert as_kept(folded(entries[cut:], resumed)) == as_kept(whole)
            for command in questions(whole.state):
                assert told(resumed, entries, command) == told(whole, entries, command)
            for key, _, envelope in self.scenario.log:
                told_by = resumed.recent.offset(envelope.command_id or "")
                assert told_by == whole.recent.offset(envelope.command_id or "")
                assert key in resumed.versions


def as_kept(fold: PartitionFold[Any]) -> tuple[Any, ...]:
    return (fold.state, fold.position, fold.versions, fold.recent, fold.quarantined)


def questions(state: Accounts) -> list[c.AccountCommand]:
    """Something of everything that may be asked or ordered afterwards."""
    asked: list[c.AccountCommand] = []
    for account_id, account in state.accounts.items():
        known = list(account.tasks)[-2:] + [new_id(2_000_000 + i) for i in range(4)]
        asked.append(c.AdjustCredits(account_id=account_id, amount=-1, reason="x"))
        for task_id in known:
            asked += [
                c.DescribeTask(account_id=account_id, task_id=task_id),
                c.CancelTask(account_id=account_id, task_id=task_id),
                c.ExpireAttempt(account_id=account_id, task_id=task_id, attempt=1),
                c.RetryTask(
                    account_id=account_id,
                    task_id=task_id,
                    new_task_id=new_id(9_000_000),
                    price=0,
                    model_version="1",
                    params={},
                ),
            ]
        asked += [c.DescribeFile(account_id=account_id, file_id=file_id) for file_id in account.files]
    return asked


def told(fold: PartitionFold[Any], entries: list[Entry], command: c.AccountCommand) -> Any:
    """What the owner with this fold decides, reading again what it must."""
    context = Context(now=NOW, event_id=new_id(1), command_id="c", actor="a", correlation_id="c")
    events: list[Recalled] = []
    while True:
        try:
            with fold.at_hand(events):
                decision: Append | Reply = fold.decider.decide(fold.state, command, context)
                return decision
        except DomainError as refusal:
            return type(refusal), refusal.detail
        except NotAtHand as missing:
            events += [recalled(entries[offset]) for offset in missing.offsets]


def recalled(entry: Entry) -> Recalled:
    decoded: Any = entry.decoded
    return (entry.record.key or b"").decode(), decoded[1], decoded[0]


TestFoldedFromSnapshots = FoldedFromSnapshots.TestCase
TestFoldedFromSnapshots.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


def test_a_snapshot_is_the_same_bytes_for_the_same_history() -> None:
    fold: PartitionFold[Any] = PartitionFold(TP, AccountDecider())
    assert take(fold, fold.position, "").kept == take(through_a_snapshot(fold), fold.position, "").kept
    assert msgspec.msgpack.decode(take(fold, fold.position, "").kept)["versions"] == {}
