"""One owner's behaviour on a log in memory: what it answers, and when it lets go."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import REGISTRY

from adapters.commands.client import CommandClient
from adapters.errors import NoOwner
from adapters.ids import new_id
from adapters.kafka import topics
from adapters.kafka.claims import claim_record
from adapters.kafka.follower import read
from adapters.kafka.host import Host
from adapters.kafka.memory import MemoryAppender, MemoryLog
from adapters.kafka.port import AppendFailed, NewRecord
from adapters.kafka.position import TP, Position
from adapters.kafka.readrule import event_headers
from adapters.kafka.requests import NotOwner, Request
from domain.account.commands import AdjustCredits, DescribeAccount, OpenAccount
from domain.account.decider import AccountDecider
from domain.decider import Context
from domain.errors import AlreadyExists, InsufficientCredits, KeyReused, StreamQuarantined
from tests.log.ledger import Ledger

TOPIC = topics.Topic(topics.ACCOUNTS.name, 1, owned=True)
AT: TP = (TOPIC.name, 0)


def context(key: str | None = None, digest: str = "d") -> Context:
    return Context(
        now=datetime.now(UTC),
        event_id=new_id(),
        command_id=new_id(),
        actor="test",
        correlation_id="test",
        idempotency_key=key,
        idempotency_digest=digest if key else None,
    )


def opened(account: str = "a", granted: int = 100) -> OpenAccount:
    return OpenAccount(account_id=account, user_id=1, sign_up_credits=granted)


def adjusted(amount: int, account: str = "a") -> AdjustCredits:
    return AdjustCredits(account_id=account, amount=amount, reason="test")


@asynccontextmanager
async def owning(log: MemoryLog, decider: Any = None) -> AsyncIterator[tuple[CommandClient, Host]]:
    host = Host(log, {TOPIC: decider or Ledger()}, address="http://here", source="test", group=None)
    client = CommandClient(host.directory, b"key", host)
    await host.start()
    try:
        yield client, host
    finally:
        await client.stop()
        await host.stop()


async def balance(client: CommandClient, account: str = "a") -> int:
    answer = await client.send(TOPIC, 0, DescribeAccount(account_id=account), context())
    return int(answer.view["balance"])


def test_a_partition_that_was_never_owned_is_told_as_such() -> None:
    topic = topics.Topic("test.never-owned", 3, owned=True)
    Host(MemoryLog(), {topic: Ledger()}, address="http://here", source="test", group=None)
    labels = {"topic": topic.name}
    assert REGISTRY.get_sample_value("lathe_topic_partitions", labels) == 3
    assert REGISTRY.get_sample_value("lathe_owned_partitions", labels) == 0


async def test_commands_become_events_in_order() -> None:
    log = MemoryLog()
    async with owning(log) as (client, _):
        first = await client.send(TOPIC, 0, opened(), context())
        second = await client.send(TOPIC, 0, adjusted(-40), context())
        assert (first.position, second.position) == ("lathe.accounts:0@1", "lathe.accounts:0@2")
        assert second.view == {"balance": 60}
        headers = dict(log.partitions[AT][2].headers)
        assert (headers["ce_ownerepoch"], headers["ce_ownerseq"], headers["ce_streamversion"]) == (b"1", b"2", b"2")


async def test_the_log_replayed_is_the_state_to_the_last_digit() -> None:
    """Also in its times: the clock is finer than what the log keeps of it."""
    log, decider = MemoryLog(), AccountDecider()
    async with owning(log, decider) as (client, host):
        await client.send(TOPIC, 0, opened(), context())
        await client.send(TOPIC, 0, adjusted(-40), context())
        state, position = decider.initial(), Position()
        for record in log.partitions[AT]:
            entry = read(position, record)
            position = entry.after
            if entry.kind == "event":
                assert isinstance(entry.decoded, tuple)
                envelope, event = entry.decoded
                decider.evolve(state, "a", event, envelope)
        assert host.owners[AT].fold.state == state


async def test_a_refusal_appends_nothing() -> None:
    log = MemoryLog()
    async with owning(log) as (client, _):
        await client.send(TOPIC, 0, opened(granted=5), context())
        size = len(log.partitions[AT])
        with pytest.raises(InsufficientCredits) as refusal:
            await client.send(TOPIC, 0, adjusted(-6), context())
        assert refusal.value.extra == {"balance": 5}
        with pytest.raises(AlreadyExists):
            await client.send(TOPIC, 0, opened(), context())
        assert len(log.partitions[AT]) == size


async def test_the_last_credit_can_be_spent_once() -> None:
    async with owning(MemoryLog()) as (client, _):
        await client.send(TOPIC, 0, opened(granted=10), context())
        results = await asyncio.gather(
            *(client.send(TOPIC, 0, adjusted(-10), context()) for _ in range(100)), return_exceptions=True
        )
        assert sum(isinstance(r, InsufficientCredits) for r in results) == 99
        assert await balance(client) == 0


async def test_a_repeated_key_is_answered_from_the_state() -> None:
    async with owning(MemoryLog()) as (client, _):
        await client.send(TOPIC, 0, opened(), context())
        once = await asyncio.gather(*(client.send(TOPIC, 0, adjusted(-1), context("k")) for _ in range(20)))
        assert sum(not answer.replayed for answer in once) == 1
        assert await balance(client) == 99
        with pytest.raises(KeyReused):
            await client.send(TOPIC, 0, adjusted(-2), context("k", "other"))


async def test_a_new_owner_starts_from_the_fold() -> None:
    log = MemoryLog()
    async with owning(log) as (client, _):
        await client.send(TOPIC, 0, opened(), context())
        await client.send(TOPIC, 0, adjusted(-30), context("k"))
    async with owning(log) as (client, host):
        assert await balance(client) == 70
        assert (await client.send(TOPIC, 0, adjusted(-30), context("k"))).replayed
        claim = host.owners[AT].claim
        assert claim is not None
        assert claim.epoch == 2


async def test_a_rival_claim_ends_the_ownership_and_nothing_is_answered_wrongly() -> None:
    log = MemoryLog()
    async with owning(log) as (client, host):
        await client.send(TOPIC, 0, opened(), context())
        await log.put(AT, [claim_record(AT, 2, "rival", "http://there")])
        assert (await client.send(TOPIC, 0, adjusted(-1), context())).view == {"balance": 99}
        claim = host.owners[AT].claim
        assert claim is not None
        assert claim.epoch == 3
        assert await balance(client) == 99


async def test_a_refusal_of_a_superseded_owner_is_not_given() -> None:
    """Rule 12: the old owner believes the account is short of credits; the log knows better."""
    log = MemoryLog()
    async with owning(log) as (client, host):
        await client.send(TOPIC, 0, opened(granted=1), context())
        rival = Host(log, {TOPIC: Ledger()}, address="http://there", source="rival", group=None)
        host.owners[AT].heard_of_epoch = lambda epoch: None  # type: ignore[method-assign]
        await rival.start()
        there = CommandClient(rival.directory, b"key", rival)
        while rival.owners[AT].claim is None:
            await asyncio.sleep(0)
        await there.send(TOPIC, 0, adjusted(50), context())
        rival.owners[AT].want(False)
        assert (await client.send(TOPIC, 0, adjusted(-40), context())).view == {"balance": 11}
        await there.stop()
        await rival.stop()


Fault = Callable[[MemoryLog, TP, Sequence[NewRecord]], Awaitable[None]]


async def _lost(log: MemoryLog, tp: TP, records: Sequence[NewRecord]) -> None:
    """The request never arrives."""


async def _late(log: MemoryLog, tp: TP, records: Sequence[NewRecord]) -> None:
    """It is written although the client was told of a failure."""
    await log.put(tp, records)


async def _doubled(log: MemoryLog, tp: TP, records: Sequence[NewRecord]) -> None:
    await log.put(tp, records)
    await log.put(tp, records)


@pytest.mark.parametrize("fault", [_lost, _late, _doubled])
async def test_an_open_outcome_is_settled_by_the_log(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    log = MemoryLog()
    async with owning(log) as (client, _):
        await client.send(TOPIC, 0, opened(), context())
        good = MemoryAppender.append
        failed = False

        async def fail_once(self: MemoryAppender, tp: TP, records: Sequence[NewRecord]) -> int:
            nonlocal failed
            if tp == AT and not failed:
                failed = True
                await fault(log, tp, records)
                raise AppendFailed("no ack")
            return await good(self, tp, records)

        monkeypatch.setattr(MemoryAppender, "append", fail_once)
        answer = await client.send(TOPIC, 0, adjusted(-10), context())
        assert failed
        assert answer.view == {"balance": 90}
        assert await balance(client) == 90
        offset = int(answer.position.rpartition("@")[2])
        assert dict(log.partitions[AT][offset].headers)["ce_type"] == b"lathe.credits.adjusted.v1"


async def test_who_is_superseded_and_not_wanted_waits_in_peace() -> None:
    """A later claim is announced while the group gives the partition to another: the process goes on with all else."""
    async with owning(MemoryLog()) as (client, host):
        await client.send(TOPIC, 0, opened(), context())
        owner = host.owners[AT]
        owner.want(False)
        owner.heard_of_epoch(99)
        async with asyncio.timeout(20):
            while owner.claim is not None:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.5)  # longer than the pause after a step-down
            owner.want(True)
            assert await balance(client) == 100


async def test_who_was_refused_because_the_owner_is_not_wanted_can_rely_on_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Wanted again before the round in flight is over: what works beside the ownership has gone by then."""
    async with owning(MemoryLog()) as (client, host):
        await client.send(TOPIC, 0, opened(), context())
        good, written, may_end = MemoryAppender.append, asyncio.Event(), asyncio.Event()

        async def held(self: MemoryAppender, tp: TP, records: Sequence[NewRecord]) -> int:
            offset = await good(self, tp, records)
            if tp == AT:
                written.set()
                await may_end.wait()
            return offset

        monkeypatch.setattr(MemoryAppender, "append", held)
        owner = host.owners[AT]
        assert owner.claim is not None
        epoch = owner.claim.epoch
        async with asyncio.timeout(20):
            sending = asyncio.create_task(client.send(TOPIC, 0, adjusted(-10), context()))
            await written.wait()
            owner.want(False)
            with pytest.raises(NotOwner):
                owner.submit(Request(adjusted(-20), context()))
            owner.want(True)
            may_end.set()
            assert (await sending).view == {"balance": 90}
            while owner.claim is None or owner.claim.epoch == epoch:
                await asyncio.sleep(0.01)
        assert await balance(client) == 90


