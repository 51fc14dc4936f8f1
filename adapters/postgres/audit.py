"""`ops.audit`: refusals and other facts that matter to security, without secrets and personal data.

Entries are gathered and written a batch at a time, off the path of the request. While PostgreSQL is away they wait in
memory, the oldest being dropped (and counted in the log) beyond a limit: an attacker must not fill the memory.
"""

import asyncio
import contextlib
from collections import deque
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg
import structlog

_MOST: Final = 10_000
_PAUSE_S: Final = 0.5
_INSERT: Final = (
    "INSERT INTO ops.audit (at, kind, account_id, address, request_id, detail) VALUES ($1, $2, $3, $4, $5, $6)"
)
log = structlog.get_logger("audit")


class Audit:
    """`record` never waits and never fails; `start` and `stop` frame the writing."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool
        self._waiting: deque[tuple[Any, ...]] = deque()
        self._dropped = 0
        self._news = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    def record(
        self,
        kind: str,
        *,
        account_id: str | None = None,
        address: str | None = None,
        request_id: str | None = None,
        **detail: Any,
    ) -> None:
        """Note a fact: `kind` is a short code (`unauthenticated`, `origin-refused`, …), `detail` plain JSON values."""
        if len(self._waiting) >= _MOST:
            self._waiting.popleft()
            self._dropped += 1
        self._waiting.append((datetime.now(UTC), kind, account_id, address, request_id, detail))
        self._news.set()

    async def start(self) -> None:
        self._writer = asyncio.create_task(self._write_always())

    async def stop(self) -> None:
        """Write what is left, and end."""
        if self._writer is not None:
            self._writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._writer
        await self.flush()

    async def flush(self) -> None:
        """Write what is waiting now. On failure it stays and is tried again later."""
        batch, written = list(self._waiting), False
        if not batch:
            return
        self._waiting.clear()
        try:
            await self._pool.executemany(_INSERT, batch)
            written = True
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            log.warning("audit entries wait", entries=len(batch), dropped=self._dropped, error=str(error))
        finally:
            if not written:
                self._waiting.extendleft(reversed(batch))
        if written and self._dropped:
            log.error("audit entries were dropped", entries=self._dropped)
            self._dropped = 0

    async def _write_always(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            await self.flush()
            # Gather: one statement for all refusals of half a second.
            await asyncio.sleep(_PAUSE_S)
            if self._waiting:
                self._news.set()
