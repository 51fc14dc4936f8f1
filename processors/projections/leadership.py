"""Who projects: one process at a time, by an advisory lock on the very connection that writes.

The lock only keeps projectors from working against each other; that nothing is written twice is proved by the offsets
(`offsets.advance`). A killed process loses its connection, and so the lock, at once. A stopped one loses it after
`IDLE_S`, when PostgreSQL ends its silent session. Whose connection dies without a word notices it, because it waits for
no answer for ever: who stands by asks for the lock again and again.
"""

import asyncio
import hashlib
from typing import Any, Final

import asyncpg

from processors.projections.port import Connection

IDLE_S: Final = 10
PING_S: Final = 3.0
TRY_S: Final = 0.5
"""How often who stands by asks for the lock."""
ANSWER_S: Final = 10.0
"""So long PostgreSQL may take to answer that."""
STATEMENT_S: Final = 30.0
"""So long any statement of who leads may take."""


async def connect(url: str, schema: str) -> Connection:
    """A connection for projecting into `schema`.

    synchronous_commit is off: rows and offsets are lost together in a crash of PostgreSQL, and folded again.
    Rows are found by their keys: statements are planned while tables are small or their figures old, and PostgreSQL
    would then read whole tables, for each batch anew.
    """
    idle = f"{IDLE_S}s"
    return await asyncpg.connect(
        url,
        timeout=10,
        command_timeout=STATEMENT_S,
        server_settings={
            "application_name": "lathe projector",
            "search_path": schema,
            "synchronous_commit": "off",
            "idle_session_timeout": idle,
            "idle_in_transaction_session_timeout": idle,
            "jit": "off",
            "enable_seqscan": "off",
            "enable_hashjoin": "off",
            "enable_mergejoin": "off",
        },
    )


async def become_leader(connection: Connection, schema: str) -> None:
    """Wait until no other process projects into `schema`. Raises TimeoutError when PostgreSQL does not answer."""
    while True:
        if await connection.fetchval("SELECT pg_try_advisory_lock($1)", _lock(schema), timeout=ANSWER_S):
            return
        await asyncio.sleep(TRY_S)


async def stay_leader(connection: Connection) -> None:
    """Show PostgreSQL that this process is alive; at least every `PING_S` when there is nothing to write."""
    await connection.execute("SELECT 1", timeout=ANSWER_S)


def _lock(schema: str) -> Any:
    return int.from_bytes(hashlib.sha256(f"lathe projector {schema}".encode()).digest()[:8], signed=True)
