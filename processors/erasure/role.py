"""The role `erasure` of the process `processors`."""

from collections.abc import Callable

from adapters.commands.client import CommandClient
from adapters.kafka.directory import Directory
from adapters.kafka.replica import Replica
from adapters.kafka.topics import IDENTITY
from adapters.postgres.erasures import Erasures
from adapters.postgres.uploads import Uploads
from adapters.security.account_keys import AccountKeys
from domain.identity.decider import IdentityDecider
from domain.identity.state import IdentityState
from processors.erasure.eraser import Eraser
from processors.erasure.erasing import Erasing
from processors.opening import open_ops
from processors.parts import Parts


async def run_erasure(parts: Parts, ready: Callable[[], None]) -> None:
    """Erase deleted users until cancelled."""
    master, pool = await open_ops(parts, size=3)
    store = parts.object_store()
    directory = Directory(parts.log)
    commands = CommandClient(directory, master.internal_header)
    users: Replica[IdentityState] = Replica(parts.log, IDENTITY, IdentityDecider())
    erasures = Erasures(pool)
    keys = AccountKeys(pool, master.key_wrapping)
    eraser = Eraser(users, erasures, Erasing(users, commands, keys, store, erasures, Uploads(pool)))
    await directory.start()
    await users.start()
    try:
        ready()
        await eraser.run()
    finally:
        await users.stop()
        await commands.stop()
        await directory.stop()
        await store.close()
        await pool.close()
