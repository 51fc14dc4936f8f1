"""Wires the process `processors`: settings, log, and the roles it was asked for."""

import asyncio
import os
import signal
from collections.abc import Callable

import structlog

from adapters.kafka.kafka_log import KafkaLog
from adapters.object_store.s3 import S3Store, make_store
from adapters.settings import Settings, SettingsError
from adapters.telemetry.endpoint import metrics_endpoint
from processors.parts import Parts
from processors.roles import ROLES, USUAL, Role

log = structlog.get_logger(__name__)
VARIABLE = "LATHE_PROCESSORS"


def chosen_roles(names: str | None = None) -> dict[str, Role]:
    """The roles named in LATHE_PROCESSORS, or the usual ones. Raises SettingsError for an unknown one."""
    asked = [name.strip() for name in (names or "").split(",") if name.strip()] or list(USUAL)
    unknown = [name for name in asked if name not in ROLES]
    if unknown:
        raise SettingsError(f"{VARIABLE}: unknown role {', '.join(unknown)}; there are {', '.join(ROLES)}")
    return {name: ROLES[name] for name in asked}


def make_parts(settings: Settings) -> Parts:
    """Raises SettingsError when nobody said where Kafka and PostgreSQL are."""
    if settings.kafka_url is None or settings.postgres_url is None:
        raise SettingsError("LATHE_KAFKA_URL and LATHE_POSTGRES_URL must be set (`lathe up` sets them)")
    log_ = KafkaLog(settings.kafka_url, "lathe-processors")
    return Parts(settings, settings.kafka_url, settings.postgres_url, log_, lambda: make_object_store(settings))


def make_object_store(settings: Settings) -> S3Store:
    """For those that look at objects. Raises SettingsError when nobody said where they are."""
    return make_store(settings)


async def serve(settings: Settings, names: str | None = None) -> None:
    """Run the chosen roles until SIGTERM or SIGINT; an unexpected failure of one ends the process."""
    roles = chosen_roles(names or os.environ.get(VARIABLE))
    parts = make_parts(settings)
    waiting = set(roles)

    def ready(name: str) -> Callable[[], None]:
        def mark() -> None:
            waiting.discard(name)
            if not waiting and settings.ready_file is not None:
                settings.ready_file.touch()

        return mark

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        async with metrics_endpoint(settings.metrics_bind), asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(_run(role, parts, ready(name)), name=name) for name, role in roles.items()]
            log.info("processors started", roles=list(roles))
            await stop.wait()
            for task in running:
                task.cancel()
    finally:
        await parts.log.close()
        log.info("processors stopped")


async def _run(role: Role, parts: Parts, ready: Callable[[], None]) -> None:
    await role(parts, ready)
