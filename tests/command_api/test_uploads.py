"""POST /upload, and images that come with POST /generate: what is stored, and what is refused without a trace."""

import asyncio
import contextlib
import errno
import hashlib
import io
import json
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from adapters.http import multipart
from adapters.object_store.memory import MemoryStore
from adapters.object_store.port import object_key
from domain.account.events import FileStored
from tests.command_api.pictures import picture, png_of
from tests.command_api.world import User, World, refused, until, world

GLB = b"glTF\x02\x00\x00\x00" + (12).to_bytes(4, "little")


async def upload(here: World, user: User | None, name: str, content: bytes, kind: str, **more: Any) -> Any:
    return await here.post("/upload", user, files={"file": (name, content, kind)}, **more)


async def test_a_file_is_stored_before_it_is_told_of(here: World) -> None:
    ann = await here.user()
    answer = await upload(here, ann, "chair.png", picture(), "image/png")
    assert answer.status_code == 201
    told = answer.json()
    sha256 = hashlib.sha256(picture()).hexdigest()
    assert (told["name"], told["media_type"], told["bytes"]) == ("chair.png", "image/png", len(picture()))
    assert (told["sha256"], told["width"], told["height"]) == (sha256, 24, 16)
    assert told["stored_name"] == f"{told['file_id']}.png"
    assert told["url"] == answer.headers["location"] == f"/files/{told['file_id']}"
    assert answer.headers["lathe-position"] == f"lathe.accounts:{ann.partition}@{here.sizes()[ann.stream] - 1}"
    assert await here.parts.store.get(object_key(ann.account_id, sha256), 10_000) == picture()
    (event,) = here.of(ann, FileStored)
    assert event.file.file_id == told["file_id"]
    assert b"chair" not in b"".join(record.value or b"" for record in here.log.partitions[ann.stream])


async def test_the_content_says_what_an_image_is_and_other_files_are_taken_as_they_are(here: World) -> None:
    ann = await here.user()
    for name, kind in (("a.jpg", "image/jpeg"), ("photo", "application/octet-stream"), ("a.bin", "text/plain")):
        assert (await upload(here, ann, name, picture(), kind)).json()["media_type"] == "image/png"
    for name, content, kind, stored in (
        ("data.bin", b"\x00\x01", "application/octet-stream", "application/octet-stream"),
        ("page.html", b"<script>alert(1)</script>", "text/html", "application/octet-stream"),
        ("model.stl", b"solid\nendsolid", "model/stl", "model/stl"),
        ("model.GLB", GLB, "application/octet-stream", "model/gltf-binary"),
        ("model", GLB, "model/gltf-binary", "model/gltf-binary"),
        ("model.stl", bytes(80) + b"\1\0\0\0" + bytes(50), "", "model/stl"),
        ("model.obj", b"# made by hand\nv 0 0 0\n", "text/plain", "model/obj"),
    ):
        told = (await upload(here, ann, name, content, kind)).json()
        assert (told["media_type"], told["name"], told["width"]) == (stored, name, None)


async def test_26_unsafe_names_are_stored_cleaned(here: World) -> None:
    ann = await here.user()
    for given, stored in (
        ("../../etc/passwd", "passwd"),
        ("C:\\evil\\a.bin", "a.bin"),
        ("gpj.\u202eexe.bin", "gpj.exe.bin"),
        ('a"b.bin', "a_b.bin"),
        ("a\r\nb.bin", "ab.bin"),
        ("...", "file"),
        ("x" * 300 + ".bin", "x" * 196 + ".bin"),
    ):
        told = (await upload(here, ann, given, b"abc", "application/octet-stream")).json()
        assert told["name"] == stored


