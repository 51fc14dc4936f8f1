"""When an owner's state is in the log: a round is folded into it before its append is acknowledged."""

import asyncio


class Confirmation:
    """Between `begin` and `end` the state holds what may never be in the log; no answer may rest on it (rule 11)."""

    def __init__(self) -> None:
        self._is_due = False
        self._waiting: list[asyncio.Future[None]] = []

    def begin(self) -> None:
        """A round was folded; its append is under way."""
        self._is_due = True

    async def end(self) -> None:
        """It is acknowledged. Who waited looks at the state now, before the next round changes it."""
        if self.give_up():
            await asyncio.sleep(0)

    def give_up(self) -> bool:
        """The ownership is over, and who waited is to see that. True: somebody waited."""
        self._is_due = False
        waited = bool(self._waiting)
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()
        return waited

    async def wait(self) -> None:
        """Returns while the state holds nothing that is not in the log, or when the ownership is over."""
        if self._is_due:
            waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            await waiting
