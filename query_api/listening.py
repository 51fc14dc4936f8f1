"""Hearing from PostgreSQL how far one read schema is: a copy of its offsets in memory, kept by notifications."""

import asyncio
import contextlib
from functools import partial
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
        """Every record before it is in the read models. A crash of PostgreSQL may take it back."""
        self.furthest: dict[TP, int] = {}
        """The furthest that `next` ever was: answers may have told of what is before it."""
        self.origin: dict[str, tuple[str, str]] = {}
        """Topic → (cluster id, topic id) of the log that it is folded from."""
        self.connected = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> dict[TP, Position]:
        """Listen, and tell where the read models stand now. Raises asyncpg's errors and OSError."""
        connection, stands = await self._listen()
        self._task = asyncio.create_task(self._keep_listening(connection), name=f"positions of {self.schema}")
        return stands

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _listen(self) -> tuple[Any, dict[TP, Position]]:
        """A new connection, and where the read models stand for those who came by it."""
        connection = await asyncpg.connect(
            self._url, timeout=10, server_settings={"application_name": "lathe query_api", "search_path": self.schema}
        )
        heard: dict[TP, int] = {}
        try:
            await connection.add_listener(self.schema, partial(self._heard, heard))
            rows = await connection.fetch("SELECT * FROM projection_offsets")
        except BaseException:
            connection.terminate()
            raise
        stands = {}
        for row in rows:
            tp = (row["topic"], row["partition"])
            stands[tp] = Position(row["next_offset"], row["epoch"], row["nonce"], row["seq"])
            self.origin[tp[0]] = (row["cluster_id"], row["topic_id"])
            heard[tp] = max(row["next_offset"], heard.get(tp, 0))
        self.next = heard
        await self._move(heard, {})
        self.connected = True
        return connection, stands

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
                connection, _ = await self._listen()
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
                await asyncio.sleep(0.5)
            else:
                return connection

    def _heard(self, heard: dict[TP, int], connection: Any, pid: int, channel: str, payload: str) -> None:
        moved: dict[TP, int] = {}
        with contextlib.suppress(msgspec.MsgspecError, ValueError):
            for name, offset in _payload.decode(payload).items():
                topic, _, partition = name.rpartition(":")
                moved[(topic, int(partition))] = offset
        self._moving = asyncio.ensure_future(self._move(heard, moved))

    async def _move(self, heard: dict[TP, int], moved: dict[TP, int]) -> None:
        """`heard`: what one connection has told; notifications may overtake what it was asked for."""
        async with self._moved:
            for tp, offset in moved.items():
                heard[tp] = max(offset, heard.get(tp, 0))
            if heard is self.next:
                for tp, offset in heard.items():
                    self.furthest[tp] = max(offset, self.furthest.get(tp, 0))
                self._moved.notify_all()
