"""`python -m query_api`: the read side, on LATHE_BIND."""

import asyncio
import sys
from types import FrameType

import uvicorn
import uvloop

from adapters.errors import Unavailable
from adapters.http.application import with_edge
from adapters.http.rate_limits import RateLimits
from adapters.security.master_key import WrongMasterKey
from adapters.settings import Settings, SettingsError, load_settings
from adapters.telemetry.logging import configure_logging
from query_api.app import make_app
from query_api.bootstrap import running_parts
from query_api.parts import Parts


class Server(uvicorn.Server):
    """Ends the streams as soon as it is told to stop: they would outlive any grace period."""

    def __init__(self, config: uvicorn.Config, parts: Parts) -> None:
        super().__init__(config)
        self._parts = parts

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._parts.closing.set()
        self._parts.live.drop_all()
        super().handle_exit(sig, frame)


async def serve(settings: Settings) -> None:
    app = make_app()
    async with running_parts(settings) as parts:
        app.state.parts = parts
        app.state.authenticator = parts.authenticator
        app.state.rate_limits = RateLimits(parts.settings.limits)
        config = uvicorn.Config(
            with_edge(app, settings, parts.audit),
            host=settings.bind_host,
            port=settings.bind_port,
            loop="none",
            http="httptools",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=10,
            timeout_keep_alive=60,
        )
        await Server(config, parts).serve()


def main() -> int:
    configure_logging("query_api")
    try:
        uvloop.run(serve(load_settings()))
    except (SettingsError, WrongMasterKey) as error:
        print(error, file=sys.stderr)
        return 78
    except Unavailable as error:
        print(error.detail, file=sys.stderr)
        return 75
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
