"""How a worker speaks to command_api: with its service token, to whichever address answers, repeating what may pass."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urljoin

import aiohttp
import structlog

from adapters.telemetry import subject
from ml_worker.backoff import delays

log = structlog.get_logger(__name__)
_TIMEOUT: Final = aiohttp.ClientTimeout(total=30, connect=3)
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers that a repeat may change. 401 is one too: a token may be set right while the worker waits."""


class Gone(Exception):
    """404 or 409: this attempt is not wanted any more, or never was."""


class Refused(Exception):
    """Another 4xx: repeating will not help. The message is for the operator."""


class CommandApi:
    """`addresses`: base URLs of equal processes (or one of a gateway). Repeats until it succeeds or is cancelled."""

    def __init__(self, addresses: Sequence[str], token: str) -> None:
        if not addresses:
            raise ValueError("a worker needs at least one address of command_api")
        self._addresses = [address.rstrip("/") + "/" for address in addresses]
        self._headers = {"authorization": f"Bearer {token}"}
        self._session: aiohttp.ClientSession | None = None

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """For presigned addresses, which carry their own proof: no token goes there."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=_TIMEOUT)
        return self._session

    def headers_for(self, url: str) -> dict[str, str]:
        """The token, if `url` is one of command_api's own; it must not leak to the object store."""
        return dict(self._headers) if any(url.startswith(address) for address in self._addresses) else {}

    async def call(self, method: str, path: str, body: Any = None) -> bytes:
        """The answer's body. Raises Gone and Refused; waits out everything else."""
        for wait in delays():
            base = self._addresses[0]
            try:
                async with self.session.request(
                    method, urljoin(base, path.lstrip("/")), json=body, headers=self._headers | subject.headers()
                ) as response:
                    content = await response.read()
                    if response.status < HTTPStatus.BAD_REQUEST:
                        return content
                    if response.status in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
                        raise Gone(f"{response.status}: {content[:500].decode(errors='replace')}")
                    if response.status not in _PASSING and response.status != HTTPStatus.UNAUTHORIZED:
                        raise Refused(f"{method} {path}: {response.status} {content[:500].decode(errors='replace')}")
                    log.warning("command_api did not do it yet", path=path, status=response.status)
                    wait = max(wait, _retry_after(response))
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                log.warning("command_api does not answer", address=base, why=why_not(error))
                self._addresses.append(self._addresses.pop(0))
            await asyncio.sleep(wait)
        raise AssertionError("delays never end")

    def absolute(self, url: str) -> str:
        """An address from an answer; a path alone means command_api itself."""
        return urljoin(self._addresses[0], url)


def why_not(error: BaseException) -> str:
    """For logs and messages: without addresses, of which a presigned one opens what lies there, and without headers."""
    match error:
        case aiohttp.ClientResponseError():
            return f"{type(error).__name__}, status {error.status}"
        case aiohttp.InvalidURL():
            return type(error).__name__
        case _:
            return repr(error)


def _retry_after(response: aiohttp.ClientResponse) -> float:
    value = response.headers.get("Retry-After", "")
    return min(5.0, float(value)) if value.isascii() and value.isdigit() else 0.0
