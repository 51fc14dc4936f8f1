"""Sessions (bad-inputs 34, 37): rotation, reuse, refreshes in parallel, logout."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from adapters.ids import new_id
from adapters.security.master_key import MasterKey
from adapters.security.sessions import LIFETIME, OpenSession, ReusedToken, Sessions
from domain.errors import Unauthenticated


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 5, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(pool: "asyncpg.Pool[Any]", master: MasterKey, clock: Clock) -> Sessions:
    return Sessions(pool, master.sessions, clock)


async def login(sessions: Sessions, account_id: str | None = None) -> OpenSession:
    return await sessions.open(account_id=account_id or new_id(), user_id=7, token_version=2)


async def test_a_refresh_token_is_exchanged_once(sessions: Sessions, clock: Clock) -> None:
    first = await login(sessions)
    second = await sessions.rotate(first.refresh_token)
    assert second.refresh_token != first.refresh_token
    assert (second.session_id, second.account_id, second.user_id, second.token_version) == (
        first.session_id, first.account_id, 7, 2,
    )  # fmt: skip
    clock.now += timedelta(seconds=11)
    third = await sessions.rotate(second.refresh_token)
    with pytest.raises(ReusedToken) as reuse:
        await sessions.rotate(first.refresh_token)
    assert reuse.value.account_id == first.account_id
    for token in (first, second, third):
        with pytest.raises(Unauthenticated):
            await sessions.rotate(token.refresh_token)


async def test_refreshes_in_parallel_get_the_same_successor(sessions: Sessions, clock: Clock) -> None:
    first = await login(sessions)
    answers = await asyncio.gather(*(sessions.rotate(first.refresh_token) for _ in range(8)))
    assert len({answer.refresh_token for answer in answers}) == 1
    clock.now += timedelta(seconds=10)
    assert (await sessions.rotate(first.refresh_token)).refresh_token == answers[0].refresh_token
    await sessions.rotate(answers[0].refresh_token)


async def test_only_hashes_are_stored(pool: "asyncpg.Pool[Any]", sessions: Sessions) -> None:
    first = await login(sessions)
    second = await sessions.rotate(first.refresh_token)
    rows = await pool.fetch("SELECT t::text AS row FROM ops.refresh_tokens t")
    rows += await pool.fetch("SELECT s::text AS row FROM ops.sessions s")
    stored = "\n".join(row["row"] for row in rows)
    for token in (first.refresh_token, second.refresh_token):
        assert token not in stored
        assert token.encode().hex() not in stored


async def test_a_successor_cannot_be_computed_without_the_subkey(
    pool: "asyncpg.Pool[Any]", master: MasterKey, clock: Clock, sessions: Sessions
) -> None:
    first = await login(sessions)
    foreign = Sessions(pool, b"another subkey, of 32 bytes, here", clock)
    assert foreign._successor(first.refresh_token) != (await sessions.rotate(first.refresh_token)).refresh_token


async def test_logout_ends_the_session_and_no_other(sessions: Sessions) -> None:
    account = new_id()
    here, there = await login(sessions, account), await login(sessions, account)
    assert await sessions.close(here.refresh_token)
    assert not await sessions.close(here.refresh_token)
    with pytest.raises(Unauthenticated):
        await sessions.rotate(here.refresh_token)
    await sessions.rotate(there.refresh_token)


async def test_all_sessions_of_a_user_can_be_ended(sessions: Sessions) -> None:
    account = new_id()
    mine = [await login(sessions, account) for _ in range(3)]
    other = await login(sessions)
    assert await sessions.close_all(account, "password changed") == 3
    for session in mine:
        with pytest.raises(Unauthenticated):
            await sessions.rotate(session.refresh_token)
    await sessions.rotate(other.refresh_token)


async def test_a_revocation_and_a_rotation_never_pass_each_other(sessions: Sessions) -> None:
    for _ in range(20):
        account = new_id()
        first = await login(sessions, account)
        results = await asyncio.gather(
            sessions.rotate(first.refresh_token), sessions.close_all(account, "test"), return_exceptions=True
        )
        if isinstance(results[0], OpenSession):
            with pytest.raises(Unauthenticated):
                await sessions.rotate(results[0].refresh_token)


async def test_sessions_expire_and_are_purged(pool: "asyncpg.Pool[Any]", sessions: Sessions, clock: Clock) -> None:
    first = await login(sessions)
    clock.now += LIFETIME
    with pytest.raises(Unauthenticated):
        await sessions.rotate(first.refresh_token)
    clock.now += timedelta(days=1, seconds=1)
    assert await sessions.purge() >= 1
    count = "SELECT count(*) FROM ops.refresh_tokens WHERE session_id = $1"
    assert await pool.fetchval(count, first.session_id) == 0


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "x" * 1_000_000, "é" * 43, "\x00" * 43])
async def test_unknown_tokens_are_refused(sessions: Sessions, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await sessions.rotate(token)
    assert not await sessions.close(token)