REFUSED: list[tuple[str, bytes, str, int, str]] = [
    ("a.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png", 415, "unsupported-media-type"),
    ("a.png", b"<html><script>alert(1)</script></html>", "image/png", 415, "unsupported-media-type"),
    ("a.png", b"hello", "application/octet-stream", 415, "unsupported-media-type"),
    ("a.bin", b"hello", "image/png", 415, "unsupported-media-type"),
    ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", 415, "unsupported-media-type"),
    ("a.jpg", b"SIMPLE  =                    T" + b" " * 2850, "image/jpeg", 415, "unsupported-media-type"),
    ("a.png", png_of(50_000, 50_000), "image/png", 413, "too-large"),
    ("a.png", png_of(0, 10), "image/png", 422, "invalid-input"),
    ("a.png", png_of(10, 0), "image/png", 422, "invalid-input"),
    ("a.png", b"", "image/png", 422, "invalid-input"),
    ("a.bin", b"", "application/octet-stream", 422, "invalid-input"),
    ("a.png", picture()[:40], "image/png", 422, "invalid-input"),
    ("photo", picture()[:40], "application/octet-stream", 422, "invalid-input"),
    ("a.glb", b"hello", "application/octet-stream", 415, "unsupported-media-type"),
    ("a.glb", GLB + b"more", "application/octet-stream", 415, "unsupported-media-type"),
    ("a", b"hello", "model/gltf-binary", 415, "unsupported-media-type"),
    ("a.stl", b"hello", "application/octet-stream", 415, "unsupported-media-type"),
    ("a.obj", b"hello", "application/octet-stream", 415, "unsupported-media-type"),
    ("a.fbx", b"hello", "application/octet-stream", 415, "unsupported-media-type"),
    ("a.ply", b"hello", "application/octet-stream", 415, "unsupported-media-type"),
    ("a.3mf", b"hello", "model/3mf", 415, "unsupported-media-type"),
]


async def test_15_16_17_22_what_is_no_image_leaves_nothing(here: World) -> None:
    """Neither an event, nor an object, nor a charge; whether it is uploaded or comes with a request."""
    ann = await here.user()
    store = here.parts.store
    assert isinstance(store, MemoryStore)
    with here.nothing_written():
        for name, content, kind, status, code in REFUSED:
            refused(await upload(here, ann, name, content, kind), status, code, "/file")
            if kind.startswith("image/") or name.endswith(".png"):
                answer = await here.post("/generate", ann, files={"image": (name, content, kind)})
                refused(answer, status, code, "/image")
        refused(await here.post("/generate", ann, files={"image": ("a.txt", b"x")}), 415, "unsupported-media-type",
                "/image")  # fmt: skip
        refused(await here.post("/generate", ann, files={"photo": ("a.png", picture())}), 422, "invalid-input",
                "/photo")  # fmt: skip
    assert await store.keys("") == []
    assert await here.wallet(ann) == (10, 0)


async def test_forms_that_are_none(here: World) -> None:
    ann = await here.user()
    png = ("a.png", picture(), "image/png")
    with here.nothing_written():
        refused(await upload(here, None, *png), 401, "unauthenticated")
        refused(await here.post("/upload", ann, files={"image": png}), 422, "invalid-input", "/file")
        refused(await here.post("/upload", ann, files=[("file", png), ("file", png)]), 422, "invalid-input", "/file")
        odd = await here.post("/upload", ann, files={"file": png}, data={"owner_id": "1"})
        refused(odd, 422, "invalid-input", "/owner_id")
        refused(await here.post("/upload", ann, json={}), 415, "unsupported-media-type")
        refused(await here.post("/upload", ann), 415, "unsupported-media-type")
        many = {f"field{n}": "x" for n in range(10_000)}
        refused(await here.post("/upload", ann, files={"file": png}, data=many), 413, "too-large")


async def test_files_that_are_too_large_for_their_kind(database: str, tmp_path: Path) -> None:
    mib = 1024 * 1024
    async with world(database, tmp_path, limits={"max_image_mb": 1, "max_mesh_mb": 2, "max_upload_mb": 3}) as here:
        ann = await here.user()
        kinds = (("a.png", 1), ("a.obj", 2), ("a.bin", 3))
        with here.nothing_written():
            for name, most in kinds:
                refused(await upload(here, ann, name, b"x" * (most * mib + 1), "x/y"), 413, "too-large")
                begun = {"name": name, "media_type": "x/y", "bytes": most * mib + 1}
                refused(await here.post("/uploads", ann, json=begun), 413, "too-large", "/bytes")
            refused(await upload(here, ann, "a.bin", b"x" * (5 * mib), "x/y"), 413, "too-large")
        assert (await upload(here, ann, "a.bin", b"x" * 3 * mib, "x/y")).status_code == 201
        assert (await upload(here, ann, "a.obj", b"#" * 2 * mib, "x/y")).status_code == 201


