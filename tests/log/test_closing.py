"""What reads is closed cleanly also when its broker is gone, or answers nothing."""

import asyncio

import pytest

from adapters.kafka import leaving
from adapters.kafka.leaving import Leaving, ended


class Client:
    closed = False

    async def close(self) -> None:
        self.closed = True


class Consumer:
    """As aiokafka's when the broker went away: its fetches, cancelled by `stop`, end it."""

    def __init__(self) -> None:
        self._client = Client()

    async def stop(self) -> None:
        fetch = asyncio.create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        fetch.cancel()
        await fetch


async def test_the_end_of_a_fetch_is_not_the_end_of_who_closes() -> None:
    consumer, left = Consumer(), Leaving()
    left.leave(consumer)
    await left.close()
    assert consumer._client.closed


async def test_who_is_cancelled_while_closing_is_cancelled() -> None:
    class Slow(Consumer):
        async def stop(self) -> None:
            await asyncio.sleep(60)

    left = Leaving()
    left.leave(Slow())
    closing = asyncio.create_task(left.close())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing


async def test_what_does_not_close_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor what goes on though it was cancelled: aiokafka waits for tasks of its own that may have missed that."""
    monkeypatch.setattr(leaving, "STOP_S", 0.05)
    free = asyncio.Event()

    async def stubborn() -> None:
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue

    assert isinstance(await ended(stubborn()), TimeoutError)
    free.set()


async def test_why_it_could_not_be_closed_is_told() -> None:
    async def broken() -> None:
        raise RuntimeError("no")

    assert repr(await ended(broken())) == "RuntimeError('no')"
