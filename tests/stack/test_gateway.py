"""The generated Caddyfile, tried with the real Caddy in front of two small servers."""

import http.client
import json
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli.stack.gateway import GatewayConfig, gateway_part, local_url
from cli.stack.part import Part
from cli.stack.ports import accepts
from tests.embedded import PORTS, running

POLICY = "default-src 'none'; script-src 'self'"
SERVER = Path(__file__).with_name("small_server.py")
Ask = Callable[..., tuple[http.client.HTTPResponse, bytes]]


def small_server(name: str, port: int) -> Part:
    return Part(name, (sys.executable, str(SERVER), name, str(port)), is_ready=lambda: accepts("127.0.0.1", port))


def gateway_config(folder: Path, page: Path, command: tuple[str, ...], query: tuple[str, ...]) -> GatewayConfig:
    return GatewayConfig(folder / "gateway", "127.0.0.1", PORTS.choose(8080), page, POLICY, command, query)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> GatewayConfig:
    folder = tmp_path_factory.mktemp("gateway with a space")
    page = folder / "dist"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text("<!doctype html><title>Lathe</title>" + " " * 2000)
    (page / "assets" / "app-1a2b.js").write_text("export {}")
    (page / "favicon.svg").write_text("<svg/>")
    command, query, down = (f"127.0.0.1:{PORTS.choose(8001)}" for _ in range(3))
    return gateway_config(folder, page, (command, down), (query,))


@pytest.fixture(scope="module")
def ask(config: GatewayConfig) -> Iterator[Ask]:
    folder = config.folder.parent
    with ExitStack() as stack:
        for name, address in (("command", config.command_api[0]), ("query", config.query_api[0])):
            stack.enter_context(running(small_server(name, int(address.rpartition(":")[2])), folder))
        stack.enter_context(running(gateway_part(config), folder))
        yield lambda method, path, **more: request(config.port, method, path, **more)


def request(
    port: int, method: str, path: str, host: str = "127.0.0.1", **more: Any
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(host, port, timeout=20)
    connection.request(method, path, **more)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


@pytest.mark.parametrize(
    ("method", "path", "service"),
    [
        ("GET", "/generate", "query"),
        ("GET", "/tasks-of-mine", "query"),
        ("GET", "/openapi.json", "query"),
        ("GET", "/docs", "query"),
        ("GET", "/redoc", "query"),
        ("OPTIONS", "/generate", "query"),
        ("POST", "/generate", "command"),
        ("POST", "/", "command"),
        ("PUT", "/auth/password", "command"),
        ("PATCH", "/jobs/1/", "command"),
        ("DELETE", "/files/1", "command"),
        ("GET", "/internal/runs/1/1", "command"),
    ],
)
def test_reads_and_writes_go_to_their_services(ask: Ask, method: str, path: str, service: str) -> None:
    for _ in range(3):  # the second command_api is down: no request may notice
        answer, body = ask(method, path)
        assert answer.status == 200
        said = json.loads(body)
        assert (said["name"], said["method"], said["path"]) == (service, method, path)


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
@pytest.mark.parametrize(("host", "reached"), [("::1", ["::1"]), ("::", ["::1", "127.0.0.1"])])
def test_it_listens_on_ipv6_too(config: GatewayConfig, ask: Ask, tmp_path: Path, host: str, reached: list[str]) -> None:
    also = replace(gateway_config(tmp_path, tmp_path, config.command_api, config.query_api), host=host)
    with running(gateway_part(also), tmp_path):
        for address in reached:
            _, body = request(also.port, "GET", "/generate", host=address)
            assert json.loads(body)["for"] == address


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://127.0.0.1:80"),
        ("::1", "http://[::1]:80"),
        ("192.0.2.7", "http://192.0.2.7:80"),
    ],
)
def test_this_machine_reaches_it_where_it_listens(host: str, url: str) -> None:
    assert local_url(host, 80) == url


def test_the_services_learn_the_client_and_not_what_it_claims(ask: Ask) -> None:
    _, body = ask("GET", "/generate", headers={"X-Forwarded-For": "203.0.113.7"})
    assert json.loads(body)["for"] == "127.0.0.1"


def test_a_server_in_front_is_believed_if_it_is_to_be(config: GatewayConfig, ask: Ask, tmp_path: Path) -> None:
    front = replace(
        gateway_config(tmp_path, tmp_path, config.command_api, config.query_api), trusted_proxies=("127.0.0.0/8",)
    )
    with running(gateway_part(front), tmp_path):
        claims = {"X-Forwarded-For": "198.51.100.9, 203.0.113.7", "X-Forwarded-Proto": "https"}
        _, body = request(front.port, "GET", "/generate", headers=claims)
    assert (json.loads(body)["for"], json.loads(body)["proto"]) == ("203.0.113.7", "https")
    _, body = ask("GET", "/generate", headers={"X-Forwarded-Proto": "https"})
    assert json.loads(body)["proto"] == "http"


def test_a_large_upload_arrives_whole(ask: Ask) -> None:
    _, body = ask("POST", "/upload", body=b"x" * 30_000_000)
    assert json.loads(body)["bytes"] == 30_000_000


