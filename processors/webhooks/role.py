"""The role `webhooks` of the process `processors`."""

from collections.abc import Callable

from adapters.commands.client import CommandClient
from adapters.kafka.directory import Directory
from adapters.kafka.replica import Replica
from adapters.kafka.topics import IDENTITY
from adapters.security.deletions import keys_of_users
from adapters.security.sealed_objects import SealedObjects
from adapters.security.sealing import Sealer
from adapters.webhooks.addresses import Addresses
from adapters.webhooks.posting import Poster
from domain.identity.decider import IdentityDecider
from domain.identity.state import IdentityState
from processors.opening import open_ops
from processors.parts import Parts
from processors.webhooks.webhooks import Webhooks


async def run_webhooks(parts: Parts, ready: Callable[[], None]) -> None:
    """Post until cancelled."""
    master, pool = await open_ops(parts, size=2)
    store = parts.object_store()
    directory = Directory(parts.log)
    commands = CommandClient(directory, master.internal_header)
    users: Replica[IdentityState] = Replica(parts.log, IDENTITY, IdentityDecider())
    sealer = Sealer(keys_of_users(pool, master.key_wrapping, users), SealedObjects(store))
    poster = Poster(Addresses(parts.settings.webhook_networks))
    await directory.start()
    await users.start()
    try:
        await Webhooks(parts.log, parts.postgres_url, commands, sealer, poster).run(ready)
    finally:
        await poster.stop()
        await users.stop()
        await commands.stop()
        await directory.stop()
        await store.close()
        await pool.close()
