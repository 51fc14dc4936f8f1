"""The scheduler as a role of the process `processors`."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from adapters.commands.client import CommandClient
from adapters.kafka.host import Host
from adapters.kafka.topics import ASSIGNMENTS
from adapters.kafka.writer import EventWriter
from adapters.security.master_key import load_master_key
from domain.scheduling.decider import SchedulingDecider
from processors.opening import require_key
from processors.parts import Parts
from processors.scheduler.scheduler import Scheduler

GROUP = "lathe-scheduler"
SOURCE = "lathe/scheduler"
CHECK_S: Final = 5.0
"""So long it waits to hear that its master key is the right one: while PostgreSQL is away it leads all the same."""


async def run_scheduler(parts: Parts, ready: Callable[[], None]) -> None:
    """Assign runs, or stand by for the process that does. Raises WrongMasterKey, also later.

    It is ready before it has read the log, which takes the longer the more tasks there ever were:
    `lathe_scheduler_leading` tells when it assigns.
    """
    settings = parts.settings
    key = load_master_key(settings.home, settings.master_key).internal_header
    writer = EventWriter(parts.log, SOURCE, settings.append_connections)

    host = Host(
        parts.log,
        {ASSIGNMENTS: SchedulingDecider()},
        bootstrap=parts.kafka_url,
        address=settings.own_url(),
        source=SOURCE,
        group=GROUP,
        member=_member(str(settings.home.resolve())),
        beside={ASSIGNMENTS: lambda owner: scheduler.lead(owner)},
    )
    commands = CommandClient(host.directory, key)
    scheduler = Scheduler(parts.log, commands, writer)
    checking = asyncio.create_task(require_key(parts), name="master key")
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CHECK_S):
                await asyncio.shield(checking)
        await host.start()
        ready()
        await checking
        await asyncio.Event().wait()
    finally:
        checking.cancel()
        await host.stop()
        await commands.stop()
        await writer.stop()


def _member(home: str) -> str:
    """The same after a restart, so that the group does not wait for the process that died."""
    return f"scheduler-{sha256(f'{socket.gethostname()}{home}'.encode()).hexdigest()[:12]}"
