"""Ed25519 keys that sign access tokens: rows of `ops.signing_keys`, shared by all processes.

The newest key signs. After a rotation the older ones verify until the longest token they signed has expired; a key that
is retired at once (`retire`) is refused by every process within `_FRESH_S` seconds.
"""

import asyncio
import base64
import hashlib
import os
import time
from collections.abc import Callable
from typing import Any, Final

import asyncpg
import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_FRESH_S: Final = 5.0
_PATIENCE_S: Final = 2.0
_NONCE: Final = 12
_LOCK: Final = int.from_bytes(b"lathe/sk")
log = structlog.get_logger("security")


class SigningKey(msgspec.Struct, frozen=True):
    """One key. `verifies_until` in seconds since 1970; None: until further notice."""

    kid: str
    public: Ed25519PublicKey
    private: Ed25519PrivateKey
    created_at: float
    verifies_until: float | None


class SigningKeys:
    """The key set. `revision` changes whenever the set does, so that caches of verified tokens can be dropped."""

    def __init__(
        self,
        pool: "asyncpg.Pool[Any]",
        wrapping_key: bytes,
        *,
        token_lifetime_s: float,
        rotate_after_s: float = 30 * 24 * 3600.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._pool, self._wrapper = pool, AESGCM(wrapping_key)
        self._token_lifetime_s, self._rotate_after_s, self._clock = token_lifetime_s, rotate_after_s, clock
        self._keys: dict[str, SigningKey] = {}
        self._newest: SigningKey | None = None
        self._read_at = -_FRESH_S
        self.revision = 0

    async def start(self) -> None:
        """Read the keys; make the first one, or a new one when the newest is old."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            newest = await connection.fetchval(
                "SELECT extract(epoch FROM max(created_at)) FROM ops.signing_keys WHERE verifies_until IS NULL"
            )
            if newest is None or float(newest) + self._rotate_after_s < self._clock():
                await self._rotate(connection)
        await self.reload()

    async def rotate(self) -> str:
        """Make a new key, which signs from now on. Returns its kid."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            kid = await self._rotate(connection)
        await self.reload()
        return kid

    async def retire(self, kid: str) -> None:
        """Refuse a key from now on (it leaked). If it was the one that signs, a new one is made first."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            if self._newest is None or self._newest.kid == kid:
                await self._rotate(connection)
            await connection.execute(
                "UPDATE ops.signing_keys SET verifies_until = to_timestamp($2) WHERE kid = $1", kid, self._clock()
            )
        await self.reload()

    async def signer(self) -> SigningKey:
        """The key that signs now; a new one when the newest has become old."""
        await self._freshen()
        if self._newest is None or self._newest.created_at + self._rotate_after_s < self._clock():
            await self.start()
        assert self._newest is not None
        return self._newest

    async def find(self, kid: str) -> Ed25519PublicKey | None:
        """The public key of `kid`, or None: unknown, or retired. A kid not seen yet is looked up (once a second)."""
        await self._freshen()
        if kid not in self._keys and self._clock() - self._read_at > 1:
            await self.reload()
        key = self._keys.get(kid)
        if key is None or (key.verifies_until is not None and key.verifies_until <= self._clock()):
            return None
        return key.public

    async def freshen(self) -> int:
        """The revision of the set, which is at most some seconds old."""
        await self._freshen()
        return self.revision

    async def jwks(self) -> dict[str, Any]:
        """The public keys as a JWK set (RFC 7517, RFC 8037)."""
        await self._freshen()
        now = self._clock()
        live = [key for key in self._keys.values() if key.verifies_until is None or key.verifies_until > now]
        return {
            "keys": [
                {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": key.kid, "x": _raw(key.public)}
                for key in live
            ]
        }

    async def reload(self) -> None:
        """Read the key set from the database."""
        now = self._clock()
        self._read_at = now
        rows = await self._pool.fetch(
            "SELECT kid, wrapped_private_key, extract(epoch FROM created_at)::float8 AS created_at,"
            " extract(epoch FROM verifies_until)::float8 AS verifies_until FROM ops.signing_keys"
            " WHERE verifies_until IS NULL OR verifies_until > to_timestamp($1) ORDER BY created_at",
            now,
        )
        keys: dict[str, SigningKey] = {}
        for row in rows:
            wrapped, kid = bytes(row["wrapped_private_key"]), row["kid"]
            known = self._keys.get(kid)
            private = known.private if known else self._unwrap(kid, wrapped)
            keys[kid] = SigningKey(kid, private.public_key(), private, row["created_at"], row["verifies_until"])
        if {k: v.verifies_until for k, v in keys.items()} != {k: v.verifies_until for k, v in self._keys.items()}:
            self.revision += 1
        self._keys = keys
        self._newest = next((key for key in reversed(keys.values()) if key.verifies_until is None), None)

    async def _freshen(self) -> None:
        if self._clock() - self._read_at < _FRESH_S:
            return
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self.reload()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            # Tokens go on being verified by the keys known so far: the database's absence shows elsewhere.
            log.warning("signing keys not refreshed", error=str(error))

    async def _rotate(self, connection: "asyncpg.Connection[Any] | asyncpg.pool.PoolConnectionProxy[Any]") -> str:
        private = Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes_raw()
        kid = base64.urlsafe_b64encode(hashlib.sha256(public).digest()[:12]).decode()
        nonce = os.urandom(_NONCE)
        wrapped = nonce + self._wrapper.encrypt(nonce, private.private_bytes_raw(), f"signing-key/{kid}".encode())
        now = self._clock()
        await connection.execute(
            "UPDATE ops.signing_keys SET verifies_until = to_timestamp($1) WHERE verifies_until IS NULL",
            now + self._token_lifetime_s,
        )
        await connection.execute(
            "INSERT INTO ops.signing_keys (kid, public_key, wrapped_private_key, created_at)"
            " VALUES ($1, $2, $3, to_timestamp($4))",
            kid,
            public,
            wrapped,
            now,
        )
        return kid

    def _unwrap(self, kid: str, wrapped: bytes) -> Ed25519PrivateKey:
        raw = self._wrapper.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], f"signing-key/{kid}".encode())
        return Ed25519PrivateKey.from_private_bytes(raw)


def _raw(public: Ed25519PublicKey) -> str:
    return base64.urlsafe_b64encode(public.public_bytes_raw()).rstrip(b"=").decode()
