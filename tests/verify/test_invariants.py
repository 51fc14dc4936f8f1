"""Each invariant broken once, in a history that is right otherwise: it is named with the first offset of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from adapters.kafka import topics
from adapters.kafka.readrule import event_headers
from adapters.kafka.record import encode_headers, encode_value
from adapters.object_store.memory import MemoryStore
from adapters.postgres.read.tables import metadata
from domain.account import events as e
from domain.identity.events import UserRegistered
from domain.ownership import OwnerAnnounced
from domain.runs import events as run
from processors.verify.findings import Findings
from processors.verify.invariants import INVARIANTS
from processors.verify.shelf import Shelf
from processors.verify.tables import taken
from processors.verify.verifying import Report, Verification
from tests.projections.handmade import CREDIT, requested, sealed
from tests.projections.reading import emptied, identity_of
from tests.rebuild.making import project
from tests.verify.history import WORKER, History, some_history

Place = tuple[str, int, int | None]
ACCOUNTS, RUNS = topics.ACCOUNTS.name, topics.RUNS.name


@pytest.fixture(scope="module")
def url(fresh_read_models: Callable[[], str]) -> str:
    return fresh_read_models()


@pytest.fixture
async def live(url: str) -> AsyncIterator[Any]:
    connection = await emptied(url)
    yield connection
    await connection.close()


async def verified(url: str, history: History, store: MemoryStore | None = None) -> Report:
    """Objects as the history has them, unless there is a store."""
    if store is None:
        store = MemoryStore()
        await history.store_objects(store)
    with Shelf() as shelf:
        standing = await taken(url, identity_of(), shelf, lambda _: None)
        return await Verification(history.log, shelf, standing, store, "hash", lambda _: None).run()


def first_of(findings: Findings, invariant: str) -> str:
    return next(str(found.place) for found in findings.told() if found.invariant == invariant)


async def test_what_holds_is_said_to_hold(url: str, live: Any) -> None:
    history, _ = await some_history()
    await project(live, history)
    report = await verified(url, history)
    assert report.findings.told() == []
    assert report.records == sum(map(len, history.log.partitions.values()))
    assert report.rows == sum([await live.fetchval(f"SELECT count(*) FROM {table}") for table in
                               ("users", "models", "accounts", "ledger", "files", "tasks", "task_events")])  # fmt: skip
    assert report.objects == len(history.objects)
    assert (report.void, report.excepted) == (0, 0)


async def test_read_models_that_are_behind_are_compared_where_they_stand(url: str, live: Any) -> None:
    history, accounts = await some_history()
    await project(live, history)
    for account in accounts:
        await history.complete(account)
    report = await verified(url, history)
    assert report.findings.told() == []


async def test_the_tables_are_free_as_soon_as_they_were_copied(url: str, live: Any) -> None:
    """While the log is read no transaction is open: what the tables are by then changes nothing."""
    history, _ = await some_history()
    await project(live, history)
    with Shelf() as shelf:
        standing = await taken(url, identity_of(), shelf, lambda _: None)
        async with asyncio.timeout(20):  # it would wait for whoever has read them
            await live.execute(f"TRUNCATE {', '.join(metadata.tables)}")
        report = await Verification(history.log, shelf, standing, None, "none", lambda _: None).run()
    assert report.findings.told() == []
    assert report.rows > 0


async def test_void_records_break_nothing(url: str, live: Any) -> None:
    history, accounts = await some_history()
    event = e.AccountClosed()
    for headers in ([], event_headers(1, 2), event_headers(2, 1)):  # nobody's, a superseded owner's, a repeat
        envelope = encode_headers(history._envelope(event, accounts[0], stream_version=1))
        await history.put((ACCOUNTS, 3), accounts[0].encode(), encode_value(event), envelope + headers)
    await project(live, history)
    report = await verified(url, history)
    assert report.findings.told() == []
    assert (report.void, report.foreign) == (3, 1)


Break = Callable[[History, list[str]], Awaitable[Place]]
"""Breaks one thing; where that shows."""


async def _next(history: History, account: str) -> Place:
    tp, offset = history.end(topics.ACCOUNTS, account)
    return *tp, offset


async def offsets(history: History, accounts: list[str]) -> Place:
    del history.log.partitions[ACCOUNTS, 7][4]
    return ACCOUNTS, 7, 5


async def owner_epochs(history: History, accounts: list[str]) -> Place:
    place = await _next(history, accounts[0])
    history._epoch[ACCOUNTS, 3] += 1
    await history.append(accounts[0], e.CreditsAdjusted(amount=1, reason="gift"))
    return place


async def owner_sequence(history: History, accounts: list[str]) -> Place:
    place = await _next(history, accounts[0])
    history._seq[ACCOUNTS, 3] += 1
    await history.append(accounts[0], e.CreditsAdjusted(amount=1, reason="gift"))
    return place


async def stream_versions(history: History, accounts: list[str]) -> Place:
    place = await _next(history, accounts[1])
    await history.append(accounts[1], e.CreditsAdjusted(amount=1, reason="gift"), stream_version=99)
    return place


async def partition(history: History, accounts: list[str]) -> Place:
    offset = len(history.log.partitions[RUNS, 5])
    began = run.RunStarted(task_id=await history.request(accounts[0]), attempt=1, sequence=1, worker_id=WORKER,
                           device="cpu")  # fmt: skip
    headers = encode_headers(history._envelope(began, accounts[0]))
    await history.put((RUNS, 5), accounts[0].encode(), encode_value(began), headers)
    return RUNS, 5, offset


async def readable(history: History, accounts: list[str]) -> Place:
    place = await _next(history, accounts[2])
    await history.append(accounts[2], e.AccountClosed(), value=b"no JSON")
    return place


async def history_(history: History, accounts: list[str]) -> Place:
    place = await _next(history, accounts[2])
    await history.append(accounts[2], e.AccountOpened(user_id=3, granted=0))
    return place


async def balance(history: History, accounts: list[str]) -> Place:
    place = await _next(history, accounts[0])
    await history.append(accounts[0], requested(history.new_id(3), price=1_000 * CREDIT))
    return place


async def settlement(history: History, accounts: list[str]) -> Place:
    task = await history.request(accounts[0])
    await history.start(accounts[0], task)
    place = await _next(history, accounts[0])
    await history.succeed(accounts[0], task, charged=CREDIT, released=CREDIT)
    return place


async def task_sequence(history: History, accounts: list[str]) -> Place:
    task = await history.request(accounts[0])
    history._task_seq[task] += 1
    place = await _next(history, accounts[0])
    await history.start(accounts[0], task)
    return place


async def task_life(history: History, accounts: list[str]) -> Place:
    task, _ = await history.complete(accounts[0])
    place = await _next(history, accounts[0])
    await history.append(accounts[0], e.TaskCancelRequested(task_id=task, attempt=1))
    return place


async def run_source(history: History, accounts: list[str]) -> Place:
    task = await history.request(accounts[0])
    place = await _next(history, accounts[0])
    await history.append(accounts[0], e.TaskStarted(task_id=task, attempt=1, worker_id=WORKER, source_offset=10_000))
    return place


async def run_assigned(history: History, accounts: list[str]) -> Place:
    tp, offset = history.end(topics.RUNS, accounts[2])
    began = run.RunStarted(task_id=history.new_id(7), attempt=1, sequence=1, worker_id="stranger", device="cpu")
    await history.report(accounts[2], began)
    return *tp, offset


async def assignment_requested(history: History, accounts: list[str]) -> Place:
    tp, offset = history.end(topics.ASSIGNMENTS)
    await history.assign(accounts[0], history.new_id(3), 2)
    return *tp, offset


async def claim_announced(history: History, accounts: list[str]) -> Place:
    told = OwnerAnnounced(topic=ACCOUNTS, partition=3, epoch=9, nonce="other", address="http://owner", claim_offset=1)
    await history.put((topics.OWNERS.name, 0), b"x", encode_value(told), encode_headers(history._envelope(told, "x")))
    return ACCOUNTS, 3, 1


async def users(history: History, accounts: list[str]) -> Place:
    tp, offset = history.end(topics.IDENTITY)
    twice = UserRegistered(user_id=9, account_id=history.account_in(1), username=sealed("x"), username_hmac="name-1")
    await history.append("9", twice, topics.IDENTITY)
    return *tp, offset


async def models(history: History, accounts: list[str]) -> Place:
    place = await _next(history, accounts[0])
    await history.append(accounts[0], requested(history.new_id(3), model_version="7.0.0"))
    return place


BREAKS: dict[str, Break] = {
    "offsets": offsets,
    "owner-epochs": owner_epochs,
    "owner-sequence": owner_sequence,
    "stream-versions": stream_versions,
    "partition": partition,
    "readable": readable,
    "history": history_,
    "balance": balance,
    "settlement": settlement,
    "task-sequence": task_sequence,
    "task-life": task_life,
    "run-source": run_source,
    "run-assigned": run_assigned,
    "assignment-requested": assignment_requested,
    "claim-announced": claim_announced,
    "users": users,
    "models": models,
}


@pytest.mark.parametrize("invariant", BREAKS)
async def test_broken_in_the_log(invariant: str, url: str, live: Any) -> None:
    """What follows is right again, or suffers from it in later places only."""
    history, accounts = await some_history()
    topic, partition, offset = await BREAKS[invariant](history, accounts)
    for account in accounts[1:]:
        await history.complete(account)
    report = await verified(url, history)
    first = report.findings.first
    assert first is not None
    assert (first.invariant, str(first.place)) == (invariant, f"{topic}:{partition}@{offset}"), first.detail


async def test_each_invariant_is_broken_by_a_test() -> None:
    assert set(BREAKS) | {"objects", "read-models", "read-models-log"} == set(INVARIANTS)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("UPDATE accounts SET balance = balance + 1", "accounts has other values"),
        ("DELETE FROM task_events WHERE seq = 2", "task_events has no row for it"),
        ("UPDATE tasks SET params = '{\"formats\": [\"stl\"]}' WHERE status = 'completed'", "tasks has other values"),
        ("UPDATE users SET role = 'admin' WHERE user_id = 2", "users has other values"),
        ("UPDATE models SET price = 0", "models has other values"),
        ("DELETE FROM files WHERE format IS NULL", "files has no row for it"),
        ("UPDATE ledger SET charged = charged + 1 WHERE kind = 'completed'", "ledger has other values"),
    ],
)
async def test_a_row_that_is_not_what_the_log_says(damage: str, told: str, url: str, live: Any) -> None:
    history, _ = await some_history()
    await project(live, history)
    await live.execute(damage)
    report = await verified(url, history)
    assert set(report.findings.counts) == {"read-models"}
    first = report.findings.first
    assert first is not None
    assert first.detail == told
    assert first.place.offset is not None


async def test_the_offset_that_made_a_wrong_row(url: str, live: Any) -> None:
    history, accounts = await some_history()
    task = await history.request(accounts[2])
    _, offset = history.end(topics.ACCOUNTS, accounts[2])
    await history.start(accounts[2], task)
    await history.append(accounts[2], e.CreditsAdjusted(amount=1, reason="gift"))
    await project(live, history)
    await live.execute("UPDATE tasks SET status = 'queued' WHERE task_id = $1", task)
    first = (await verified(url, history)).findings.first
    assert first is not None
    assert str(first.place) == f"{ACCOUNTS}:7@{offset}"


async def test_a_row_that_no_event_made(url: str, live: Any) -> None:
    history, accounts = await some_history()
    await project(live, history)
    await live.execute(
        "INSERT INTO ledger (account_id, version, kind, time) VALUES ($1, 999, 'gift', now())", accounts[0]
    )
    found = (await verified(url, history)).findings.told()
    assert [(f.invariant, f.detail) for f in found] == [("read-models", "ledger has a row that no event made")]


async def test_read_models_of_another_log(url: str, live: Any) -> None:
    history, _ = await some_history()
    await project(live, history)
    await live.execute("UPDATE projection_offsets SET topic_id = 'another' WHERE topic = 'lathe.accounts'")
    assert (await verified(url, history)).findings.counts == {"read-models-log": 1}
    await live.execute("UPDATE projection_offsets SET topic_id = 'id of lathe.accounts' WHERE topic = 'lathe.accounts'")
    await live.execute(
        "UPDATE projection_offsets SET last_record_id = 'x' WHERE topic = $1 AND partition = 3", ACCOUNTS
    )
    report = await verified(url, history)
    first = report.findings.first
    assert first is not None
    end = len(history.log.partitions[ACCOUNTS, 3])
    assert (first.invariant, str(first.place)) == ("read-models-log", f"{ACCOUNTS}:3@{end - 1}")


@pytest.mark.parametrize("damage", ["missing", "short", "other"])
async def test_an_object_that_is_not_what_its_hash_says(damage: str, url: str, live: Any) -> None:
    history, accounts = await some_history()
    task = await history.request(accounts[2])
    await history.start(accounts[2], task)
    _, offset = history.end(topics.ACCOUNTS, accounts[2])
    key = await history.succeed(accounts[2], task)
    store = MemoryStore()
    await history.store_objects(store)
    content = history.objects[key]
    if damage == "missing":
        await store.delete(key)
    else:
        await store.put_bytes(key, content[:-1] if damage == "short" else content[::-1], "model/gltf-binary")
    first = (await verified(url, history, store)).findings.first
    assert first is not None
    assert (first.invariant, str(first.place)) == ("objects", f"{ACCOUNTS}:7@{offset}")


async def test_an_erased_account_has_no_objects(url: str, live: Any) -> None:
    history, accounts = await some_history()
    await history.append(accounts[2], e.AccountClosed())
    store = MemoryStore()
    await history.store_objects(store)
    for key in await store.keys(f"acct/{accounts[2]}/"):
        await store.delete(key)
    assert (await verified(url, history, store)).findings.told() == []


async def test_an_account_that_is_erased_meanwhile_has_no_objects(url: str, live: Any) -> None:
    """Its closing came after the ends were asked for; it is on the list before the first object goes."""
    history, accounts = await some_history()
    store = MemoryStore()
    await history.store_objects(store)
    for account in accounts[1:]:
        for key in await store.keys(f"acct/{account}/"):
            await store.delete(key)
    with Shelf() as shelf:
        given = partial(_given, {accounts[2]})
        findings = (await Verification(history.log, shelf, None, store, "hash", lambda _: None, given).run()).findings
    assert {found.invariant for found in findings.told()} == {"objects"}
    assert all(accounts[1] in str(found.subject) for found in findings.told())


async def _given(accounts: set[str]) -> set[str]:
    return accounts


async def test_parked_streams_are_compared_up_to_their_first_parked_record(url: str, live: Any) -> None:
    history, accounts = await some_history()
    place = await readable(history, accounts)
    await history.append(accounts[2], e.CreditsAdjusted(amount=1, reason="behind"))
    await history.complete(accounts[1])
    await project(live, history)
    report = await verified(url, history)
    assert [str(found.place) for found in report.findings.told()] == [f"{place[0]}:{place[1]}@{place[2]}"]
