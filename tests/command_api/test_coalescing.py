"""Questions to one process are gathered while an earlier one is under way."""

import asyncio
from collections.abc import Sequence

import pytest

from adapters.coalescing import Coalescing


class Server:
    """Answers when it is let go. `asked`: the lists that came."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.gate = asyncio.Event()

    async def is_asked(self) -> None:
        """Wait for the first list."""
        async with asyncio.timeout(10):
            while not self.asked:
                await asyncio.sleep(0)

    async def answer(self, questions: Sequence[int]) -> Sequence[int]:
        self.asked.append(list(questions))
        await self.gate.wait()
        if -1 in questions:
            raise ValueError("one of them is no question")
        return [question * 10 for question in questions]


async def test_what_comes_meanwhile_goes_together_and_each_gets_its_own_answer() -> None:
    server = Server()
    coalescing = Coalescing(server.answer, most=3)
    first = asyncio.create_task(coalescing.ask(0))
    await server.is_asked()
    asking = [asyncio.create_task(coalescing.ask(n)) for n in range(1, 5)]
    await asyncio.sleep(0)
    assert server.asked == [[0]]
    server.gate.set()
    assert await asyncio.gather(first, *asking) == [0, 10, 20, 30, 40]
    assert server.asked == [[0], [1, 2, 3], [4]]


async def test_those_who_ask_at_once_go_together() -> None:
    server = Server()
    server.gate.set()
    coalescing = Coalescing(server.answer, most=3)
    assert await asyncio.gather(*(coalescing.ask(n) for n in range(3))) == [0, 10, 20]
    assert server.asked == [[0, 1, 2]]


async def test_who_waits_when_it_is_stopped_is_let_go_and_nothing_more_is_asked() -> None:
    server = Server()
    coalescing = Coalescing(server.answer, most=3)
    first = asyncio.create_task(coalescing.ask(1))
    await server.is_asked()
    waiting = asyncio.create_task(coalescing.ask(2))
    await asyncio.sleep(0)
    await coalescing.stop()
    for task in (first, waiting):
        with pytest.raises(asyncio.CancelledError):
            await task
    assert server.asked == [[1]]


async def test_a_slow_answer_holds_nobody_up() -> None:
    server = Server()
    coalescing = Coalescing(server.answer, most=3)
    slow = asyncio.create_task(coalescing.ask(1))
    await server.is_asked()
    later = asyncio.create_task(coalescing.ask(2))
    async with asyncio.timeout(10):
        while len(server.asked) < 2:
            await asyncio.sleep(0.01)
    assert not slow.done()
    server.gate.set()
    assert await later == 20


async def test_a_failure_is_raised_by_all_who_asked_together_and_the_next_go_on() -> None:
    server = Server()
    server.gate.set()
    coalescing = Coalescing(server.answer, most=3)
    failing = [asyncio.create_task(coalescing.ask(n)) for n in (5, -1, 6)]
    for task in failing:
        with pytest.raises(ValueError, match="no question"):
            await task
    assert await coalescing.ask(7) == 70


async def test_who_went_away_is_not_asked_for() -> None:
    server = Server()
    coalescing = Coalescing(server.answer, most=3)
    first = asyncio.create_task(coalescing.ask(1))
    await server.is_asked()
    gone, last = (asyncio.create_task(coalescing.ask(n)) for n in (2, 3))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait([gone])
    server.gate.set()
    assert await asyncio.gather(first, last) == [10, 30]
    assert server.asked == [[1], [3]]
