"""The FastAPI application of the write side."""

from fastapi import FastAPI

from adapters.http import metrics
from adapters.http.application import include, make_application
from command_api.routes import (
    admin,
    auth,
    batches,
    dead_letters,
    forwards,
    generate,
    health,
    internal,
    presigned,
    stages,
    task_actions,
    tickets,
    uploads,
    users,
    webhooks,
)

ROUTERS = (
    *(auth.router, users.router, tickets.router, admin.router, dead_letters.router, uploads.router, presigned.router),
    *(generate.router, batches.router, task_actions.router, webhooks.router),
    *(health.router, metrics.router, forwards.router, internal.router, stages.router),
)


def make_app() -> FastAPI:
    """All routes, without parts: `app.state.parts` is set by bootstrap.py. Also what the specification is made from."""
    app = make_application(title="Lathe", docs_url=None, redoc_url=None, openapi_url=None)
    include(app, ROUTERS)
    return app
