"""A TCP proxy that can hold what passes through it, and release it later: a blackholed connection."""

import asyncio
import contextlib


class Proxy:
    """Listens on `port`, forwards to `target` (both on loopback). While held, bytes wait in it, in both directions."""

    def __init__(self, port: int, target: int) -> None:
        self.port, self.target = port, target
        self._open = asyncio.Event()
        self._open.set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", self.port)

    def hold(self) -> None:
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            broker_reader, broker_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self._pump(reader, broker_writer), self._pump(broker_reader, writer))

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Bytes read before the hold stay in the proxy and arrive after the release, even if the sender is gone."""
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                await self._open.wait()
                sink.write(data)
                await sink.drain()
        with contextlib.suppress(OSError):
            await self._open.wait()
            sink.close()
