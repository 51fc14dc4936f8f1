"""`python -m processors.metrics`: usage by model and minute, with its page on LATHE_USAGE_BIND."""

import asyncio
import signal
import sys
from contextlib import suppress
from typing import Any, Final

import faust
import structlog

from adapters.kafka.changelogs import make_changelogs
from adapters.kafka.cluster import replication_of
from adapters.kafka.follower import Follower
from adapters.kafka.lag import Lag
from adapters.kafka.port import LogUnavailable
from adapters.kafka.position import Position
from adapters.kafka.topics import ACCOUNTS
from adapters.settings import Settings, SettingsError, load_settings
from adapters.telemetry.start import start_telemetry
from processors.metrics.bootstrap import CHANGELOGS, make_app
from processors.metrics.tables import Tables

NAME: Final = "usage"
STUCK_S: Final = 90.0
"""Faust that takes nothing in for so long, while there is something, is started anew."""
_LOOK_S: Final = 2.0
_TPS: Final = tuple((ACCOUNTS.name, p) for p in range(ACCOUNTS.partitions))
log = structlog.get_logger(__name__)


async def serve(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; 75 (try again) when Faust gave up or stands still. Raises SettingsError."""
    if settings.kafka_url is None:
        raise SettingsError("LATHE_KAFKA_URL must be set (`lathe up` sets it)")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        replication = await replication_of(settings.kafka_url, ACCOUNTS.name)
        await make_changelogs(settings.kafka_url, CHANGELOGS, ACCOUNTS.partitions, replication)
    except LogUnavailable as error:
        log.warning("the broker does not answer", why=str(error))
        return 75
    app, tables = make_app(settings, settings.kafka_url, replication)
    running = asyncio.create_task(app.start(), name="faust")
    watching = asyncio.create_task(_watch(app, tables, settings), name="watch")
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({running_until_it_ends(running, app), watching, stopping}, return_when=asyncio.FIRST_COMPLETED)
    watching.cancel()
    with suppress(TimeoutError):
        async with asyncio.timeout(10):
            await app.stop()
    running.cancel()
    return 0 if stop.is_set() else 75


def running_until_it_ends(running: "asyncio.Task[object]", app: faust.App) -> "asyncio.Task[None]":
    """`app.start()` returns once all is started; the app goes on until it is told to stop, or crashes."""

    async def ended() -> None:
        await running
        await app.wait_until_stopped()

    return asyncio.create_task(ended(), name="faust ended")


async def _watch(app: faust.App, tables: Tables, settings: Settings) -> None:
    """Say when it is ready, tell the lag, and return when nothing moves any more."""
    assert settings.kafka_url is not None
    asker = Follower(settings.kafka_url, {tp: Position() for tp in _TPS})
    manager: Any = app.tables  # its declared type does not show the recovery
    lag, ready, last, since = Lag(NAME), False, -1, 0.0
    clock = asyncio.get_running_loop().time
    try:
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                ends = await asker.ends()
            except LogUnavailable:
                since = clock()
                continue
            positions = {tp: tables.position(tp[1]).offset for tp in _TPS}
            lag.sample(ends, positions)
            taken = sum(positions.values())
            if taken != last or all(positions[tp] >= end for tp, end in ends.items()):
                last, since = taken, clock()
            elif clock() - since > STUCK_S:
                log.error("nothing was taken in for a while; starting anew", seconds=STUCK_S)
                return
            if not ready and manager.recovery.completed.is_set():
                ready = True
                log.info("usage is told", address=settings.usage_bind)
                if settings.ready_file is not None:
                    settings.ready_file.touch()
    finally:
        await asker.stop()


def main() -> int:
    try:
        settings = load_settings()
        start_telemetry("processors.metrics", settings)
        return asyncio.run(serve(settings))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 78


if __name__ == "__main__":
    sys.exit(main())
