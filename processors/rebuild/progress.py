"""Telling how a rebuild goes: to whoever reads its lines, and to the table that operators look at."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

from adapters.kafka.position import TP
from adapters.postgres import rebuilds
from processors.rebuild.pace import Pace
from processors.telling import Tell

EVERY_S: Final = 0.5


class Progress:
    """Of one rebuild, whose id in `ops.rebuilds` is `rebuild_id`."""

    def __init__(self, connection: Any, rebuild_id: int, tell: Tell) -> None:
        self._connection, self._rebuild_id, self.tell = connection, rebuild_id, tell
        self._pace = Pace()
        self._done = self._total = 0
        self.state = "building"

    def aim(self, until: Mapping[TP, int]) -> None:
        """So far it shall get."""
        self._total = sum(until.values())

    def moved(self, positions: Mapping[TP, int]) -> None:
        """So far it got."""
        self._done = sum(positions.values())
        self._pace.saw(time.monotonic(), self._done)

    async def keep_telling(self) -> None:
        """Until cancelled."""
        while True:
            await self.now()
            await asyncio.sleep(EVERY_S)

    async def now(self) -> None:
        eta_s = self._pace.eta_s(self._total - self._done)
        rate = round(self._pace.rate)
        self.tell({"state": self.state, "done": self._done, "total": self._total, "rate": rate, "eta_s": eta_s})
        await rebuilds.note(self._connection, self._rebuild_id, self.state, self._done, self._total, eta_s)
