"""A death between two events: the user is registered, the account is not yet open."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

import asyncpg
import pytest

from adapters.commands.reactions import open_account
from adapters.errors import OutcomePending
from adapters.kafka import lost_place, topics
from adapters.kafka.metrics import PLACE_LOST
from adapters.kafka.place import require_place
from adapters.kafka.port import Log
from adapters.kafka.position import TP, Position
from adapters.kafka.requests import Applied
from domain.account.events import AccountOpened
from domain.identity.events import UserRegistered
from processors.reactors.cursors import PostgresCursors
from processors.reactors.reactor import NAME, Reactor
from tests.command_api.world import PASSWORD, User, World, refused, until

IDENTITY: TP = (topics.IDENTITY.name, 0)


class Cursors:
    """Kept in memory, so that a death can forget the last saving."""

    def __init__(self) -> None:
        self.saved: dict[TP, Position] = {}

    async def load(self, name: str, tps: Iterable[TP]) -> dict[TP, Position]:
        return {tp: self.saved.get(tp, Position()) for tp in tps}

    async def save(self, name: str, positions: Mapping[TP, Position]) -> None:
        self.saved = dict(positions)


@asynccontextmanager
async def reacting(here: World, cursors: object) -> AsyncIterator[None]:
    running = asyncio.create_task(Reactor(here.log, here.parts.commands, cursors).run())  # type: ignore[arg-type]
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait([running])


async def registered_and_died(here: World) -> User:
    """The process dies right after UserRegistered: its second command is never sent."""
    send = here.parts.commands.send

    async def dies(topic: topics.Topic, *rest: object, **more: object) -> Applied:
        if topic == topics.ACCOUNTS:
            raise OutcomePending("the process is dead")
        return await send(topic, *rest, **more)  # type: ignore[arg-type]

    here.parts.commands.send = dies  # type: ignore[method-assign, assignment]
    ann = await here.user()
    here.parts.commands.send = send  # type: ignore[method-assign]
    return ann


async def test_the_reactor_opens_the_account_once(here: World) -> None:
    ann = await registered_and_died(here)
    with here.nothing_written():
        refused(await here.post("/generate", ann, json={"prompt": "a mug"}), 503, "unavailable")
    assert here.of(ann, AccountOpened) == []
    cursors = Cursors()
    async with reacting(here, cursors):
        await until(lambda: here.of(ann, AccountOpened), "the account")
        end = here.sizes()[IDENTITY]
        await until(lambda: cursors.saved.get(IDENTITY, Position()).offset >= end, "the cursor")
    assert await here.wallet(ann) == (10, 0)
    await here.task(ann)
    cursors.saved.clear()
    async with reacting(here, cursors):
        await until(lambda: cursors.saved.get(IDENTITY, Position()).offset >= end, "the second reading")
    assert len(here.of(ann, AccountOpened)) == 1
    assert await here.wallet(ann) == (9, 1)


async def test_a_place_that_the_log_does_not_hold_is_waited_for(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lost_place, "LOOK_S", 0.02)
    ann = await registered_and_died(here)
    cursors = Cursors()
    cursors.saved[IDENTITY] = Position(here.sizes()[IDENTITY] + 50)
    lost = PLACE_LOST.labels(NAME)._value
    async with reacting(here, cursors):
        await until(lambda: lost.get() == 1, "the place to be missed")
        assert here.of(ann, AccountOpened) == []
        cursors.saved.clear()
        await until(lambda: here.of(ann, AccountOpened), "the account")
        assert lost.get() == 0


async def test_a_log_that_grew_past_the_place_anew_is_told_of_for_as_long_as_the_place_stands(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker lost what it had not written to its disk, and the owner claimed again: no event would be valid."""
    monkeypatch.setattr(lost_place, "LOOK_S", 0.02)
    ann = await registered_and_died(here)
    cursors = Cursors()
    cursors.saved[IDENTITY] = Position(here.sizes()[IDENTITY], 1, "of a claim that was lost", 1)
    looked = count_looks(monkeypatch)
    async with reacting(here, cursors):
        await until(lambda: len(looked) >= 5, "a few looks")
        assert set(looked[1:]) == {1}
        assert here.of(ann, AccountOpened) == []
        cursors.saved.clear()
        await until(lambda: here.of(ann, AccountOpened), "the account")
        assert PLACE_LOST.labels(NAME)._value.get() == 0


