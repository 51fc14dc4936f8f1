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

    async def answer(self, questions: Sequence[int]) -> Sequence[int]:
        self.asked.append(list(questions))
        await self.gate.wait()
        if -1 in questions:
            raise ValueError("one of them is no question")
        return [question * 10 for question in questions]


async def test_what_comes_meanwhile_goes_together_and_each_gets_its_own_answer() -> None:
    server = Server()
    coalescing = Coalescing(server.answer, most=3)
    asking = [asyncio.create_task(coalescing.ask(n)) for n in range(5)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert server.asked == [[0]]
    server.gate.set()
    assert await asyncio.gather(*asking) == [0, 10, 20, 30, 40]
    assert server.asked == [[0], [1, 2, 3], [4]]


async def test_a_slow_answer_holds_nobody_up() -> None:
    server = Server()
    coalescing = Coalescing(server.answer, most=3)
    slow, later = asyncio.create_task(coalescing.ask(1)), asyncio.create_task(coalescing.ask(2))
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
    first, *failing = [asyncio.create_task(coalescing.ask(n)) for n in (5, -1, 6)]
    assert await first == 50
    for task in failing:
        with pytest.raises(ValueError, match="no question"):
            await task
    assert await coalescing.ask(7) == 70


async def test_who_went_away_is_not_asked_for() -> None:
    server = Server()
    coalescing = Coalescing(server.answer, most=3)
    first, gone, last = (asyncio.create_task(coalescing.ask(n)) for n in (1, 2, 3))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait([gone])
    server.gate.set()
    assert await asyncio.gather(first, last) == [10, 30]
    assert server.asked == [[1], [3]]
