"""HEAD wherever GET is (RFC 9110, section 9.3.2): the same answer, without its body."""

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LEARNT: Final = ("route", "endpoint", "path_params")
"""What the router found out, for those around it (the access log)."""


class AnswerHeads:
    """ASGI middleware: asks the application with GET. A stream is ended as soon as its head is there."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        asked = {**scope, "method": "GET"}
        head = _Head(send)
        answering = asyncio.ensure_future(_answered(self.app, asked, receive, head.send))
        seen = asyncio.create_task(head.complete.wait())
        try:
            await asyncio.wait((answering, seen), return_when=asyncio.FIRST_COMPLETED)
        finally:
            scope.update({name: asked[name] for name in _LEARNT if name in asked})
            ended = answering.done()
            for task in (answering, seen):
                task.cancel()
            await asyncio.wait((answering, seen))
        if ended:
            answering.result()
        if head.complete.is_set():
            await send({"type": "http.response.body", "body": b""})


async def _answered(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)


class _Head:
    """Passes the head of an answer on, and keeps its body."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.complete = asyncio.Event()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._send(message)
            return
        self.complete.set()
        if message.get("more_body", False):
            await asyncio.get_running_loop().create_future()  # nobody wants the rest: this is cancelled
