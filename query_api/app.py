"""The FastAPI application of the read side."""

from fastapi import FastAPI

from adapters.http import metrics
from adapters.http.application import include, make_application
from query_api.routes import (
    admin,
    billing,
    dead_letters,
    docs,
    event_schemas,
    events,
    files,
    health,
    keys,
    models,
    previews,
    problems,
    profile,
    results,
    tasks,
    webhooks,
)

ROUTERS = (
    profile.router,
    files.router,
    # Static paths before parametric ones: /generate/models is no task.
    models.router,
    tasks.router,
    results.router,
    previews.router,
    billing.router,
    webhooks.router,
    admin.router,
    dead_letters.router,
    events.router,
    event_schemas.router,
    keys.router,
    health.router,
    problems.router,
    metrics.router,
    docs.router,
)


def make_app() -> FastAPI:
    """All routes, without parts: `app.state.parts` is set by bootstrap.py. Also what the specification is made from."""
    app = make_application(title="Lathe", docs_url=None, redoc_url=None, openapi_url=None)
    include(app, ROUTERS)
    return app
