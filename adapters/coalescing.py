"""Questions to one process, gathered while earlier ones are under way: many small requests become a few larger."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from adapters.cancellation import was_cancelled

Question = TypeVar("Question")
Answer = TypeVar("Answer")
PATIENCE_S: Final = 0.02
"""A request that takes longer holds nobody up: what gathered meanwhile is sent beside it."""


class Coalescing(Generic[Question, Answer]):
    """`send` answers a list of questions by a list as long, or raises for all of them. At most `most` in one list."""

    def __init__(self, send: Callable[[Sequence[Question]], Awaitable[Sequence[Answer]]], most: int) -> None:
        self._send, self._most = send, most
        self._waiting: deque[tuple[Question, asyncio.Future[Answer]]] = deque()
        self._flights: dict[asyncio.Task[None], float] = {}

    async def ask(self, question: Question) -> Answer:
        """The answer to one question. Raises what `send` raises. Who asks in the same turn of the loop goes along."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((question, answer))
        if len(self._waiting) == 1:
            loop.call_soon(self._go_on)
        return await answer

    async def stop(self) -> None:
        """Drop what is under way, and what waits for it."""
        while self._waiting:
            self._waiting.popleft()[1].cancel()
        flights = list(self._flights)
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    def _go_on(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting and all(loop.time() - began >= PATIENCE_S for began in self._flights.values()):
            taken = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            batch = [(question, answer) for question, answer in taken if not answer.done()]
            if batch:
                flight = asyncio.create_task(self._fly(batch))
                self._flights[flight] = loop.time()
                flight.add_done_callback(self._landed)
                loop.call_later(PATIENCE_S + 0.001, self._go_on)

    def _landed(self, flight: "asyncio.Task[None]") -> None:
        del self._flights[flight]
        self._go_on()

    async def _fly(self, batch: "list[tuple[Question, asyncio.Future[Answer]]]") -> None:
        try:
            answers = await self._send([question for question, _ in batch])
            for (_, asked), answer in zip(batch, answers, strict=True):
                if not asked.done():
                    asked.set_result(answer)
        except BaseException as error:
            if was_cancelled(error):
                raise
            if isinstance(error, asyncio.CancelledError):
                error = ConnectionError("what was asked together was cancelled on its way")
            for _, asked in batch:
                if not asked.done():
                    asked.set_exception(error)
        finally:
            for _, asked in batch:
                asked.cancel()
