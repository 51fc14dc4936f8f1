"""`python -m command_api`: the write side, on LATHE_BIND."""

import asyncio
import sys

import uvicorn
import uvloop

from adapters.errors import Unavailable
from adapters.http.application import with_edge
from adapters.security.authenticator import Authenticator
from adapters.security.master_key import WrongMasterKey
from adapters.settings import Settings, SettingsError, load_settings
from adapters.telemetry.logging import configure_logging
from command_api.app import make_app
from command_api.bootstrap import running_parts


async def serve(settings: Settings) -> None:
    app = make_app()
    async with running_parts(settings) as parts:
        app.state.parts = parts
        app.state.rate_limits = parts.limits
        app.state.authenticator = Authenticator(parts.tokens, parts.users)
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
            proxy_headers=False,
            timeout_graceful_shutdown=10,
            timeout_keep_alive=60,
        )
        await uvicorn.Server(config).serve()


def main() -> int:
    configure_logging("command_api")
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
