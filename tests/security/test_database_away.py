"""A database that cannot be reached, in whichever way, is a lost connection to everybody who asks the pool."""

import socket
from typing import Any

import asyncpg
import pytest

from adapters.http.outages import OUTAGES
from adapters.postgres.engine import make_pool


@pytest.mark.parametrize(
    "failure",
    [
        socket.gaierror(-2, "Name or service not known"),
        TimeoutError(),
        OSError("Multiple exceptions: connect call failed, connect call failed"),
        OSError(113, "No route to host"),
    ],
)
async def test_whatever_keeps_a_connection_away_is_an_outage(
    postgres_url: str, failure: OSError, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = await make_pool(postgres_url, size=1)
    try:
        assert await pool.fetchval("SELECT 1") == 1

        async def away(*_: Any, **__: Any) -> None:
            raise failure

        await pool.expire_connections()
        monkeypatch.setattr(asyncpg, "connect", away)
        with pytest.raises(OUTAGES):
            await pool.fetchval("SELECT 1")
    finally:
        await pool.close()
