"""The role `reactors` of the process `processors`."""

from collections.abc import Callable

from adapters.commands.client import CommandClient
from adapters.kafka.directory import Directory
from adapters.postgres.engine import make_pool
from adapters.postgres.ops_migrate import migrate_ops
from adapters.security.master_key import load_master_key
from processors.parts import Parts
from processors.reactors.cursors import PostgresCursors
from processors.reactors.reactor import Reactor


async def run_reactors(parts: Parts, ready: Callable[[], None]) -> None:
    """React until cancelled."""
    master = load_master_key(parts.settings.home, parts.settings.master_key)
    await migrate_ops(parts.postgres_url)
    pool = await make_pool(parts.postgres_url, size=2)
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
