"""The proxy between two parts of a whole service: it drops a half-open connection when both of its ends are gone."""

import asyncio
from typing import TYPE_CHECKING

from tests.log.proxy import Proxy

if TYPE_CHECKING:
    from tests.log.proxy import _Line


class Wire(Proxy):
    """A run makes hundreds of half-open connections, and kills what stands at their ends.

    Neither end learns that the other is gone. When both are, the sockets in here are closed: they would pile up, and
    Python warns of each that is lost while it is open (ResourceWarning, an error in pytest).
    """

    def __init__(self, port: int, target: int) -> None:
        super().__init__(port, target)
        self._one_end_left: set[_Line] = set()

    async def _pump(self, line: "_Line", source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        await super()._pump(line, source, sink)
        if line not in self._one_end_left:
            self._one_end_left.add(line)
            return
        self._one_end_left.discard(line)
        if line.dead:
            line.reset()
