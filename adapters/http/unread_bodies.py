"""No answer overtakes its request: what was not read of the body is taken in before the answer begins.

A proxy that is answered while it still sends gives up on the connection, and the end of the answer is lost with it
(Go's `net/http`: `maxWriteWaitBeforeConnReuse` in transport.go). A refusal would then arrive without its reason.
"""

import asyncio
from contextlib import suppress
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.http.body_limits import MIB

MOST_BYTES: Final = 32 * MIB
"""More is not waited for: whoever sends this much unasked may find the connection closed."""
MOST_SECONDS: Final = 5.0


class TakeUnread:
    """ASGI middleware, the outermost: `TakeUnread(app)`. Requests without a body pass through as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(scope):
            await self.app(scope, receive, send)
            return
        body = _Body(receive, send)
        await self.app(scope, body.receive, body.send)


class _Body:
    """The body of one request, and how much of it has arrived."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._got = 0
        self._complete = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._got += len(message.get("body", b""))
            self._complete = not message.get("more_body", False)
        else:
            self._complete = True
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and not self._complete and not _closes(message):
            with suppress(TimeoutError):
                async with asyncio.timeout(MOST_SECONDS):
                    while not self._complete and self._got <= MOST_BYTES:
                        await self.receive()
            self._complete = True
        await self._send(message)


def _closes(start: Message) -> bool:
    """Whether this answer ends the connection, so that no more is read from it."""
    return (b"connection", b"close") in start["headers"]


def _has_body(scope: Scope) -> bool:
    """Whether a body is on its way. A client that asks first (`Expect: 100-continue`) sends none when it is refused."""
    has = False
    for name, value in scope["headers"]:
        if name == b"expect":
            return False
        if name == b"content-length":
            has = has or (value.isdigit() and 0 < int(value) <= MOST_BYTES)
        elif name == b"transfer-encoding":
            has = True
    return has