async def test_without_room_for_a_file_nothing_is_taken(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = await here.user()

    class Full(io.BytesIO):
        def write(self, _: object, /) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(multipart.os, "fdopen", lambda descriptor, _: (os.close(descriptor), Full())[1])
    with here.nothing_written():
        refused(await upload(here, ann, "a.bin", b"x" * 100, "x/y"), 503, "unavailable")


async def test_a_store_that_is_away_stops_an_upload_before_the_log(here: World) -> None:
    ann = await here.user()

    async def away(key: str, path: Path, media_type: str) -> None:
        raise ConnectionError("refused")

    here.parts.store.put = away  # type: ignore[method-assign]
    with here.nothing_written():
        refused(await upload(here, ann, "a.png", picture(), "image/png"), 503, "dependency-down")
        answer = await here.post("/generate", ann, files={"image": ("a.png", picture(), "image/png")})
        refused(answer, 503, "dependency-down")
    assert await here.wallet(ann) == (10, 0)


@pytest.fixture
async def served(database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database, tmp_path, served=True) as here:
        yield here


def form(content: bytes) -> bytes:
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
    return part + content + b"\r\n--b--\r\n"


async def spoken(
    here: World, user: User, lengths: str, body: bytes, hang_up: asyncio.Event | None = None
) -> tuple[int, bytes]:
    """A request as written, given up at `hang_up`. 0: the connection ended without an answer."""
    port = int(here.address.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        f"POST /upload HTTP/1.1\r\nHost: lathe.test\r\nAuthorization: Bearer {user.token}\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\n{lengths}\r\n"
    )
    try:
        writer.write(head.encode() + body)
        await writer.drain()
        if hang_up is not None:
            await hang_up.wait()
            return 0, b""
        async with asyncio.timeout(10):
            answer = await reader.read()
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    if not answer:
        return 0, b""
    top, _, content = answer.partition(b"\r\n\r\n")
    return int(top.split()[1]), content


async def test_23_lengths_that_lie(served: World) -> None:
    ann = await served.user()
    body = form(b"abc")
    with served.nothing_written():
        for lengths, given in (
            ("Content-Length: -1\r\n", body),
            ("Content-Length: many\r\n", body),
            ("Content-Length: 1e3\r\n", body),
            (f"Content-Length: {len(body) - 9}\r\n", body),
            ("Content-Length: 999999999999\r\n", body),
            ("Content-Length: 0\r\n", b""),
            ("", b""),
        ):
            status, content = await spoken(served, ann, lengths, given)
            assert status in (400, 413), lengths
            if content.startswith(b"{"):
                assert json.loads(content)["type"].startswith("/problems/")
    assert (await spoken(served, ann, f"Content-Length: {len(body)}\r\n", body))[0] == 201
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    assert (await spoken(served, ann, "Transfer-Encoding: chunked\r\n", chunked))[0] == 201
    assert len(served.of(ann, FileStored)) == 2


async def test_24_a_client_that_goes_away_at_99_percent_leaves_nothing(
    served: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await served.user()
    folder = tmp_path / "received"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    body = form(b"x" * 100_000)
    length = f"Content-Length: {len(body)}\r\n"
    with served.nothing_written():
        seen = asyncio.Event()
        going = asyncio.create_task(spoken(served, ann, length, body[:-1000], seen))
        await until(lambda: any(folder.iterdir()), "the file is being written")
        seen.set()
        await going
        await until(lambda: not any(folder.iterdir()), "the file is gone")
    store = served.parts.store
    assert isinstance(store, MemoryStore)
    assert await store.keys("") == []
