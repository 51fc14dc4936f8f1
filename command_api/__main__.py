"""`python -m command_api`: the write side, on LATHE_BIND."""

import sys

import uvicorn

from adapters.collector import collect_rarely
from adapters.http.application import with_edge
from adapters.http.serving import run_service, server_config
from adapters.security.authenticator import Authenticator
from adapters.settings import Settings
from command_api.app import make_app
from command_api.bootstrap import running_parts


async def serve(settings: Settings) -> None:
    app = make_app()
    async with running_parts(settings) as parts:
        app.state.parts = parts
        app.state.rate_limits = parts.limits
        app.state.authenticator = Authenticator(parts.tokens, parts.users)
        collect_rarely()
        await uvicorn.Server(server_config(with_edge(app, settings, parts.audit), settings)).serve()


if __name__ == "__main__":
    sys.exit(run_service("command_api", serve))
