"""An endpoint as users have them; signatures are checked by the library of Standard Webhooks."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook

PATIENCE_S = 100.0
Answer = web.StreamResponse | int


@dataclass
class Got:
    """One request."""

    id: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    def verified(self, secret: str) -> Any:
        """The message. Raises standardwebhooks.WebhookVerificationError."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """`answer`: what is told to a request; 204 if nothing was said."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    answer: Callable[[Got], Answer | Awaitable[Answer]] = lambda got: 204

    @property
    def ids(self) -> list[str]:
        return [one.id for one in self.got]

    async def until(self, condition: Callable[[], object], what: str = "a delivery") -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(0.005)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        loop = asyncio.get_running_loop()
        got = Got(headers.get("webhook-id", ""), request.path, headers, await request.read(), loop.time())
        self.got.append(got)
        told = self.answer(got)
        answer = await told if inspect.isawaitable(told) else told
        return web.Response(status=answer) if isinstance(answer, int) else answer


@asynccontextmanager
async def receiver(host: str = "127.0.0.1") -> AsyncIterator[Receiver]:
    found = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", found.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, host, 0)
    await site.start()
    port = runner.addresses[0][1]
    found.url = f"http://{f'[{host}]' if ':' in host else host}:{port}/hooks"
    try:
        yield found
    finally:
        await runner.cleanup()
