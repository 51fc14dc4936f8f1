"""The object store as the services see it. `tests/contracts/test_object_store.py` holds for every adapter.

Objects of an account lie under `acct/<account id>/<sha256>`: the same content is the same object, and an account's
objects can be deleted together.
"""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

import msgspec

CHUNK: Final = 256 * 1024
"""Bytes that a stream yields at once, at most."""
_AT_ONCE: Final = 8


class ObjectMissing(Exception):
    """There is no object under this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"there is no object {key}")
        self.key = key


class StoredObject(msgspec.Struct, frozen=True):
    key: str
    bytes: int
    media_type: str
    stored_at: datetime


class ObjectStore(Protocol):
    """Every method raises DependencyDown when the store does not answer."""

    async def start(self) -> None:
        """Make the bucket if it is missing."""
        ...

    async def put(self, key: str, path: Path, media_type: str) -> None:
        """Store a file's content, streaming. What was under the key is replaced."""
        ...

    async def put_bytes(self, key: str, content: bytes, media_type: str) -> None: ...

    async def stat(self, key: str) -> StoredObject:
        """Raises ObjectMissing."""
        ...

    def stream(self, key: str, start: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        """The bytes from `start`, `length` of them (None: all). Raises ObjectMissing at the first chunk."""
        ...

    async def get(self, key: str, most: int) -> bytes:
        """A small object as a whole. Raises ObjectMissing, and ValueError when it has more than `most` bytes."""
        ...

    async def delete(self, key: str) -> None:
        """Repeatable."""
        ...

    async def keys(self, prefix: str) -> list[str]:
        """All keys that begin with `prefix`, in order."""
        ...


class Presigner(Protocol):
    """URLs that let somebody without a key read or write one object for a while.

    `inside`: for a process of ours, which reaches the store as this one does; otherwise for a client.
    """

    def presign_get(
        self,
        key: str,
        expires_s: int,
        *,
        media_type: str | None = None,
        disposition: str | None = None,
        inside: bool = False,
        reached_at: str | None = None,
    ) -> str:
        """`reached_at`: the address at which the client reaches the store, if it is not the usual one for clients."""
        ...

    def presign_put(self, key: str, expires_s: int, *, inside: bool = False) -> str: ...


class Inviter(Protocol):
    """URLs by which a client puts one object of one exact length."""

    def presign_upload(self, key: str, length: int, expires_s: int, *, reached_at: str | None = None) -> str:
        """`reached_at`: the address at which the client reaches the store, if it is not the usual one for clients."""
        ...


ACCOUNTS_PREFIX: Final = "acct/"


def object_key(account_id: str, sha256: str) -> str:
    """Where an account's content lies. Raises ValueError for anything that is no lower-case SHA-256."""
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise ValueError(f"not a SHA-256 in hex: {sha256!r}")
    return f"{account_prefix(account_id)}{sha256}"


def stage_key(account_id: str, task_id: str, name: str) -> str:
    """Where a run keeps one of its stages for the task's next attempt. Raises ValueError."""
    if not name or "/" in name:
        raise ValueError(f"not a stage: {name!r}")
    return f"{stage_prefix(account_id, task_id)}{name}"


def stage_prefix(account_id: str, task_id: str) -> str:
    """The beginning of the keys of all of a task's stages."""
    if not task_id or "/" in task_id:
        raise ValueError(f"not a task id: {task_id!r}")
    return f"{account_prefix(account_id)}stages/{task_id}/"


def account_prefix(account_id: str) -> str:
    """The beginning of the keys of all of an account's objects."""
    if not account_id or "/" in account_id:
        raise ValueError(f"not an account id: {account_id!r}")
    return f"{ACCOUNTS_PREFIX}{account_id}/"


async def delete_account_objects(store: ObjectStore, account_id: str) -> int:
    """Delete everything of an account. Repeatable. Returns how many objects there were."""
    keys = await store.keys(account_prefix(account_id))
    for begin in range(0, len(keys), _AT_ONCE):
        await asyncio.gather(*(store.delete(key) for key in keys[begin : begin + _AT_ONCE]))
    return len(keys)
