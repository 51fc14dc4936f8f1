"""Who stands by takes over, also when its connection died without a word."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.postgres.read.tables import SCHEMA
from cli.stack.ports import Ports
from domain.account import events as e
from processors.projections import leadership
from processors.projections.projector import Projector
from tests.chaos.wire import Wire
from tests.projections.handmade import CREDIT, HandmadeLog
from tests.projections.test_projector import STANDING_BY, running, until


@pytest.fixture
async def proxy(read_database: str) -> AsyncIterator[Wire]:
    port = int(read_database.rpartition("@")[2].partition("/")[0].rpartition(":")[2])
    proxy = Wire(Ports(prefer_usual=False).choose(5432), port)
    await proxy.start()
    yield proxy
    await proxy.stop()


@pytest.fixture
def by_proxy(read_database: str, proxy: Wire) -> str:
    user, _, where = read_database.rpartition("@")
    return f"{user}@127.0.0.1:{proxy.port}/{where.partition('/')[2]}"


@pytest.mark.parametrize("leads", [False, True], ids=["standing by", "leading"])
async def test_a_dead_connection_is_noticed(
    connection: Any,
    by_hand: HandmadeLog,
    identify: Any,
    proxy: Wire,
    by_proxy: str,
    leads: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, seconds in (("ANSWER_S", 0.5), ("STATEMENT_S", 1.0), ("PING_S", 0.2), ("IDLE_S", 2)):
        monkeypatch.setattr(leadership, name, seconds)
    account = by_hand.account_in(3)
    await by_hand.append(account, e.AccountOpened(user_id=1, granted=CREDIT))
    if not leads:
        await leadership.become_leader(connection, SCHEMA)
    async with running(Projector(by_hand.log, identify, by_proxy, SCHEMA)):
        if leads:
            await until(connection, "SELECT balance FROM accounts", CREDIT)
        else:
            await until(connection, STANDING_BY, 1)
        while proxy.connections != 1:  # on a slow machine it may just be connecting anew
            await asyncio.sleep(0.02)
        proxy.half_open()
        await by_hand.append(account, e.CreditsAdjusted(amount=CREDIT, reason="gift"))
        if not leads:
            await connection.execute("SELECT pg_advisory_unlock_all()")
        async with asyncio.timeout(30):
            await until(connection, "SELECT balance FROM accounts", 2 * CREDIT)
