"""The role `reactors` of the process `processors`."""

from collections.abc import Callable

from adapters.commands.client import CommandClient
from adapters.kafka.directory import Directory
from processors.opening import open_ops
from processors.parts import Parts
from processors.reactors.cursors import PostgresCursors
from processors.reactors.reactor import Reactor


async def run_reactors(parts: Parts, ready: Callable[[], None]) -> None:
    """React until cancelled."""
    master, pool = await open_ops(parts, size=2)
    directory = Directory(parts.log)
    commands = CommandClient(directory, master.internal_header)
    await directory.start()
    try:
        ready()
        await Reactor(parts.log, commands, PostgresCursors(pool)).run()
    finally:
        await commands.stop()
        await directory.stop()
        await pool.close()