def count_looks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the reactor's alert was at each look for its place."""
    told: list[float] = []

    async def looks(log: Log, positions: Mapping[TP, Position]) -> None:
        told.append(PLACE_LOST.labels(NAME)._value.get())
        await require_place(log, positions)

    monkeypatch.setattr("processors.reactors.reactor.require_place", looks)
    return told


async def test_a_connection_that_is_cut_at_an_odd_moment_is_one_that_is_away(here: World) -> None:
    ann = await registered_and_died(here)
    cursors = Cursors()
    save, cut = cursors.save, [asyncpg.InternalClientError("unexpected message")]

    async def cut_once(name: str, positions: Mapping[TP, Position]) -> None:
        while cut:
            raise cut.pop()
        await save(name, positions)

    cursors.save = cut_once  # type: ignore[method-assign]
    async with reacting(here, cursors):
        end = here.sizes()[IDENTITY]
        await until(lambda: cursors.saved.get(IDENTITY, Position()).offset >= end, "the cursor")
    assert len(here.of(ann, AccountOpened)) == 1


async def test_handler_and_reactor_at_the_same_time_open_one_account(here: World) -> None:
    cursors = Cursors()
    async with reacting(here, cursors):
        users = await asyncio.gather(*(here.user(f"u{n}") for n in range(10)))
        end = here.sizes()[IDENTITY]
        await until(lambda: cursors.saved.get(IDENTITY, Position()).offset >= end, "the cursor")
    for user in users:
        assert len(here.of(user, AccountOpened)) == 1
        assert await here.wallet(user) == (10, 0)


async def test_the_cursor_is_saved_only_after_the_commands_were_answered(here: World) -> None:
    """A death between sending and saving leads to a repeat, never to a gap."""
    ann = await registered_and_died(here)
    cursors = PostgresCursors(here.parts.pool)
    before = await cursors.load(NAME, [IDENTITY])
    asked = asyncio.Event()
    send = here.parts.commands.send

    async def never_answered(*rest: object, **more: object) -> Applied:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    here.parts.commands.send = never_answered  # type: ignore[method-assign]
    async with reacting(here, cursors):
        await asked.wait()
    assert await cursors.load(NAME, [IDENTITY]) == before
    here.parts.commands.send = send  # type: ignore[method-assign]
    await here.parts.pool.execute("DELETE FROM ops.cursors")
    async with reacting(here, cursors):
        await until(lambda: here.of(ann, AccountOpened), "the account")

        async def saved() -> bool:
            return (await cursors.load(NAME, [IDENTITY]))[IDENTITY].offset >= here.sizes()[IDENTITY]

        await until(saved, "the cursor")
    await here.parts.pool.execute("DELETE FROM ops.cursors")
    assert len(here.of(ann, AccountOpened)) == 1


async def test_a_reactor_outlives_an_absence_of_the_database(here: World) -> None:
    ann = await registered_and_died(here)

    class Shaky(Cursors):
        failures = 0

        async def save(self, name: str, positions: Mapping[TP, Position]) -> None:
            if self.failures == 0:
                self.failures += 1
                raise asyncpg.ConnectionDoesNotExistError("cut")
            await super().save(name, positions)

    cursors = Shaky()
    async with reacting(here, cursors):
        await until(lambda: cursors.saved, "the cursor")
    assert cursors.failures == 1
    assert len(here.of(ann, AccountOpened)) == 1


async def test_64_replaying_registrations_from_the_beginning_grants_nothing(here: World) -> None:
    ann = await here.user()
    with here.nothing_written():
        for envelope, event in here.events(IDENTITY):
            if isinstance(event, UserRegistered) and event.account_id == ann.account_id:
                reaction = open_account(envelope, event)
                view = (
                    await here.parts.commands.send(
                        reaction.topic, reaction.partition, reaction.command, reaction.context
                    )
                ).view
                assert view["balance"] == 10


async def test_a_registration_answers_though_the_account_waits(here: World) -> None:
    username = f"ann-{uuid.uuid4().hex}"
    send = here.parts.commands.send

    async def away(topic: topics.Topic, *rest: object, **more: object) -> Applied:
        if topic == topics.ACCOUNTS:
            raise OutcomePending("nobody knows")
        return await send(topic, *rest, **more)  # type: ignore[arg-type]

    here.parts.commands.send = away  # type: ignore[method-assign, assignment]
    answer = await here.post("/auth/register", json={"username": username, "password": PASSWORD})
    assert answer.status_code == 201
