"""`python -m command_api`: the write side, on LATHE_BIND."""

import sys
from types import FrameType

import uvicorn

from adapters.collector import collect_rarely
from adapters.http.application import with_edge
from adapters.http.serving import run_service, server_config
from adapters.security.authenticator import Authenticator
from adapters.settings import Settings
from command_api.app import make_app
from command_api.bootstrap import running_parts
from command_api.parts import Parts


class Server(uvicorn.Server):
    """Ends the waiting for results as soon as it is told to stop: it would outlive any grace period."""

    def __init__(self, config: uvicorn.Config, parts: Parts) -> None:
        super().__init__(config)
        self._parts = parts

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._parts.closing.set()
        super().handle_exit(sig, frame)


async def serve(settings: Settings) -> None:
    app = make_app()
    async with running_parts(settings) as parts:
        app.state.parts = parts
        app.state.rate_limits = parts.limits
        app.state.authenticator = Authenticator(parts.tokens, parts.users)
        collect_rarely()
        await Server(server_config(with_edge(app, settings, parts.audit), settings), parts).serve()


if __name__ == "__main__":
    sys.exit(run_service("command_api", serve))
