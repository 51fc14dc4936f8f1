"""Presigned URLs on the real store (bad-inputs 28), and a store that is away."""

import asyncio
import socket
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from adapters.errors import DependencyDown
from adapters.object_store.s3 import S3Store
from tests.conftest import S3


@pytest.fixture
async def store(s3: S3) -> AsyncIterator[S3Store]:
    store = S3Store(s3.url, s3.access_key, s3.secret_key)
    await store.start()
    yield store
    await store.close()


async def http(url: str, method: str = "GET", body: bytes | None = None) -> tuple[int, bytes, dict[str, str]]:
    def call() -> tuple[int, bytes, dict[str, str]]:
        request = urllib.request.Request(url, data=body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read(), {k.lower(): v for k, v in answer.headers.items()}
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(), {}

    return await asyncio.to_thread(call)


async def test_presigned_reads(store: S3Store) -> None:
    await store.put_bytes("acct/a/object", b"content", "text/plain")
    await store.put_bytes("acct/b/object", b"foreign", "text/plain")
    url = store.presign_get("acct/a/object", 60, media_type="model/stl", disposition='attachment; filename="a.stl"')
    status, body, headers = await http(url)
    assert (status, body) == (200, b"content")
    assert headers["content-type"] == "model/stl"
    assert headers["content-disposition"] == 'attachment; filename="a.stl"'
    for changed in (url.replace("acct/a/", "acct/b/"), url.replace("Expires=60", "Expires=6000"), url.split("?")[0]):
        assert (await http(changed))[0] in (400, 403)
    assert (await http(url, "PUT", b"overwritten"))[0] in (400, 403)


async def test_presigned_writes(store: S3Store) -> None:
    url = store.presign_put("staging/upload", 60)
    assert (await http(url, "PUT", b"uploaded"))[0] == 200
    assert await store.get("staging/upload", 100) == b"uploaded"
    assert (await http(url.replace("upload?", "other?"), "PUT", b"x"))[0] in (400, 403)


async def test_an_expired_url_is_refused(store: S3Store) -> None:
    await store.put_bytes("acct/a/object", b"content", "text/plain")
    url = store.presign_get("acct/a/object", 1)
    deadline = asyncio.get_running_loop().time() + 10
    while (status := (await http(url))[0]) == 200 and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.2)
    assert status in (400, 403)


async def test_presigned_urls_name_the_public_address(s3: S3) -> None:
    store = S3Store(s3.url, s3.access_key, s3.secret_key, public_url="https://files.example")
    assert urlsplit(store.presign_get("acct/a/b", 60)).netloc == "files.example"
    await store.close()


async def test_a_store_that_is_away_is_a_dependency_that_is_down() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    store = S3Store(f"http://127.0.0.1:{port}", "key", "secret-key")
    with pytest.raises(DependencyDown):
        await store.stat("acct/a/b")
    with pytest.raises(DependencyDown):
        await store.start()
    await store.close()
