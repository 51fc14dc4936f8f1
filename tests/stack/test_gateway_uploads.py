"""Presigned uploads and downloads through the real gateway, of the real store, which clients do not reach (28)."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from adapters.object_store.presign import presigned_upload
from adapters.object_store.s3 import S3Store
from cli.stack.gateway import GatewayConfig, gateway_part
from tests.conftest import S3
from tests.embedded import PORTS, running
from tests.stack.test_gateway import POLICY, request, small_server


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory, s3: S3) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("uploads")
    (folder / "dist").mkdir()
    behind, port = PORTS.choose(8001), PORTS.choose(8080)
    service = (f"127.0.0.1:{behind}",)
    store = urlsplit(s3.url).netloc
    config = GatewayConfig(folder / "gateway", "127.0.0.1", port, folder / "dist", POLICY, service, service, store)
    with ExitStack() as stack:
        stack.enter_context(running(small_server("api", behind), folder))
        stack.enter_context(running(gateway_part(config), folder))
        yield port


def path_of(s3: S3, origin: str, key: str, length: int) -> str:
    url = presigned_upload(
        origin, "lathe", key, length,
        access_key=s3.access_key, secret_key=s3.secret_key, region="us-east-1", expires_s=60,
    )  # fmt: skip
    return url.removeprefix(origin)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_an_upload_passes_by_the_name_that_the_client_uses(s3: S3, port: int, host: str) -> None:
    content = host.encode() * 100_000
    path = path_of(s3, f"http://{host}:{port}", f"staging/{host}", len(content))
    headers = {"Host": f"{host}:{port}", "Authorization": "Bearer token-of-a-user", "Cookie": "a=b"}
    answer, body = request(port, "PUT", path, body=content, headers=headers)
    assert answer.status == 200, body
    store = S3Store(s3.url, s3.access_key, s3.secret_key)
    assert await store.get(f"staging/{host}", len(content)) == content
    await store.close()
    answer, _ = request(port, "PUT", path, body=content[:-1], headers=headers)
    assert answer.status == 403
    answer, _ = request(port, "PUT", path, body=content, headers={"Host": "elsewhere.example"})
    assert answer.status == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_download_passes_by_the_name_that_the_client_uses(s3: S3, port: int, host: str, tmp_path: Path) -> None:
    store, key, origin = S3Store(s3.url, s3.access_key, s3.secret_key), f"acct/{host}/x", f"http://{host}:{port}"
    await store.start()
    (tmp_path / "x").write_bytes(b"a model")
    await store.put(key, tmp_path / "x", "application/octet-stream")
    how = 'attachment; filename="a.glb"'
    url = store.presign_get(key, 60, media_type="model/gltf-binary", disposition=how, reached_at=origin)
    await store.close()
    assert url.startswith(origin)
    path, headers = url.removeprefix(origin), {"Host": f"{host}:{port}", "Authorization": "Bearer token-of-a-user"}
    answer, body = request(port, "GET", path, headers=headers)
    assert (answer.status, body) == (200, b"a model")
    assert answer.headers["Content-Disposition"] == how
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    answer, _ = request(port, "GET", path.replace("X-Amz-Expires=60", "X-Amz-Expires=61"), headers=headers)
    assert answer.status == 403
    answer, _ = request(port, "GET", path, headers={"Host": "elsewhere.example"})
    assert answer.status == 403


def test_nothing_else_of_the_store_is_reached(s3: S3, port: int) -> None:
    origin = f"http://127.0.0.1:{port}"
    path = path_of(s3, origin, "staging/x", 5)
    escaped = path_of(s3, origin, "acct/x/y", 5)
    for method, asked in (("GET", path), ("DELETE", path), ("PUT", path.partition("?")[0]), ("PUT", escaped),
                          ("PUT", "/lathe/staging/../acct/x?X-Amz-Signature=0"), ("GET", "/lathe/")):  # fmt: skip
        answer, body = request(port, method, asked, body=b"hello" if method == "PUT" else None)
        assert (answer.status, json.loads(body)["name"]) == (200, "api"), (method, asked)
