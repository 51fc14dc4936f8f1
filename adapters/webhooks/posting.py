"""Posting one message to one address, guarded: only where `Addresses` allow, no redirects, little time, little memory.

The guard stands where the connection is made: on every address that a look-up gave, and again on the address of each
socket before it connects. So neither a name that changes its mind nor an address in another spelling passes it.
"""

import asyncio
import socket
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal

import aiohttp
import msgspec
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import AddrInfoType
from yarl import URL

from adapters.webhooks.addresses import Addresses
from adapters.webhooks.names import Resolver

TIMEOUT_S: Final = 15.0
"""From the look-up to the answer's status."""
CONNECT_S: Final = 5.0
_KEPT_S: Final = 4.0
"""A connection is kept for less time than usual servers keep theirs (5 s): none is used that is just being closed."""
_BODY_S: Final = 1.0
_BODY_BYTES: Final = 16 * 1024
"""What is read of an answer's body, only so that the connection can be used again. Nothing looks into it."""
USER_AGENT: Final = "Lathe-Webhooks/1"
LONGEST_RETRY_AFTER_S: Final = 24 * 3600.0
log = structlog.get_logger(__name__)
Kind = Literal["delivered", "refused", "redirected", "timeout", "unreachable", "not-allowed"]


class Outcome(msgspec.Struct, frozen=True):
    """What came of one attempt. `status` is the answer's, if there was one."""

    kind: Kind
    seconds: float
    status: int | None = None
    retry_after_s: float | None = None


class Forbidden(OSError):
    """The address is not one to connect to."""


class Poster:
    """Keeps connections open between posts. `stop` closes them."""

    def __init__(self, addresses: Addresses, *, resolver: AbstractResolver | None = None) -> None:
        """`resolver`: what looks names up, if not the system."""
        self._addresses = addresses
        self._resolver = resolver
        self._sessions: dict[str, aiohttp.ClientSession] = {}
        """By scheme: plain HTTP goes only into networks that were named."""

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Outcome:
        """Post once. Never raises for what the other side does."""
        began = time.perf_counter()

        def outcome(kind: Kind, status: int | None = None, retry_after_s: float | None = None) -> Outcome:
            return Outcome(kind, time.perf_counter() - began, status, retry_after_s)

        try:
            async with self._session(URL(url)).post(
                URL(url),
                data=body,
                headers={"content-type": "application/json", "accept-encoding": "identity", **headers},
                allow_redirects=False,
            ) as answer:
                await _drained(answer)
                if 200 <= answer.status < 300:
                    return outcome("delivered", answer.status)
                kind: Kind = "redirected" if 300 <= answer.status < 400 else "refused"
                return outcome(kind, answer.status, retry_after_of(answer.headers.get("retry-after")))
        except TimeoutError:
            return outcome("timeout")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return outcome("not-allowed" if _forbidden(error) else "unreachable")
        except Exception:
            # It is repeated with back-off, as others are: it must not become everybody's failure.
            log.exception("a post failed as none should")
            return outcome("unreachable")

    async def stop(self) -> None:
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    def _session(self, url: URL) -> aiohttp.ClientSession:
        session = self._sessions.get(url.scheme)
        if session is None:
            guard = _Guard(self._addresses, named_only=url.scheme != "https")
            connector = aiohttp.TCPConnector(
                limit=0,
                keepalive_timeout=_KEPT_S,
                use_dns_cache=False,
                resolver=_GuardedResolver(guard, self._resolver or Resolver()),
                socket_factory=guard.socket,
            )
            session = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S, sock_connect=CONNECT_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"user-agent": USER_AGENT},
                auto_decompress=False,
                trust_env=False,
            )
            self._sessions[url.scheme] = session
        return session


class _Guard:
    def __init__(self, addresses: Addresses, *, named_only: bool) -> None:
        self._addresses, self._named_only = addresses, named_only

    def require(self, address: str) -> None:
        """Raises Forbidden."""
        if not self._addresses.may_reach(address, named_only=self._named_only):
            raise Forbidden("not a public address")

    def socket(self, info: AddrInfoType) -> socket.socket:
        """The socket that is about to connect to `info`. Raises Forbidden."""
        family, kind, protocol, _, place = info
        self.require(str(place[0]))
        return socket.socket(family, kind, protocol)


class _GuardedResolver(AbstractResolver):
    """One inward address among those of a name is enough to forbid it: nobody has such a name by mistake."""

    def __init__(self, guard: _Guard, system: AbstractResolver) -> None:
        self._guard, self._system = guard, system

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._system.resolve(host, port, family)
        for result in found:
            self._guard.require(result["host"])
        return found

    async def close(self) -> None:
        await self._system.close()


def retry_after_of(text: str | None, now: datetime | None = None) -> float | None:
    """Seconds that the header asks to wait, 0 to a day; None when it says nothing sensible (RFC 9110, 10.2.3)."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # numbers of any length can stand in it
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - (now or datetime.now(UTC))).total_seconds()), LONGEST_RETRY_AFTER_S)


async def _drained(answer: aiohttp.ClientResponse) -> None:
    """Read what little there should be; a longer or slower body costs the other side its connection."""
    try:
        async with asyncio.timeout(_BODY_S):
            left = _BODY_BYTES
            while left > 0 and (chunk := await answer.content.read(left)):
                left -= len(chunk)
    except (TimeoutError, aiohttp.ClientError, OSError):
        answer.close()
        return
    if left <= 0:
        answer.close()


def _forbidden(error: BaseException | None) -> bool:
    seen = 0
    while error is not None and seen < 8:
        if isinstance(error, Forbidden) or isinstance(getattr(error, "os_error", None), Forbidden):
            return True
        error, seen = error.__cause__ or error.__context__, seen + 1
    return False
