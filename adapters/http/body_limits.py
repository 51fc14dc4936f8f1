"""Limits on request bodies, whatever `Content-Length` says or leaves out: size, and how slowly one may arrive."""

import asyncio
import time
from typing import Final

import msgspec
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.http.metrics import note_received
from adapters.http.refusals import MalformedRequest, TooLarge, TooSlow

MIB: Final = 1024 * 1024


class BodyLimits(msgspec.Struct, frozen=True):
    """Bytes by kind of body; a body must arrive within `grace_s` plus its size at `least_rate` bytes a second."""

    json_bytes: int = MIB
    multipart_bytes: int = 21 * MIB
    grace_s: float = 20.0
    least_rate: int = 16 * 1024


class LimitBodies:
    """ASGI middleware. What is over a limit raises TooLarge or TooSlow into whoever reads the body."""

    def __init__(self, app: ASGIApp, limits: BodyLimits | None = None) -> None:
        self.app = app
        self.limits = limits or BodyLimits()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        declared = headers.get("content-length")
        if declared in (None, "0") and "transfer-encoding" not in headers:
            await self.app(scope, receive, send)
            return
        limits = self.limits
        multipart = headers.get("content-type", "").lower().startswith("multipart/")
        most = limits.multipart_bytes if multipart else limits.json_bytes
        if declared is not None:
            if not (declared.isascii() and declared.isdigit()):
                raise MalformedRequest("Content-Length must be a number of bytes.")
            if int(declared) > most:
                raise TooLarge(f"The body has {int(declared)} bytes; {most} is the most.", limit=most)
        await self.app(scope, _Metered(scope, receive, most, limits), send)


class _Metered:
    """A `receive` that counts bytes and keeps the time."""

    def __init__(self, scope: Scope, receive: Receive, most: int, limits: BodyLimits) -> None:
        self._scope, self._receive, self._most, self._limits = scope, receive, most, limits
        self._began = time.monotonic()
        self._got = 0
        self._complete = False

    async def __call__(self) -> Message:
        if self._complete:
            return await self._receive()
        allowed = self._limits.grace_s + self._got / self._limits.least_rate
        left = self._began + allowed - time.monotonic()
        try:
            async with asyncio.timeout(max(left, 0)):
                message = await self._receive()
        except TimeoutError:
            raise TooSlow(f"Only {self._got} bytes of the body came within {allowed:.0f} s.") from None
        if message["type"] == "http.request":
            self._got += len(message.get("body", b""))
            self._complete = not message.get("more_body", False)
            note_received(self._scope)
            if self._got > self._most:
                raise TooLarge(f"The body has more than {self._most} bytes.", limit=self._most)
        return message
