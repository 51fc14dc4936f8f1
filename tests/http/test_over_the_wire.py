"""What only a real server shows (bad-inputs 23, 24): lengths that lie, bodies that drip, clients that go away."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import uvicorn
from fastapi import Request

from adapters.http.application import make_application
from adapters.http.body_limits import BodyLimits, LimitBodies
from adapters.http.edge import Edge
from adapters.http.multipart import FormLimits, receive_form
from adapters.http.unread_bodies import TakeUnread
from domain.errors import Unauthenticated


class Served(NamedTuple):
    port: int
    folder: Path


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    app = make_application()

    @app.post("/json")
    async def take(body: dict[str, Any]) -> dict[str, int]:
        return {"members": len(body)}

    @app.post("/upload")
    async def upload(request: Request) -> dict[str, int]:
        async with receive_form(request, FormLimits(file_bytes=2_000_000), tmp_path) as form:
            return {"bytes": form.file("file").bytes}

    @app.post("/refused")
    async def refused() -> None:
        raise Unauthenticated("Sign in first.")

    limits = BodyLimits(json_bytes=100_000, multipart_bytes=3_000_000, grace_s=3.0, least_rate=1_000_000)
    config = uvicorn.Config(
        TakeUnread(Edge(LimitBodies(app, limits))),
        port=0,
        lifespan="off",
        log_config=None,
        access_log=False,
        http="httptools",
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield Served(server.servers[0].sockets[0].getsockname()[1], tmp_path)
    server.should_exit = True
    await running


async def exchange(served: Served, head: str, *body: bytes, pause_s: float = 0) -> tuple[int, dict[str, str], bytes]:
    """Send a request as written; the answer's status, headers and body. (0, {}, b"") when the server just closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    sending = asyncio.create_task(_send(writer, head.replace("\n", "\r\n").encode() + b"\r\n\r\n", body, pause_s))
    try:
        async with asyncio.timeout(10):
            try:
                top = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                return 0, {}, b""
            status, *lines = top.decode().strip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            content = await reader.readexactly(int(headers["content-length"]))
        return int(status.split()[1]), headers, content
    finally:
        sending.cancel()
        await asyncio.wait([sending])
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def _send(writer: asyncio.StreamWriter, head: bytes, body: tuple[bytes, ...], pause_s: float) -> None:
    writer.write(head)
    with suppress(ConnectionError):
        for piece in body:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)


def problem(answer: tuple[int, dict[str, str], bytes]) -> str:
    assert answer[1]["content-type"] == "application/problem+json"
    return str(json.loads(answer[2])["type"])


JSON = "POST /json HTTP/1.1\nHost: test\nContent-Type: application/json\n"
FORM = "POST /upload HTTP/1.1\nHost: test\nContent-Type: multipart/form-data; boundary=b\n"
PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'


async def test_a_client_that_still_sends_gets_its_413(served: Served) -> None:
    piece = b"x" * 65_536
    for _ in range(5):
        declared = await exchange(served, f"{JSON}Content-Length: {80 * len(piece)}", *[piece] * 80)
        assert (declared[0], problem(declared)) == (413, "/problems/too-large")
        chunk = f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
        chunked = await exchange(served, f"{JSON}Transfer-Encoding: chunked", *[chunk] * 80, b"0\r\n\r\n")
        assert (chunked[0], problem(chunked)) == (413, "/problems/too-large")
        file = await exchange(
            served,
            f"{FORM}Transfer-Encoding: chunked",
            b"%x\r\n" % len(PART) + PART + b"\r\n",
            *[chunk] * 80,
            b"0\r\n\r\n",
        )
        assert (file[0], problem(file)) == (413, "/problems/too-large")
    assert list(served.folder.iterdir()) == []


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "many", "99999999999999999999999999"])
async def test_impossible_lengths(served: Served, length: str) -> None:
    status, _, _ = await exchange(served, f"{JSON}Content-Length: {length}", b"{}")
    assert status in (400, 413)


async def test_both_length_and_chunks(served: Served) -> None:
    head = f"{JSON}Content-Length: 2\nTransfer-Encoding: chunked"
    status, _, _ = await exchange(served, head, b'7\r\n{"a":1}\r\n0\r\n\r\n')
    assert status in (0, 400)


async def test_a_length_that_is_too_small_cuts_the_body(served: Served) -> None:
    status, _, _ = await exchange(served, f"{JSON}Content-Length: 5", b'{"a": 1}')
    assert status == 400


async def test_a_dripping_body_ends_with_408(served: Served) -> None:
    drops = [b" "] * 100
    answer = await exchange(served, f"{JSON}Content-Length: 1000", *drops[:8], pause_s=0.1)
    assert (answer[0], problem(answer)) == (408, "/problems/too-slow")
    assert answer[1]["connection"] == "close"


async def test_a_disconnect_at_99_percent_leaves_nothing(served: Served) -> None:
    content = PART + b"x" * 1_000_000 + b"\r\n--b--\r\n"
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(f"{FORM}Content-Length: {len(content)}\n\n".replace("\n", "\r\n").encode() + content[:990_000])
    await writer.drain()
    async with asyncio.timeout(10):
        while not list(served.folder.iterdir()):
            await asyncio.sleep(0.01)
        writer.close()
        while list(served.folder.iterdir()):
            await asyncio.sleep(0.01)


async def test_a_refusal_waits_for_the_body_that_nobody_reads(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(b"POST /refused HTTP/1.1\r\nHost: test\r\nContent-Length: 90000\r\n\r\n" + b"x" * 60_000)
    await writer.drain()
    begun = asyncio.ensure_future(reader.readuntil(b"\r\n\r\n"))
    await exchange(served, f"{JSON}Content-Length: 2", b"{}")
    assert not begun.done()
    writer.write(b"x" * 30_000)
    async with asyncio.timeout(10):
        assert (await begun).startswith(b"HTTP/1.1 401")
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def test_a_client_that_asks_first_is_refused_at_once(served: Served) -> None:
    head = "POST /refused HTTP/1.1\nHost: test\nExpect: 100-continue\nContent-Length: 90000"
    assert (await exchange(served, head))[0] == 401


async def test_a_good_upload(served: Served) -> None:
    content = PART + b"x" * 1_000_000 + b"\r\n--b--\r\n"
    status, _, body = await exchange(served, f"{FORM}Content-Length: {len(content)}", content)
    assert (status, json.loads(body)) == (200, {"bytes": 1_000_000})
