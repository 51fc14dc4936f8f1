"""Telling the catalog about engines that it cannot know: those that did not come with Lathe."""

from collections.abc import Iterable

import structlog

from domain.catalog.builtin import builtin_models
from ml_worker.api import CommandApi, Gone, Refused
from ml_worker.engines.port import Description

log = structlog.get_logger(__name__)


async def publish_foreign(api: CommandApi, engines: Iterable[Description]) -> None:
    """Send PublishModel for each foreign engine. Repeatable: what is published already changes nothing."""
    known = {model.model for model in builtin_models()}
    for engine in engines:
        if engine.id in known:
            continue
        publication = {
            "model": engine.id,
            "version": engine.version,
            "title": engine.title,
            "kinds": engine.kinds,
            "params_schema": engine.params_schema,
            "price": engine.price,
            "typical_seconds": engine.typical_seconds,
        }
        try:
            await api.call("POST", "/internal/models", publication)
        except (Gone, Refused) as error:
            log.error("the catalog did not take an engine", engine=engine.id, why=str(error))