def test_a_refusal_is_told_before_the_body_has_come(ask: Ask, config: GatewayConfig) -> None:
    with socket.create_connection(("127.0.0.1", config.port), timeout=10) as connection:
        connection.sendall(b"POST /refused HTTP/1.1\r\nHost: lathe\r\nContent-Length: 1000\r\n\r\nfive ")
        assert connection.recv(12) == b"HTTP/1.1 200"


@pytest.mark.parametrize("path", ["/", "/tasks/0197", "/mine", "/credits", "/login", "/mine?filter=done"])
def test_page_addresses_get_the_page_with_its_policy(ask: Ask, path: str) -> None:
    answer, body = ask("GET", path)
    assert answer.status == 200
    assert body.startswith(b"<!doctype html>")
    policy = answer.headers["Content-Security-Policy"]
    assert policy == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "Server" not in answer.headers


def test_assets_are_cached_for_ever_and_root_files_are_not(ask: Ask) -> None:
    answer, body = ask("GET", "/assets/app-1a2b.js")
    assert (answer.status, body) == (200, b"export {}")
    assert "immutable" in answer.headers["Cache-Control"]
    answer, _ = ask("GET", "/favicon.svg")
    assert answer.status == 200
    assert "Cache-Control" not in answer.headers


def test_what_the_api_does_not_know_is_the_apis_answer(ask: Ask) -> None:
    answer, body = ask("GET", "/missing")
    assert answer.status == 404
    assert json.loads(body)["name"] == "query"


def test_metrics_are_not_public(ask: Ask) -> None:
    answer, body = ask("GET", "/metrics")
    assert answer.status == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(body)["status"] == 404
    assert json.loads(body)["request_id"] == answer.headers["X-Request-ID"]
    assert len(answer.headers["X-Request-ID"]) == 36


def test_events_arrive_one_by_one(ask: Ask, config: GatewayConfig) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", config.port, timeout=20)
    connection.request("GET", "/events")
    answer = connection.getresponse()
    assert answer.readline() == b"data: first\n"
    ask("GET", "/release")
    assert answer.read() == b"\ndata: second\n\n"
    connection.close()


def test_a_service_that_is_down_is_a_503_with_a_time_to_wait(tmp_path: Path) -> None:
    nobody = f"127.0.0.1:{PORTS.choose(8001)}"
    config = gateway_config(tmp_path, tmp_path, (nobody,), (nobody,))
    with running(gateway_part(config), tmp_path):
        for method in ("GET", "POST"):
            answer, body = request(config.port, method, "/generate")
            assert answer.status == 503
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert int(answer.headers["Retry-After"]) > 0
            assert json.loads(body)["type"] == "/problems/unavailable"


def test_a_write_whose_process_died_may_have_been_done_and_says_so(ask: Ask) -> None:
    answer, body = ask("POST", "/dies")
    assert (answer.status, json.loads(body)["type"]) == (503, "/problems/outcome-pending")
    assert int(answer.headers["Retry-After"]) > 0
    answer, body = ask("GET", "/dies")
    assert (answer.status, json.loads(body)["type"]) == (503, "/problems/unavailable")


@pytest.mark.parametrize(
    ("wanted", "language", "title"),
    [
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru", "Такого ресурса нет"),
        ("en, ru;q=0.5", "en", "There is no such resource"),
        ("rue", "en", "There is no such resource"),
        (None, "en", "There is no such resource"),
    ],
)
def test_titles_are_in_the_language_that_is_wanted(ask: Ask, wanted: str | None, language: str, title: str) -> None:
    answer, body = ask("GET", "/metrics", headers={} if wanted is None else {"Accept-Language": wanted})
    assert (answer.status, answer.headers["Content-Language"]) == (404, language)
    assert (json.loads(body)["title"], json.loads(body)["detail"]) == (title, "There is nothing here.")


def test_ready_when_commands_and_queries_are_served(ask: Ask, config: GatewayConfig, tmp_path: Path) -> None:
    answer, body = ask("GET", "/readyz")
    assert (answer.status, json.loads(body)["name"]) == (200, "query")
    nobody = f"127.0.0.1:{PORTS.choose(8001)}"
    for command, query in (((nobody,), config.query_api), (config.command_api, (nobody,))):
        half = gateway_config(tmp_path, tmp_path, tuple(command), tuple(query))
        with running(gateway_part(half), tmp_path):
            assert request(half.port, "GET", "/readyz")[0].status == 503
            assert request(half.port, "HEAD", "/readyz/")[0].status == 503


def test_whoever_logs_in_meets_one_process_that_counts(tmp_path: Path) -> None:
    ports = [PORTS.choose(8001) for _ in range(2)]
    config = gateway_config(tmp_path, tmp_path, tuple(f"127.0.0.1:{port}" for port in ports), ("127.0.0.1:1",))
    with ExitStack() as stack:
        for number, port in enumerate(ports):
            stack.enter_context(running(small_server(f"command-{number}", port), tmp_path))
        stack.enter_context(running(gateway_part(config), tmp_path))
        met = {
            path: {json.loads(request(config.port, "POST", path)[1])["name"] for _ in range(20)}
            for path in ("/auth/login", "/auth/register", "/generate")
        }
    assert met["/auth/login"] == met["/auth/register"]
    assert len(met["/auth/login"]) == 1
    assert len(met["/generate"]) == 2
