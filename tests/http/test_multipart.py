"""Multipart bodies that must be refused, and that nothing of them stays (bad-inputs 23-26)."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import ClientDisconnect, Request

from adapters.http.application import make_application
from adapters.http.edge import Edge
from adapters.http.file_names import clean_name, content_disposition
from adapters.http.multipart import FormLimits, receive_form
from domain.errors import DomainError

B = b"xBOUNDARYx"


def part(name: str, content: bytes, filename: str | None = None, extra: bytes = b"") -> bytes:
    file = f'; filename="{filename}"'.encode() if filename is not None else b""
    return (
        b"--" + B + b'\r\nContent-Disposition: form-data; name="' + name.encode() + b'"' + file + b"\r\n"
        + extra + b"\r\n" + content + b"\r\n"
    )  # fmt: skip


END = b"--" + B + b"--\r\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def application(folder: Path, limits: FormLimits) -> Edge:
    app = make_application()

    @app.post("/upload")
    async def upload(request: Request) -> dict[str, Any]:
        async with receive_form(request, limits, folder) as form:
            return {
                "fields": form.fields,
                "files": [
                    {
                        "field": f.field,
                        "name": f.name,
                        "media_type": f.media_type,
                        "bytes": f.bytes,
                        "sha256": f.sha256,
                        "there": hashlib.sha256(f.path.read_bytes()).hexdigest() == f.sha256,
                    }
                    for f in form.files
                ],
            }

    return Edge(app)


async def send(folder: Path, body: Any, content_type: str | None = None, **limits: int) -> httpx.Response:
    app = application(folder, FormLimits(**{"file_bytes": 1_000_000, **limits}))
    headers = {"content-type": content_type or f"multipart/form-data; boundary={B.decode()}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.post("/upload", content=body, headers=headers)
    assert list(folder.iterdir()) == [], "nothing stays"
    return answer


async def in_pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
async def test_files_and_fields_however_they_are_cut(folder: Path, size: int) -> None:
    content = bytes(range(256)) * 8 + b"\r\n--" + B[:-1] + b"\r\n"
    body = (
        part("file", content, "a chair.png", b"Content-Type: image/png\r\n")
        + part("prompt", "стул \U0001fa91".encode())
        + part("empty", b"", "")
        + END
    )
    answer = await send(folder, in_pieces(body, size))
    assert answer.status_code == 200, answer.text
    assert answer.json()["fields"] == {"prompt": "стул \U0001fa91"}
    first, second = answer.json()["files"]
    assert first == {
        "field": "file", "name": "a chair.png", "media_type": "image/png", "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(), "there": True,
    }  # fmt: skip
    assert (second["name"], second["bytes"]) == ("file", 0)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"nonsense", 400),
        (END[:-4], 400),
        (part("a", b"x"), 400),
        (part("file", b"x" * 500, "a.png") + b"--" + B[:5], 400),
        (b"--" + B + b"\r\n\r\nno disposition\r\n" + END, 400),
        (b"--" + B + b"\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n" + END, 400),
        (part("a", b"\xff\xfe") + END, 400),
        (part("a", b"x\x00y") + END, 400),
        (part("a", b"1") + part("a", b"2") + END, 422),
        (part("a", b"x", extra=b"X-Huge: " + b"y" * 10_000 + b"\r\n") + END, 400),
        (part("a", b"x", extra=b"X-Many: y\r\n" * 20) + END, 400),
        (b"".join(part(f"f{i}", b"") for i in range(10_000)) + END, 413),
        (b"".join(part("file", b"", f"{i}.png") for i in range(20)) + END, 413),
        (part("a", b"x" * 70_000) + END, 413),
        (part("file", b"x" * 1_000_001, "big.png") + END, 413),
    ],
)
async def test_bad_bodies(folder: Path, body: bytes, status: int) -> None:
    answer = await send(folder, body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 415), ("text/plain", 415), ("multipart/mixed; boundary=x", 415),
        ("multipart/form-data", 400), ("multipart/form-data; boundary=" + "x" * 71, 400),
    ],
)  # fmt: skip
async def test_other_content_types(folder: Path, content_type: str, status: int) -> None:
    assert (await send(folder, b"x", content_type)).status_code == status


async def test_a_client_that_goes_away_at_99_percent_leaves_nothing(folder: Path) -> None:
    body = part("file", b"x" * 100_000, "a.png") + END
    messages = [
        {"type": "http.request", "body": body[:99_000], "more_body": True},
        {"type": "http.disconnect"},
    ]
    seen: list[int] = []

    async def receive() -> Any:
        seen.append(len(list(folder.iterdir())))
        return messages.pop(0)

    scope = {
        "type": "http", "method": "POST", "path": "/upload", "query_string": b"",
        "headers": [(b"content-type", b"multipart/form-data; boundary=" + B)],
    }  # fmt: skip
    with pytest.raises(ClientDisconnect):
        async with receive_form(Request(scope, receive), FormLimits(file_bytes=10**6), folder):
            pytest.fail("the form never arrived")
    assert seen == [0, 1], "the file was being written when the client went away"
    assert list(folder.iterdir()) == []


async def test_a_failure_while_the_form_is_used_leaves_nothing(folder: Path) -> None:
    body = part("file", b"x", "a.png") + END
    scope = {
        "type": "http", "method": "POST", "path": "/", "query_string": b"",
        "headers": [(b"content-type", b"multipart/form-data; boundary=" + B)],
    }  # fmt: skip

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    async def use() -> None:
        async with receive_form(Request(scope, receive), FormLimits(file_bytes=10), folder) as form:
            assert form.file("file").path.exists()
            form.file("other")

    with pytest.raises(DomainError, match="`other` is missing"):
        await use()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("chair.png", "chair.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\photo.jpg", "photo.jpg"),
        ("a\r\nSet-Cookie: x=1.png", "aSet-Cookie_ x=1.png"),
        ('quo"te.png', "quo_te.png"),
        ("invoice\u202egnp.exe", "invoicegnp.exe"),
        ("\u2066hidden\u2069\u200b.png", "hidden.png"),
        ("", "file"),
        ("..", "file"),
        (".png", "png"),
        ("\x00\x01", "file"),
        ("стул й.png", "стул й.png"),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467.png", "\U0001f468\u200d\U0001f469\u200d\U0001f467.png"),
        ("cafe\u0301.png", "caf\u00e9.png"),
        ("x" * 500 + ".png", "x" * 196 + ".png"),
        ("  many   spaces  .png ", "many spaces.png"),
    ],
)  # fmt: skip
def test_26_names_are_cleaned(given: str, stored: str) -> None:
    assert clean_name(given) == stored
    assert len(clean_name("ж" * 500 + ".png").encode()) <= 255


async def test_browsers_escapes_in_names(folder: Path) -> None:
    answer = await send(folder, part("file", b"x", "a%22b%0D%0Ac.png") + END)
    assert answer.json()["files"][0]["name"] == "a_bc.png"


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("chair.png", 'attachment; filename="chair.png"'),
        ('a"b\\c.png', "attachment; filename=\"a_b_c.png\"; filename*=UTF-8''a%22b%5Cc.png"),
        ("стул.png", "attachment; filename=\"file.png\"; filename*=UTF-8''%D1%81%D1%82%D1%83%D0%BB.png"),
        ("a\r\nb.png", "attachment; filename=\"a__b.png\"; filename*=UTF-8''a%0D%0Ab.png"),
    ],
)
def test_content_disposition(name: str, header: str) -> None:
    assert content_disposition(name) == header
    assert content_disposition(name, inline=True) == header.replace("attachment", "inline")
