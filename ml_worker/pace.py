"""When runs report: at once while few do, and together while many do."""

import asyncio
from typing import Final

EACH_S: Final = 0.004
"""How long a report keeps the next ones waiting: under 250 reports a second the waits die away, over that they grow."""
MOST_S: Final = 0.04


class Pace:
    """A request to the broker costs the same whatever it carries, and so does all that follows from it: the accounts'
    owners, the scheduler and the read models are woken by each. So reports leave in groups that are the larger the more
    there are. The first one after a silence is not waited for.
    """

    def __init__(self, each_s: float = EACH_S, most_s: float = MOST_S) -> None:
        self._each_s, self._most_s = each_s, most_s
        self._free_at = 0.0
        self._group: asyncio.Future[None] | None = None
        self._waiting = 0

    async def turn(self) -> None:
        """Wait until the next group leaves; whoever waits leaves with it."""
        loop = asyncio.get_running_loop()
        if self._group is None:
            if loop.time() >= self._free_at:
                self._free_at = loop.time() + self._each_s
                return
            self._group = loop.create_future()
            loop.call_at(self._free_at, self._leave)
        self._waiting += 1
        await asyncio.shield(self._group)

    def _leave(self) -> None:
        group, self._group = self._group, None
        assert group is not None, "somebody waits"
        group.set_result(None)
        self._free_at = asyncio.get_running_loop().time() + min(self._each_s * self._waiting, self._most_s)
        self._waiting = 0
