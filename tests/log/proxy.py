"""A TCP proxy that does to a connection what networks do: holds it, slows it, resets it, leaves it half open."""

import asyncio
import contextlib
import os
import socket
import struct
from typing import Final

CHUNK: Final = 65_536


class Proxy:
    """Listens on `port`, forwards to `target` (both on loopback). Faults hit what passes, in both directions."""

    def __init__(self, port: int, target: int) -> None:
        self.port, self.target = port, target
        self.delay_s = 0.0
        """Latency: every chunk waits so long."""
        self._open = asyncio.Event()
        self._open.set()
        self._server: asyncio.Server | None = None
        self._lines: set[_Line] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", self.port)

    @property
    def connections(self) -> int:
        return len(self._lines)

    def hold(self) -> None:
        """Bytes wait in here from now on: a blackholed connection."""
        self._open.clear()

    def release(self) -> None:
        """What was held arrives, even if its sender is gone."""
        self._open.set()

    def reset(self) -> int:
        """Both ends of all connections get RST. Returns how many there were."""
        for line in list(self._lines):
            line.reset()
        return len(self._lines)

    def half_open(self) -> int:
        """All connections of now stay open, and nothing ever arrives on them again; new ones work. Returns how many."""
        for line in self._lines:
            line.dead = True
        return len(self._lines)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.release()
        self.reset()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        line = _Line(writer, far_writer)
        self._lines.add(line)
        try:
            await asyncio.gather(self._pump(line, reader, far_writer), self._pump(line, far_reader, writer))
        finally:
            self._lines.discard(line)

    async def _pump(self, line: "_Line", source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Bytes read before a hold stay in the proxy and arrive after the release, even if the sender is gone."""
        with contextlib.suppress(OSError):
            while data := await source.read(CHUNK):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                await self._open.wait()
                if line.dead:
                    continue
                if sink.is_closing():  # the other end is gone
                    break
                sink.write(data)
                await sink.drain()
        with contextlib.suppress(OSError):
            await self._open.wait()
            if not line.dead:  # of a half-open connection the other end does not learn that it is over
                sink.close()


class _Line:
    """One connection: from the client to here, and from here to the server."""

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self._ends = (near, far)
        self.dead = False

    def reset(self) -> None:
        self.dead = False
        for end in self._ends:
            if (taken := end.get_extra_info("socket")) is None:
                continue  # closed by now
            with contextlib.suppress(OSError), socket.socket(fileno=os.dup(taken.fileno())) as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close by RST
            end.transport.abort()
