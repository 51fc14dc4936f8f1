"""How an HTTP service is served, and how its process ends."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Final

import uvicorn
import uvloop
from starlette.types import ASGIApp

from adapters.errors import Unavailable
from adapters.http.one_write import OneWriteProtocol
from adapters.security.master_key import WrongMasterKey
from adapters.settings import Settings, SettingsError, load_settings
from adapters.telemetry import tracing
from adapters.telemetry.start import start_telemetry

CONFIGURATION: Final = 78
"""EX_CONFIG of sysexits.h: a restart will not help."""
TRY_LATER: Final = 75
"""EX_TEMPFAIL."""


def server_config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """One process, uvloop and httptools; logs and limits are the edge's business."""
    return uvicorn.Config(
        app,
        host=settings.bind_host,
        port=settings.bind_port,
        loop="none",
        http=OneWriteProtocol,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=10,
        timeout_keep_alive=60,
    )


def run_service(name: str, serve: Callable[[Settings], Awaitable[None]]) -> int:
    """Serve until SIGTERM or SIGINT; the exit code."""

    async def until_stopped() -> None:
        settings = load_settings()
        start_telemetry(name, settings)
        await serve(settings)

    try:
        uvloop.run(until_stopped())
    except (SettingsError, WrongMasterKey) as error:
        print(error, file=sys.stderr)
        return CONFIGURATION
    except Unavailable as error:
        print(error.detail, file=sys.stderr)
        return TRY_LATER
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 0
    finally:
        tracing.flush(tracing.LAST_WORDS_S)
    return 0
