"""One post: signed so that others can verify it, guarded where the connection is made, and cheap whatever answers."""

import asyncio
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from standardwebhooks import Webhook, WebhookVerificationError

from adapters.webhooks import posting
from adapters.webhooks.addresses import Addresses
from adapters.webhooks.posting import Poster, retry_after_of
from adapters.webhooks.signatures import headers_of, new_secret
from tests.webhooks.receiver import Got, receiver

LOCAL = Addresses(["127.0.0.0/8"])
BODY = b'{"type":"webhook.test"}'


class Names(AbstractResolver):
    """Names that mean what a test wants: the n-th look-up gives the n-th list, the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers, self.asked = answers, 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        return [
            ResolveResult(hostname=host, host=ip, port=port, family=socket.AF_INET, proto=0, flags=0) for ip in found
        ]

    async def close(self) -> None:
        pass


def signed(body: bytes = BODY, *secrets: str) -> dict[str, str]:
    return headers_of(secrets or (new_secret(),), "msg-1", int(time.time()), body)


def test_signatures_are_those_of_standard_webhooks() -> None:
    old, new = new_secret(), new_secret()
    headers = signed(BODY, new, old)
    assert Webhook(new).verify(BODY, headers) == {"type": "webhook.test"}
    assert Webhook(old).verify(BODY, headers) == {"type": "webhook.test"}
    assert headers["webhook-signature"].split(" ")[0] == Webhook(new).sign(
        "msg-1", datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC), BODY.decode()
    )
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(BODY + b" ", headers)


async def test_an_answer_and_its_wish_to_be_left_alone() -> None:
    def busy(got: Got) -> web.Response:
        return web.Response(status=429, headers={"retry-after": "7"})

    poster = Poster(LOCAL)
    async with receiver() as there:
        done = await poster.post(there.url, signed(), BODY)
        there.answer = busy
        refused = await poster.post(there.url, signed(), BODY)
    await poster.stop()
    assert (done.kind, done.status) == ("delivered", 204)
    assert (refused.kind, refused.status, refused.retry_after_s) == ("refused", 429, 7)
    assert there.got[0].headers["user-agent"] == posting.USER_AGENT


async def test_53_redirects_are_not_followed() -> None:
    poster = Poster(LOCAL)
    async with receiver() as inside, receiver() as there:
        statuses = [301, 302, 303, 307, 308]
        there.answer = lambda got: web.Response(status=statuses[len(there.got) - 1], headers={"location": inside.url})
        for status in statuses:
            outcome = await poster.post(there.url, signed(), BODY)
            assert (outcome.kind, outcome.status) == ("redirected", status)
    await poster.stop()
    assert inside.got == []


async def test_53_inward_addresses_are_not_connected_to() -> None:
    poster = Poster(Addresses(["192.0.2.0/24"]))
    async with receiver() as there:
        port = there.url.rpartition(":")[2]
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"):
            for scheme in ("http", "https"):
                outcome = await poster.post(f"{scheme}://{host}:{port}", signed(), BODY)
                assert outcome.kind == "not-allowed", host
        for host in ("2130706433", "0x7f.1", "0x7f000001", "017700000001"):
            outcome = await poster.post(f"http://{host}:{port}", signed(), BODY)
            assert outcome.kind in ("not-allowed", "unreachable"), host
    await poster.stop()
    assert there.got == []


async def test_53_a_name_that_leads_elsewhere_the_second_time() -> None:
    """Rebinding: the address that was judged is the one that is connected to, at every connection anew."""
    names = Names(["127.0.0.1"], ["127.0.0.1", "10.0.0.1"], ["169.254.169.254"])
    poster = Poster(LOCAL, resolver=names)
    async with receiver() as there:
        url = there.url.replace("127.0.0.1", "hooks.test")
        there.answer = lambda got: web.Response(status=204, headers={"connection": "close"})
        assert (await poster.post(url, signed(), BODY)).kind == "delivered"
        assert (await poster.post(url, signed(), BODY)).kind == "not-allowed"
        assert (await poster.post(url, signed(), BODY)).kind == "not-allowed"
    await poster.stop()
    assert names.asked == 3
    assert len(there.got) == 1


async def test_53_a_resolver_that_lies_to_the_check_does_not_get_past_the_socket() -> None:
    guard = posting._Guard(Addresses(), named_only=False)
    with pytest.raises(posting.Forbidden):
        guard.socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 80)))


async def test_plain_http_to_a_public_address_is_not_sent() -> None:
    poster = Poster(LOCAL, resolver=Names(["93.184.216.34"]))
    assert (await poster.post("http://hooks.test/", signed(), BODY)).kind == "not-allowed"
    await poster.stop()


async def test_a_body_without_end_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n")
        try:
            while sent < 1 << 28:
                writer.write(b"x" * 65536)
                sent += 65536
                await writer.drain()
        except ConnectionError:
            pass
        writer.close()

    server = await asyncio.start_server(flood, "127.0.0.1", 0)
    poster = Poster(LOCAL)
    outcome = await poster.post(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", signed(), BODY)
    await poster.stop()
    server.close()
    assert outcome.kind == "delivered"
    assert sent < 1 << 24


async def test_silence_and_nonsense_are_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "TIMEOUT_S", 0.3)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-OpenSSH_9.9\r\n")
        writer.close()

    poster = Poster(LOCAL)
    for handler, kind in ((silent, "timeout"), (nonsense, "unreachable")):
        server = await asyncio.start_server(handler, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        assert (await poster.post(f"http://127.0.0.1:{port}/", signed(), BODY)).kind == kind
        server.close()
    assert (await poster.post(f"http://127.0.0.1:{port}/", signed(), BODY)).kind == "unreachable"
    await poster.stop()


class Broken(Names):
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        raise RuntimeError("a mistake somewhere")


async def test_a_failure_that_nobody_thought_of_is_one_of_this_post_alone() -> None:
    poster = Poster(LOCAL, resolver=Broken())
    outcome = await poster.post("https://example.com/", signed(), BODY)
    await poster.stop()
    assert (outcome.kind, outcome.status) == ("unreachable", None)


def test_retry_after_as_seconds_and_as_a_date() -> None:
    now = datetime(2030, 1, 2, tzinfo=UTC)
    assert retry_after_of("120") == 120
    assert retry_after_of(format_datetime(now + timedelta(seconds=90), usegmt=True), now) == 90
    assert retry_after_of(format_datetime(now - timedelta(days=1), usegmt=True), now) == 0
    assert retry_after_of("9" * 400) == posting.LONGEST_RETRY_AFTER_S
    for nonsense in (None, "", "soon", "-5", "1e9", "١٢"):
        assert retry_after_of(nonsense, now) is None


@pytest.mark.parametrize(
    "date", [f"Mon, 01 Jan {'9' * 20} 00:00:00 GMT", f"Mon, {'9' * 20} Jan 2030 00:00:00 GMT",
             f"Mon, 01 Jan 2030 00:00:00 +{'9' * 20}"]
)  # fmt: skip
async def test_a_date_out_of_all_calendars_in_retry_after_is_no_date(date: str) -> None:
    poster = Poster(LOCAL)
    async with receiver() as there:
        there.answer = lambda got: web.Response(status=503, headers={"retry-after": date})
        outcome = await poster.post(there.url, signed(), BODY)
    await poster.stop()
    assert (outcome.kind, outcome.status, outcome.retry_after_s) == ("refused", 503, None)


async def test_names_that_nobody_answers_for_keep_no_thread_that_others_need(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    asked = socket.getaddrinfo

    def slow(host: str, *rest: Any) -> Any:
        if host == "silent.example":
            answered.wait()
        return asked(host, *rest)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    poster = Poster(LOCAL)
    waiting = [asyncio.create_task(poster.post("http://silent.example/", signed(), BODY)) for _ in range(40)]
    try:
        async with receiver() as there:
            named = there.url.replace("127.0.0.1", "localhost")
            done, _ = await asyncio.wait([asyncio.create_task(poster.post(named, signed(), BODY))], timeout=30)
            assert [(await post).kind for post in done] == ["delivered"]
            async with asyncio.timeout(30):
                await asyncio.to_thread(len, "")
    finally:
        answered.set()
        await asyncio.gather(*waiting)
        await poster.stop()
