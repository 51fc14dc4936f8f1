"""Hearing from PostgreSQL how far one read schema is: a copy of its offsets in memory, kept by notifications."""

import asyncio
import contextlib
from typing import Any, Final

import asyncpg
import msgspec
import structlog

from adapters.kafka.position import TP, Position

log = structlog.get_logger(__name__)
_payload: Final = msgspec.json.Decoder(dict[str, int])
_PING_S: Final = 5.0


class Listening:
    """One connection that listens to one read schema. `moved` is notified with each movement."""

    def __init__(self, postgres_url: str, schema: str, moved: asyncio.Condition) -> None:
        self._url, self.schema, self._moved = postgres_url, schema, moved
        self.next: dict[TP, int] = {}
        """Every record before it is in the read models."""
        self.origin: dict[str, tuple[str, str]] = {}
        """Topic → (cluster id, topic id) of the log that it is folded from."""
        self.connected = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> dict[TP, Position]:
        """Listen, and tell where the read models stand now. Raises asyncpg's errors and OSError."""
        connection = await self._listen()
        stands = await self._load(connection)
        self._task = asyncio.create_task(self._keep_listening(connection), name=f"positions of {self.schema}")
        return stands

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _listen(self) -> Any:
        connection = await asyncpg.connect(
            self._url, timeout=10, server_settings={"application_name": "lathe query_api", "search_path": self.schema}
        )
        await connection.add_listener(self.schema, self._heard)
        return connection

    async def _load(self, connection: Any) -> dict[TP, Position]:
        stands = {}
        for row in await connection.fetch("SELECT * FROM projection_offsets"):
            tp = (row["topic"], row["partition"])
            stands[tp] = Position(row["next_offset"], row["epoch"], row["nonce"], row["seq"])
            self.origin[tp[0]] = (row["cluster_id"], row["topic_id"])
        await self._move({tp: position.offset for tp, position in stands.items()})
        self.connected = True
        return stands

    async def _keep_listening(self, connection: Any) -> None:
        """Notifications of a broken connection are lost: after a new one the offsets are loaded again."""
        while True:
            try:
                while True:
                    await asyncio.sleep(_PING_S)
                    await connection.execute("SELECT 1", timeout=_PING_S)
            except asyncio.CancelledError:
                connection.terminate()
                raise
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
                self.connected = False
                log.warning("lost the connection that hears of projections", why=repr(error))
                connection.terminate()
            connection = await self._again()

    async def _again(self) -> Any:
        while True:
            try:
                connection = await self._listen()
                await self._load(connection)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
                await asyncio.sleep(0.5)
            else:
                return connection

    def _heard(self, connection: Any, pid: int, channel: str, payload: str) -> None:
        moved: dict[TP, int] = {}
        with contextlib.suppress(msgspec.MsgspecError, ValueError):
            for name, offset in _payload.decode(payload).items():
                topic, _, partition = name.rpartition(":")
                moved[(topic, int(partition))] = offset
        self._moving = asyncio.ensure_future(self._move(moved))

    async def _move(self, moved: dict[TP, int]) -> None:
        async with self._moved:
            for tp, offset in moved.items():
                self.next[tp] = max(offset, self.next.get(tp, 0))
            self._moved.notify_all()