@pytest.mark.parametrize("where", ["append", "ends"])
async def test_a_wait_that_a_library_cancels_does_not_end_an_owner(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """aiokafka lets cancellations of its own out; nobody told the owner to end."""
    log, cancelled = MemoryLog(), False

    async def cancel_once(self: Any, *asked: Any) -> Any:
        nonlocal cancelled
        if cancelled or (where == "append" and asked[0] != AT):
            return await good(self, *asked)
        cancelled = True
        raise asyncio.CancelledError

    async with owning(log) as (client, _):
        await client.send(TOPIC, 0, opened(), context())
        good: Any = getattr(MemoryAppender if where == "append" else MemoryLog, where)
        monkeypatch.setattr(MemoryAppender if where == "append" else MemoryLog, where, cancel_once)
        if where == "append":
            await client.send(TOPIC, 0, adjusted(-10), context())
        assert await balance(client) == (90 if where == "append" else 100)
        assert cancelled


async def test_a_stream_that_cannot_be_folded_is_quarantined_and_others_go_on() -> None:
    log = MemoryLog()
    async with owning(log) as (client, _):
        await client.send(TOPIC, 0, opened("bad"), context())
        await client.send(TOPIC, 0, opened("good"), context())
    await log.put(AT, [NewRecord(b"bad", b"not json", event_headers(1, 3), 0)])
    async with owning(log) as (client, _):
        with pytest.raises(StreamQuarantined):
            await client.send(TOPIC, 0, adjusted(1, "bad"), context())
        assert (await client.send(TOPIC, 0, adjusted(1, "good"), context())).view == {"balance": 101}
        assert REGISTRY.get_sample_value("lathe_quarantined_streams", {"topic": AT[0], "partition": "0"}) == 1


async def test_without_an_owner_nothing_is_written() -> None:
    log = MemoryLog()
    async with owning(log) as (client, host):
        host.owners[AT].want(False)
        while host.owners[AT].claim is not None:
            await asyncio.sleep(0)
        size = len(log.partitions[AT])
        with pytest.raises(NoOwner):
            await client.send(TOPIC, 0, opened(), context(), timeout_s=0.2)
        assert len(log.partitions[AT]) == size


async def test_a_waiter_may_go_but_the_command_stays() -> None:
    async with owning(MemoryLog()) as (client, _):
        await client.send(TOPIC, 0, opened(), context())
        call = asyncio.create_task(client.send(TOPIC, 0, adjusted(-1), context()))
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
        assert await balance(client) in (99, 100)
