"""What an owner tells about a command afterwards, while it is writing others."""

import asyncio
from collections.abc import Sequence

import pytest

from adapters.kafka.memory import MemoryAppender, MemoryLog
from adapters.kafka.port import AppendFailed, NewRecord
from adapters.kafka.position import TP
from adapters.kafka.requests import NotOwner, Request
from tests.log.test_owner import AT, TOPIC, adjusted, context, opened, owning


@pytest.mark.parametrize("lands", [True, False])
async def test_an_outcome_tells_nothing_that_is_not_in_the_log(lands: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state of an owner is ahead of the log while it appends; whoever asks then waits for the ack."""
    log, asked = MemoryLog(), context()
    good, sent, acknowledged = MemoryAppender.append, asyncio.Event(), asyncio.Event()

    async def slow(self: MemoryAppender, tp: TP, records: Sequence[NewRecord]) -> int:
        if tp != AT:
            return await good(self, tp, records)
        sent.set()
        await acknowledged.wait()
        if not lands:
            raise AppendFailed("lost")
        return await good(self, tp, records)

    async with owning(log) as (client, host):
        owner = host.owners[AT]
        await client.send(TOPIC, 0, opened(), asked)
        assert owner.claim is not None
        epoch = owner.claim.epoch
        monkeypatch.setattr(MemoryAppender, "append", slow)
        owner.submit(Request(adjusted(-10), context()))
        await sent.wait()
        telling = asyncio.create_task(owner.outcome(asked.command_id, epoch))
        await asyncio.sleep(0)
        assert not telling.done()
        monkeypatch.setattr(MemoryAppender, "append", good)
        acknowledged.set()
        if lands:
            told = await telling
            assert not isinstance(told, str)
            assert told.view == {"balance": 90}
        else:
            with pytest.raises(NotOwner):
                await telling
