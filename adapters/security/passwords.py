"""Passwords: argon2id at OWASP's minimum (19 MiB, 2 passes, 1 lane), hashed in a small pool of threads.

An unknown user costs the same work as a wrong password. Imported pbkdf2_sha256 hashes verify, and are due to be
replaced by argon2id at the next login.
"""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Final, TypeVar

import msgspec
from passlib.context import CryptContext

from adapters.errors import Unavailable
from domain.errors import InvalidInput

Done = TypeVar("Done")
LONGEST: Final = 128
"""Characters, after NFC."""
_LONGEST_BYTES: Final = 4 * LONGEST
_MOST_WAITING: Final = 256


class Verdict(msgspec.Struct, frozen=True):
    """`fresh_hash` is there when the password is right and its hash has outdated parameters."""

    right: bool
    fresh_hash: str | None = None


class Passwords:
    """Hashes and verifies. `threads` bounds both the load and the memory (19 MiB each)."""

    def __init__(self, *, shortest: int = 6, threads: int = 2, memory_kib: int = 19_456, passes: int = 2) -> None:
        self.shortest = shortest
        self._context = CryptContext(
            schemes=["argon2", "pbkdf2_sha256"],
            deprecated="auto",
            argon2__type="ID",
            argon2__memory_cost=memory_kib,
            argon2__time_cost=passes,
            argon2__parallelism=1,
        )
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._waiting = 0

    def require_acceptable(self, password: str, pointer: str = "/password") -> None:
        """Raise InvalidInput unless a new password has `shortest` to 128 characters. None of it is repeated."""
        length = len(password) if len(password) > _LONGEST_BYTES else len(_normal(password))
        if not self.shortest <= length <= LONGEST:
            raise InvalidInput(
                f"The password has {length} characters; {self.shortest} to {LONGEST} are accepted.", pointer=pointer
            )
        if "\x00" in password:
            raise InvalidInput("The password contains U+0000.", pointer=pointer)

    async def hash(self, password: str) -> str:
        """The hash of a new password. Raises InvalidInput if it is not acceptable, Unavailable when overloaded."""
        self.require_acceptable(password)
        return await self._in_thread(self._context.hash, _normal(password))

    async def verify(self, password: str, known_hash: str | None) -> Verdict:
        """Compare; `known_hash` None stands for an unknown user and takes as long. Raises Unavailable."""
        if len(password) > _LONGEST_BYTES or "\x00" in password:
            return Verdict(False)
        normal = _normal(password)
        if known_hash is None:
            await self._in_thread(self._context.verify, normal, self._dummy)
            return Verdict(False)
        right, fresh_hash = await self._in_thread(self._context.verify_and_update, normal, known_hash)
        return Verdict(right, fresh_hash)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    @cached_property
    def _dummy(self) -> str:
        return str(self._context.hash(secrets.token_hex(16)))

    async def prepare(self) -> None:
        """Make the dummy hash now, so that the first unknown user takes no longer than later ones."""
        await self._in_thread(lambda: self._dummy)

    async def _in_thread(self, work: Callable[..., Done], *arguments: str) -> Done:
        if self._waiting >= _MOST_WAITING:
            raise Unavailable("Too many logins at once; try again.", retry_after_s=2)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        finally:
            self._waiting -= 1


def _normal(password: str) -> str:
    """NFC (RFC 8265, OpaqueString): the same text typed on another keyboard is the same password."""
    return unicodedata.normalize("NFC", password)
