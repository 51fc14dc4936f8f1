"""A half-open connection whose both ends are gone leaves no open socket behind (pytest: ResourceWarning, an error)."""

import asyncio
import gc

from tests.chaos.wire import Wire
from tests.embedded import PORTS


async def test_a_half_open_connection_is_dropped_when_both_ends_are_gone() -> None:
    accepted: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(1))
        accepted.put_nowait(writer)
        assert await reader.read() == b""

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        wire = Wire(PORTS.choose(0), server.sockets[0].getsockname()[1])
        await wire.start()
        near, near_writer = await asyncio.open_connection("127.0.0.1", wire.port)
        near_writer.write(b"x")
        assert await near.readexactly(1) == b"x"
        far_writer = await accepted.get()
        assert wire.half_open() == 1

        near_writer.close()
        far_writer.close()
        async with asyncio.timeout(30):
            while wire.connections:
                await asyncio.sleep(0.01)
        await wire.stop()
    del near, near_writer, far_writer
    gc.collect()
