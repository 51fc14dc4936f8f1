"""/metrics and /healthz of a process that has no API of its own, at LATHE_METRICS_BIND."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiohttp import web
from prometheus_client import generate_latest

from adapters.settings import SettingsError, host_and_port

log = structlog.get_logger(__name__)
_TYPE = "text/plain; version=0.0.4; charset=utf-8"


async def _metrics(_: web.Request) -> web.Response:
    return web.Response(body=generate_latest(), headers={"content-type": _TYPE})


async def _healthz(_: web.Request) -> web.Response:
    """The event loop turns, or nobody would answer."""
    return web.json_response({"status": "alive"})


@asynccontextmanager
async def metrics_endpoint(bind: str | None) -> AsyncIterator[int | None]:
    """Serve inside the block; its port (which may have been chosen: `:0`). None: nothing is served.

    Raises SettingsError when the address is taken.
    """
    if bind is None:
        yield None
        return
    app = web.Application()
    app.add_routes([web.get("/metrics", _metrics), web.get("/healthz", _healthz)])
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    host, port = host_and_port(bind)
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise SettingsError(f"LATHE_METRICS_BIND: {bind} cannot be listened on ({error.strerror})") from None
        port = int(runner.addresses[0][1])
        log.info("metrics are served", address=f"{host}:{port}")
        yield port
    finally:
        await runner.cleanup()
