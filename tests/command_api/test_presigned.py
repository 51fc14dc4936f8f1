"""POST /uploads and its completion, on the real store (bad-inputs 28)."""

import asyncio
import hashlib
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from adapters.kafka import topics
from adapters.object_store.s3 import S3Store
from adapters.postgres.uploads import Uploads
from command_api.staging import sweep
from domain.account.commands import DeleteFile
from domain.account.events import FileStored
from tests.command_api.pictures import picture
from tests.command_api.world import User, World, refused, world
from tests.conftest import S3


@pytest.fixture
async def stored(database: str, tmp_path: Path, s3: S3) -> AsyncIterator[World]:
    store = S3Store(s3.url, s3.access_key, s3.secret_key)
    await store.start()
    async with world(database, tmp_path, store=store) as here:
        yield here
    await store.close()


async def put(url: str, content: bytes, **headers: str) -> int:
    def call() -> int:
        request = urllib.request.Request(url, data=content, method="PUT", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    return await asyncio.to_thread(call)


async def invited(here: World, ann: User, content: bytes, **fields: Any) -> dict[str, Any]:
    wanted = {"name": "chair.png", "media_type": "image/png", "bytes": len(content)} | fields
    answer = await here.post("/uploads", ann, json=wanted)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def staged(here: World, told: dict[str, Any]) -> bool:
    return f"staging/{told['upload_id']}" in await here.parts.store.keys("staging/")


async def test_a_file_by_way_of_the_store(stored: World) -> None:
    ann, content = await stored.user(), picture()
    with stored.nothing_written():
        told = await invited(stored, ann, content, sha256=hashlib.sha256(content).hexdigest(), name="../x/ chair.png")
        left = datetime.fromisoformat(told["expires_at"]) - datetime.now(UTC)
        assert timedelta(minutes=59) < left <= timedelta(hours=1)
        refused(await stored.post(told["complete_url"], ann), 409, "wrong-state")
        assert await put(told["url"], content, **told["headers"]) == 200
    answer = await stored.post(told["complete_url"], ann)
    assert answer.status_code == 201, answer.text
    file = answer.json()
    assert file["file_id"] == told["upload_id"]
    assert (file["name"], file["media_type"], file["bytes"]) == ("chair.png", "image/png", len(content))
    assert file["width"] > 0
    assert answer.headers["location"] == file["url"] == f"/files/{file['file_id']}"
    assert await stored.parts.store.get(f"acct/{ann.account_id}/{file['sha256']}", 1 << 20) == content
    assert not await staged(stored, told)
    again = await stored.post(told["complete_url"], ann)
    assert (again.status_code, again.json()) == (201, file)
    assert len(stored.of(ann, FileStored)) == 1
    task = await stored.post("/generate", ann, json={"image_file_id": file["file_id"]})
    assert task.status_code == 202, task.text


async def test_28_a_url_takes_the_announced_bytes_alone(stored: World) -> None:
    ann = await stored.user()
    told = await invited(stored, ann, b"x" * 100, media_type="text/plain", name="a.txt")
    url = told["url"]
    for content in (b"x" * 101, b"x" * 99, b"", b"x" * 100_000):
        assert await put(url, content) in (400, 403)
    other = url.replace(told["upload_id"], "0" * 36)
    foreign = url.replace(f"staging/{told['upload_id']}", f"acct/{ann.account_id}/{'ab' * 32}")
    longer = url.replace("X-Amz-Expires=3600", "X-Amz-Expires=360000")
    for changed in (other, foreign, longer, url.partition("?")[0]):
        assert await put(changed, b"x" * 100) in (400, 403)
    assert not await staged(stored, told)
    assert await put(url, b"y" * 100) == 200
    assert await put(url, b"x" * 100) == 200
    file = (await stored.post(told["complete_url"], ann)).json()
    assert file["sha256"] == hashlib.sha256(b"x" * 100).hexdigest()
    assert await put(url, b"z" * 100) == 200, "the URL lasts, but nothing of ours reads there any more"
    again = (await stored.post(told["complete_url"], ann)).json()
    assert again == file
    assert await stored.parts.store.get(f"acct/{ann.account_id}/{file['sha256']}", 1000) == b"x" * 100


async def test_28_an_expired_url_is_refused(stored: World) -> None:
    url = stored.parts.store.presign_upload("staging/late", 5, 1)
    async with asyncio.timeout(20):
        while (status := await put(url, b"hello")) == 200:
            await asyncio.sleep(0.1)
    assert status in (400, 403)


async def test_content_that_is_refused_is_removed_and_may_be_sent_anew(stored: World) -> None:
    ann, good = await stored.user(), picture()
    bad: list[tuple[bytes, dict[str, Any], int, str]] = [
        (b"<html>no picture</html>", {}, 415, "unsupported-media-type"),
        (good[:-20], {}, 422, "invalid-input"),
        (good, {"sha256": "ab" * 32}, 422, "invalid-input"),
    ]
    with stored.nothing_written():
        for content, fields, status, code in bad:
            told = await invited(stored, ann, content, **fields)
            assert await put(told["url"], content) == 200
            refused(await stored.post(told["complete_url"], ann), status, code)
            assert not await staged(stored, told)
            refused(await stored.post(told["complete_url"], ann), 409, "wrong-state")
        assert await stored.parts.store.keys(f"acct/{ann.account_id}/") == []
        told = await invited(stored, ann, good)
        await stored.parts.store.put_bytes(f"staging/{told['upload_id']}", good + b"more", "image/png")
        refused(await stored.post(told["complete_url"], ann), 413, "too-large")
        await stored.parts.store.put_bytes(f"staging/{told['upload_id']}", good[:-1], "image/png")
        refused(await stored.post(told["complete_url"], ann), 422, "invalid-input")
        assert not await staged(stored, told)
    assert await put(told["url"], good) == 200
    assert (await stored.post(told["complete_url"], ann)).status_code == 201


async def test_what_is_not_invited(here: World) -> None:
    ann = await here.user()
    good = {"name": "a.png", "media_type": "image/png", "bytes": 10}
    bad: list[tuple[dict[str, Any], int, str, str]] = [
        ({"bytes": 0}, 422, "invalid-input", "/bytes"),
        ({"bytes": -1}, 422, "invalid-input", "/bytes"),
        ({"bytes": 20 * 1024 * 1024 + 1}, 413, "too-large", "/bytes"),
        ({"bytes": 200 * 1024 * 1024 + 1, "media_type": "application/zip"}, 413, "too-large", "/bytes"),
        ({"media_type": "png"}, 422, "invalid-input", "/media_type"),
        ({"media_type": "image/png\r\nx: y"}, 422, "invalid-input", "/media_type"),
        ({"name": ""}, 422, "invalid-input", "/name"),
        ({"sha256": "AB" * 32}, 422, "invalid-input", "/sha256"),
        ({"key": "acct/x"}, 422, "invalid-input", "/key"),
    ]
    for fields, status, code, pointer in bad:
        refused(await here.post("/uploads", ann, json=good | fields), status, code, pointer)
    refused(await here.post("/uploads", json=good), 401, "unauthenticated")
    assert await here.parts.uploads.open(ann.account_id) == 0


async def test_43_anothers_upload_is_a_missing_one(stored: World) -> None:
    ann, bob = await stored.user(), await stored.user("bob")
    told = await invited(stored, ann, b"hello", media_type="text/plain", name="a.txt")
    assert await put(told["url"], b"hello") == 200
    foreign = refused(await stored.post(told["complete_url"], bob), 404, "not-found")
    missing = refused(await stored.post("/uploads/nonsense/complete", bob), 404, "not-found")
    assert foreign["detail"] == missing["detail"]


async def test_completions_at_the_same_time_are_one_file(stored: World) -> None:
    ann = await stored.user()
    told = await invited(stored, ann, b"hello", media_type="text/plain", name="a.txt")
    assert await put(told["url"], b"hello") == 200
    answers = await asyncio.gather(*(stored.post(told["complete_url"], ann) for _ in range(6)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len(stored.of(ann, FileStored)) == 1
    assert (await stored.post(told["complete_url"], ann)).status_code == 201


async def test_a_death_after_the_event_and_before_the_row(stored: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = await stored.user()
    told = await invited(stored, ann, b"hello", media_type="text/plain", name="a.txt")
    assert await put(told["url"], b"hello") == 200

    async def dies(self: Uploads, upload_id: str) -> None:
        raise OSError("the process dies here")

    with monkeypatch.context() as patched:
        patched.setattr(Uploads, "complete", dies)
        assert (await stored.post(told["complete_url"], ann)).status_code >= 500
    assert await staged(stored, told)
    file = (await stored.post(told["complete_url"], ann)).json()
    assert len(stored.of(ann, FileStored)) == 1
    command = DeleteFile(account_id=ann.account_id, file_id=file["file_id"])
    await stored.decided(topics.ACCOUNTS, ann.partition, command)
    refused(await stored.post(told["complete_url"], ann), 404, "not-found")


async def test_what_is_over_is_swept_and_a_million_are_not_begun(
    stored: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await stored.user()
    monkeypatch.setattr("command_api.routes.presigned.MOST_OPEN", 2)
    first = await invited(stored, ann, b"hello", media_type="text/plain", name="a.txt")
    await invited(stored, ann, b"hello", media_type="text/plain", name="a.txt")
    assert await put(first["url"], b"hello") == 200
    wanted = {"name": "a", "media_type": "text/plain", "bytes": 5}
    answer = await stored.post("/uploads", ann, json=wanted)
    refused(answer, 429, "too-many-uploads")
    assert int(answer.headers["retry-after"]) == 3600
    later = Uploads(stored.parts.pool, lambda: datetime.now(UTC) + timedelta(minutes=119))
    assert await sweep(later, stored.parts.store) == 0
    later = Uploads(stored.parts.pool, lambda: datetime.now(UTC) + timedelta(minutes=121))
    assert await sweep(later, stored.parts.store) >= 2
    assert not await staged(stored, first)
    refused(await stored.post(first["complete_url"], ann), 404, "not-found")
    assert (await stored.post("/uploads", ann, json=wanted)).status_code == 201


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        ("localhost:8080", "http://localhost:8080"),
        ("lathe.test", "https://lathe.test"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("evil.example/x?", "https://lathe.test"),
        ("", "https://lathe.test"),
    ],
)
async def test_behind_a_gateway_the_url_is_where_the_client_came(
    database: str, tmp_path: Path, s3: S3, host: str, reached: str
) -> None:
    store = S3Store(s3.url, s3.access_key, s3.secret_key)
    settings = {"uploads_by_gateway": True, "public_url": "https://lathe.test"}
    async with world(database, tmp_path, store=store, settings=settings) as here:
        ann = await here.user()
        wanted = {"name": "a", "media_type": "text/plain", "bytes": 5}
        headers = {"host": host} | ({"x-forwarded-proto": "http"} if "8080" in host else {})
        told = (await here.post("/uploads", ann, json=wanted, headers=headers)).json()
        parts = urlsplit(told["url"])
        assert f"{parts.scheme}://{parts.netloc}" == reached
        assert parts.path == f"/lathe/staging/{told['upload_id']}"
    await store.close()
