"""The objects that the log names: there, of the right length, and with the content that their hash says."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, Literal

import msgspec

from adapters.kafka import topics
from adapters.object_store.port import ObjectMissing, ObjectStore, object_key
from domain.account import events as e
from processors.verify.findings import Broken, Findings, Place
from processors.verify.shelf import Shelf

AT_ONCE: Final = 8
Depth = Literal["hash", "size", "none"]
"""How closely objects are looked at: read as a whole, by their length, not at all."""


def note(shelf: Shelf, partition: int, key: str, event: msgspec.Struct, offset: int) -> None:
    """Remember what an event of `lathe.accounts` says about objects. Raises Broken for a file that is not there."""
    for file_id, sha256, length in _named(event):
        shelf.put("INSERT OR IGNORE INTO files VALUES (?, ?, ?, ?, ?, ?)",
                  *(file_id, key, sha256, length, partition, offset))  # fmt: skip
    if isinstance(event, e.FileDeleted) and not shelf.put(
        "DELETE FROM files WHERE file = ? AND account = ?", event.file_id, key
    ):
        raise Broken("history", f"file {event.file_id} is deleted, and was not there")


def _named(event: Any) -> Iterable[tuple[str, str, int | None]]:
    """(file id or a name of its own, SHA-256, bytes)."""
    match event:
        case e.FileStored():
            yield event.file.file_id, event.file.sha256, event.file.bytes
        case e.TaskRequested():
            for file in event.files:
                yield file.file_id, file.sha256, file.bytes
        case e.BatchRequested() if event.prompts_sha256 is not None:
            yield f"prompts of {event.batch_id}", event.prompts_sha256, None
        case e.TaskCompleted():
            for output in event.outputs:
                yield output.file_id, output.sha256, output.bytes
        case e.TaskFailed() if event.problem.message_sha256 is not None:
            yield f"message of {event.task_id}", event.problem.message_sha256, None


Erased = Callable[[], Awaitable[set[str]]]
"""The accounts that are erased, or about to be, as it is now: their objects may be gone before that is in the log."""


async def check(
    store: ObjectStore,
    shelf: Shelf,
    findings: Findings,
    closed: set[str],
    erased: Erased,
    depth: Depth,
    moved: Callable[[int], None],
) -> int:
    """Look at each object once; how many there were. Accounts in `closed` are erased, or about to be."""
    missing: list[tuple[Place, str, str]] = []
    rows = shelf.each(
        "SELECT account, sha256, max(bytes), partition, min(place) FROM files GROUP BY account, sha256 ORDER BY 4, 5"
    )
    looked, running = 0, set[asyncio.Task[None]]()
    try:
        for account, sha256, length, partition, place in rows:
            if account in closed:
                continue
            looked += 1
            moved(looked)
            where = Place(topics.ACCOUNTS.name, partition, place)
            running.add(asyncio.create_task(_check(store, findings, missing, where, account, sha256, length, depth)))
            if len(running) >= AT_ONCE:
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        for task in running:
            await task
    finally:
        for task in running:
            task.cancel()
    gone = await erased() if missing else set()
    for where, account, key in missing:
        if account not in gone:
            findings.add("objects", where, "it is not in the object store", key)
    return looked


async def _check(
    store: ObjectStore,
    findings: Findings,
    missing: list[tuple[Place, str, str]],
    where: Place,
    account: str,
    sha256: str,
    length: int | None,
    depth: Depth,
) -> None:
    try:
        key = object_key(account, sha256)
    except ValueError as error:
        findings.add("objects", where, str(error), sha256)
        return
    try:
        found = await store.stat(key)
        if length is not None and found.bytes != length:
            findings.add("objects", where, f"it has {found.bytes:,} bytes, not {length:,}", key)
        elif depth == "hash":
            digest = hashlib.sha256()
            async for chunk in store.stream(key):
                digest.update(chunk)
            if digest.hexdigest() != sha256:
                findings.add("objects", where, f"its content has the hash {digest.hexdigest()}", key)
    except ObjectMissing:
        missing.append((where, account, key))
