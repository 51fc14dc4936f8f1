"""The accounts' objects as files, `objects/<key>`. Their content never changes: what is there is not fetched again."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from adapters.object_store.port import ObjectMissing, ObjectStore
from adapters.whole_files import sync_folder
from processors.backup.manifest import BadBackup

PREFIX: Final = "acct/"
FOLDER: Final = "objects"
INDEX: Final = "objects.jsonl"
AT_ONCE: Final = 8
_encode: Final = msgspec.json.Encoder().encode
Item = TypeVar("Item")


class Kept(msgspec.Struct, frozen=True):
    """One line of the index."""

    key: str
    bytes: int
    media_type: str


def read_index(folder: Path) -> dict[str, Kept]:
    """By key; empty before the first backup. Raises BadBackup."""
    try:
        lines = (folder / INDEX).read_bytes().splitlines()
        return {kept.key: kept for kept in (msgspec.json.decode(line, type=Kept) for line in lines)}
    except FileNotFoundError:
        return {}
    except msgspec.MsgspecError as error:
        raise BadBackup(f"{folder / INDEX} cannot be read: {error}") from error


def write_index(folder: Path, kept: Iterable[Kept]) -> None:
    """As a whole, and on the disk from now on. Raises OSError."""
    beside = folder / f".{INDEX}.tmp"
    with beside.open("wb") as file:
        file.writelines(_encode(one) + b"\n" for one in kept)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(folder / INDEX)
    sync_folder(folder)


async def fetch_all(
    store: ObjectStore, folder: Path, erased: Callable[[str], bool], moved: Callable[[int, int], None]
) -> tuple[int, int]:
    """Fetch what is new; how many objects there are, and their bytes. `erased` tells of an account id: what is kept of
    such accounts is deleted. What the store has lost stays. Raises DependencyDown, OSError."""
    known = {key: kept for key, kept in read_index(folder).items() if not erased(_account(key))}
    write_index(folder, known.values())  # before anything goes: it names nothing that is not there
    for account in {path.name for path in (folder / FOLDER / PREFIX).glob("*")}:
        if erased(account):
            await asyncio.to_thread(shutil.rmtree, folder / FOLDER / PREFIX / account)
    keys = [key for key in await store.keys(PREFIX) if not erased(_account(key))]
    wanted = [key for key in keys if key not in known or not (folder / FOLDER / key).exists()]
    done = 0

    async def fetch(key: str) -> None:
        nonlocal done
        kept = await _fetch(store, folder, key)
        if kept is not None:
            known[key] = kept
        done += 1
        moved(done, len(wanted))

    await _with_each(wanted, fetch)
    write_index(folder, known.values())
    return len(known), sum(kept.bytes for kept in known.values())


async def _fetch(store: ObjectStore, folder: Path, key: str) -> Kept | None:
    """None: it was deleted meanwhile."""
    path = folder / FOLDER / key
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.tmp")
    try:
        found = await store.stat(key)
        if path.exists() and path.stat().st_size == found.bytes:  # of a backup that did not end
            return Kept(key, found.bytes, found.media_type)
        with beside.open("wb") as file:
            async for chunk in store.stream(key):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
    except ObjectMissing:
        beside.unlink(missing_ok=True)
        return None
    beside.replace(path)
    return Kept(key, found.bytes, found.media_type)


async def put_all(store: ObjectStore, folder: Path, moved: Callable[[int, int], None]) -> int:
    """Put what the store does not have, or has in another length; how many. Raises BadBackup, DependencyDown."""
    index = read_index(folder)
    done = put = 0

    async def give(kept: Kept) -> None:
        nonlocal done, put
        given = await _give(store, folder, kept)
        put += given
        done += 1
        moved(done, len(index))

    await _with_each(index.values(), give)
    return put


async def _with_each(items: Iterable[Item], do: Callable[[Item], Awaitable[None]]) -> None:
    """`AT_ONCE` beside one another, and no task for those that wait: there may be millions."""
    left = iter(items)

    async def work() -> None:
        for item in left:
            await do(item)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(work())


async def _give(store: ObjectStore, folder: Path, kept: Kept) -> bool:
    path = folder / FOLDER / kept.key
    if not path.is_file() or path.stat().st_size != kept.bytes:
        raise BadBackup(f"{path} is missing, or has another length than the index says.")
    try:
        if (await store.stat(kept.key)).bytes == kept.bytes:
            return False
    except ObjectMissing:
        pass
    await store.put(kept.key, path, kept.media_type)
    return True


def _account(key: str) -> str:
    return key.removeprefix(PREFIX).partition("/")[0]
