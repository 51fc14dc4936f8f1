"""In a rush the appends of a partition are apart, so that commands share them; a lone command is not kept waiting."""

import asyncio
from collections.abc import Sequence

import pytest

from adapters.commands.client import CommandClient
from adapters.kafka import appenders
from adapters.kafka.host import Host
from adapters.kafka.memory import MemoryAppender, MemoryLog
from adapters.kafka.port import NewRecord
from adapters.kafka.position import TP
from adapters.kafka.rush import MANY, WINDOW_S, Rush
from tests.log.ledger import Ledger
from tests.log.test_owner import TOPIC, adjusted, context, opened


def test_few_commands_do_not_wait() -> None:
    rush = Rush(0.015)
    for number in range(MANY - 1):
        rush.note(1, 10 + number * 0.001)
    assert rush.rest_s(10.0, 10.01) == 0


def test_many_wait_until_the_last_append_is_long_enough_ago() -> None:
    rush = Rush(0.015)
    rush.note(MANY, 10.0)
    assert rush.rest_s(10.0, 10.005) == pytest.approx(0.01)
    assert rush.rest_s(10.0, 10.02) == 0


def test_a_rush_goes_on_over_the_next_window_and_then_is_over() -> None:
    rush = Rush(0.015)
    rush.note(MANY, 10.0)
    rush.note(1, 10.0 + 1.1 * WINDOW_S)
    assert rush.rest_s(10.11, 10.12) > 0
    assert rush.rest_s(10.3, 10.31) == 0
    rush.note(1, 10.4)
    assert rush.rest_s(10.4, 10.401) == 0


def test_where_nothing_is_to_be_apart_nobody_waits() -> None:
    rush = Rush(0.0)
    rush.note(1000, 10.0)
    assert rush.rest_s(10.0, 10.0) == 0


@pytest.mark.parametrize(("connections", "shared"), [(2, True), (1, False)])
async def test_commands_of_a_rush_share_an_append(
    connections: int, shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appenders, "APART_S", 1.0)
    monkeypatch.setattr("adapters.kafka.rush.WINDOW_S", 10.0)
    sizes: list[int] = []
    append = MemoryAppender.append

    async def counted(self: MemoryAppender, tp: TP, records: Sequence[NewRecord]) -> int:
        sizes.append(len(records))
        return await append(self, tp, records)

    monkeypatch.setattr(MemoryAppender, "append", counted)
    host = Host(
        MemoryLog(), {TOPIC: Ledger()}, address="http://here", source="test", group=None, connections=connections
    )
    client = CommandClient(host.directory, b"key", host)
    await host.start()
    try:
        await client.send(TOPIC, 0, opened(), context())
        await asyncio.gather(*(client.send(TOPIC, 0, adjusted(1), context()) for _ in range(MANY)))
        sizes.clear()
        later = []
        for _ in range(3):
            later.append(asyncio.ensure_future(client.send(TOPIC, 0, adjusted(1), context())))
            for _ in range(100):  # turns of the loop, in which an owner that waits for nothing appends
                await asyncio.sleep(0)
        await asyncio.gather(*later)
        assert sizes == ([3] if shared else [1, 1, 1])
    finally:
        await client.stop()
        await host.stop()
