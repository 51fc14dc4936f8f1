"""`python -m query_api`: the read side, on LATHE_BIND."""

import sys
from types import FrameType

import uvicorn

from adapters.collector import collect_rarely
from adapters.http.application import with_edge
from adapters.http.rate_limits import RateLimits
from adapters.http.serving import run_service, server_config
from adapters.settings import Settings
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
        collect_rarely()
        await Server(server_config(with_edge(app, settings, parts.audit), settings), parts).serve()


if __name__ == "__main__":
    sys.exit(run_service("query_api", serve))
