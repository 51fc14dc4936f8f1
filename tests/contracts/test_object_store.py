"""The contract of the object store's port, on S3 and in memory."""

import hashlib
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from adapters.ids import new_id
from adapters.object_store.memory import MemoryStore
from adapters.object_store.port import CHUNK, ObjectMissing, ObjectStore, delete_account_objects, object_key
from adapters.object_store.s3 import S3Store


@pytest.fixture(params=["memory", "s3"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[ObjectStore]:
    if request.param == "memory":
        yield MemoryStore()
        return
    at = request.getfixturevalue("s3")
    s3 = S3Store(at.url, at.access_key, at.secret_key, "contracts")
    await s3.start()
    await s3.start()
    yield s3
    await s3.close()


def key_for(content: bytes, account_id: str | None = None) -> str:
    return object_key(account_id or new_id(), hashlib.sha256(content).hexdigest())


async def read(store: ObjectStore, key: str, start: int = 0, length: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in store.stream(key, start, length)])


async def test_what_was_put_is_read(store: ObjectStore, tmp_path: Path) -> None:
    content = random.Random(1).randbytes(3 * CHUNK + 17)
    (tmp_path / "file").write_bytes(content)
    key = key_for(content)
    await store.put(key, tmp_path / "file", "model/gltf-binary")
    stat = await store.stat(key)
    assert (stat.key, stat.bytes, stat.media_type) == (key, len(content), "model/gltf-binary")
    assert await read(store, key) == content
    assert await store.get(key, len(content)) == content
    with pytest.raises(ValueError, match="at most"):
        await store.get(key, len(content) - 1)
    chunks = [len(chunk) async for chunk in store.stream(key)]
    assert max(chunks) <= CHUNK


async def test_ranges(store: ObjectStore) -> None:
    content = bytes(range(256)) * 10
    key = key_for(content)
    await store.put_bytes(key, content, "application/octet-stream")
    assert await read(store, key, 10) == content[10:]
    assert await read(store, key, 10, 1) == content[10:11]
    assert await read(store, key, 0, 5) == content[:5]
    assert await read(store, key, len(content) - 3, 100) == content[-3:]
    assert await read(store, key, 5, 0) == b""


async def test_an_empty_object_and_replacement(store: ObjectStore) -> None:
    key = key_for(b"")
    await store.put_bytes(key, b"", "text/plain")
    assert await read(store, key) == b""
    await store.put_bytes(key, b"other", "text/html")
    assert await store.get(key, 10) == b"other"
    assert (await store.stat(key)).media_type == "text/html"


async def test_what_is_missing_is_said_to_be(store: ObjectStore) -> None:
    key = key_for(b"never stored")
    for wanted in (store.stat(key), store.get(key, 10), read(store, key), read(store, key, 3, 0)):
        with pytest.raises(ObjectMissing):
            await wanted


async def test_deleting_is_repeatable(store: ObjectStore) -> None:
    key = key_for(b"short life")
    await store.put_bytes(key, b"short life", "text/plain")
    await store.delete(key)
    await store.delete(key)
    with pytest.raises(ObjectMissing):
        await store.stat(key)


async def test_an_accounts_objects_go_together_and_alone(store: ObjectStore) -> None:
    mine, other = new_id(), new_id()
    contents = [b"one", b"two", b"three"]
    for content in contents:
        await store.put_bytes(key_for(content, mine), content, "text/plain")
    kept = key_for(b"one", other)
    await store.put_bytes(kept, b"one", "text/plain")
    assert await store.keys(f"acct/{mine}/") == sorted(key_for(content, mine) for content in contents)
    assert await delete_account_objects(store, mine) == 3
    assert await store.keys(f"acct/{mine}/") == []
    assert await store.get(kept, 10) == b"one"


async def test_a_reader_may_stop_early(store: ObjectStore) -> None:
    content = bytes(8 * CHUNK)
    key = key_for(content)
    await store.put_bytes(key, content, "application/octet-stream")
    for _ in range(20):
        stream = store.stream(key)
        async for chunk in stream:
            assert chunk
            break
        await stream.aclose()
    assert await store.get(key, len(content)) == content


@pytest.mark.parametrize("wrong", ["", "../x", "AB" * 32, "ab" * 31, "g" * 64])
def test_keys_are_only_made_of_hashes(wrong: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        object_key(new_id(), wrong)
    with pytest.raises(ValueError, match="account id"):
        object_key("a/../b", "ab" * 32)


async def test_clients_and_workers_are_sent_to_the_address_they_can_reach() -> None:
    store = S3Store("http://s3:7070", "key", "secret", public_url="https://files.example")
    urls = [sign(inside) for sign in _signers(store) for inside in (False, True)]
    assert [url.partition("/lathe/")[0] for url in urls] == ["https://files.example", "http://s3:7070"] * 2
    await store.close()


def _signers(store: S3Store) -> list[Callable[[bool], str]]:
    key = key_for(b"signed")
    return [
        lambda inside: store.presign_get(key, 60, inside=inside),
        lambda inside: store.presign_put(key, 60, inside=inside),
    ]
