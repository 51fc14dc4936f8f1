"""The accounts' AES-256 keys: rows of `ops.account_keys`, wrapped by the master key, cached in memory.

A key's row is committed before the first event that uses it. Destroying the row erases the account's personal data;
other processes forget a cached key when they read the deletion in the log (`adapters/security/deletions.py`), and after
a minute anyway.
"""

import os
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, Final

import asyncpg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.errors import DomainError

_NONCE: Final = 12
_GONE: Final = "The personal data of this account was erased."


class Erased(DomainError):
    """The account's key is gone, and with it what was sealed under it."""

    code, status, title = "erased", 410, "The data was erased"


class UnreadableKey(ValueError):
    """The account's key was damaged, or wrapped by another master key."""


class AccountKeys:
    """Asynchronous by interface; a cached key is there without waiting.

    `deleted` tells of an account that its user is deleted: its key is not used any more, though its row may be there.
    """

    def __init__(
        self,
        pool: "asyncpg.Pool[Any]",
        wrapping_key: bytes,
        *,
        capacity: int = 20_000,
        lifetime_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
        deleted: Callable[[str], bool] = lambda account_id: False,
    ) -> None:
        self._pool = pool
        self._wrapper = AESGCM(wrapping_key)
        self._capacity, self._lifetime_s, self._clock = capacity, lifetime_s, clock
        self._deleted = deleted
        self._cache: OrderedDict[str, tuple[AESGCM, float]] = OrderedDict()

    async def create(self, account_id: str) -> None:
        """Make the key of a new account and commit it; repeatable. Call it before the first event is sealed."""
        nonce, account = os.urandom(_NONCE), account_id.encode()
        wrapped = nonce + self._wrapper.encrypt(nonce, AESGCM.generate_key(256), account)
        await self._pool.execute(
            "INSERT INTO ops.account_keys (account_id, wrapped) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            account_id,
            wrapped,
        )

    async def get(self, account_id: str) -> AESGCM:
        """The account's cipher. Raises Erased when there is no key, UnreadableKey."""
        if self._deleted(account_id):
            raise Erased(_GONE)
        if cipher := self._cached(account_id):
            return cipher
        wrapped = await self._pool.fetchval("SELECT wrapped FROM ops.account_keys WHERE account_id = $1", account_id)
        # The deletion may have been read meanwhile: what was forgotten then must not come back.
        if wrapped is None or self._deleted(account_id):
            raise Erased(_GONE)
        return self._remember(account_id, bytes(wrapped))

    async def get_many(self, account_ids: Iterable[str]) -> dict[str, AESGCM]:
        """The ciphers of those accounts that have a key, by one query for all that are not cached.

        Raises UnreadableKey.
        """
        found: dict[str, AESGCM] = {}
        missing: list[str] = []
        for account_id in set(account_ids):
            if self._deleted(account_id):
                continue
            if cipher := self._cached(account_id):
                found[account_id] = cipher
            else:
                missing.append(account_id)
        if missing:
            rows = await self._pool.fetch(
                "SELECT account_id, wrapped FROM ops.account_keys WHERE account_id = ANY($1::text[])", missing
            )
            for row in rows:
                if not self._deleted(row["account_id"]):
                    found[row["account_id"]] = self._remember(row["account_id"], bytes(row["wrapped"]))
        return found

    async def destroy(self, account_id: str) -> bool:
        """Erase: delete the key for good. False if there was none."""
        self.forget(account_id)
        status = await self._pool.execute("DELETE FROM ops.account_keys WHERE account_id = $1", account_id)
        self.forget(account_id)
        return str(status) == "DELETE 1"

    def forget(self, account_id: str) -> None:
        """Drop the cached key: the account's deletion was seen in the log."""
        self._cache.pop(account_id, None)

    def __len__(self) -> int:
        """How many are in memory."""
        return len(self._cache)

    def _cached(self, account_id: str) -> AESGCM | None:
        entry = self._cache.get(account_id)
        if entry is None:
            return None
        if entry[1] <= self._clock():
            del self._cache[account_id]
            return None
        self._cache.move_to_end(account_id)
        return entry[0]

    def _remember(self, account_id: str, wrapped: bytes) -> AESGCM:
        try:
            key = self._wrapper.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], account_id.encode())
        except (InvalidTag, ValueError):  # a ValueError where it is too short
            raise UnreadableKey(f"the key of account {account_id} does not open") from None
        cipher = AESGCM(key)
        self._cache[account_id] = (cipher, self._clock() + self._lifetime_s)
        if len(self._cache) > self._capacity:
            self._cache.popitem(last=False)
        return cipher
