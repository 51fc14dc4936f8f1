"""The parts list of query_api: the only place that names real adapters."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.kafka.kafka_log import KafkaLog
from adapters.kafka.replica import Replica
from adapters.kafka.topics import CATALOG, IDENTITY
from adapters.object_store.s3 import make_store
from adapters.postgres.audit import Audit
from adapters.postgres.engine import make_pool
from adapters.postgres.ops_migrate import migrate_ops
from adapters.postgres.read.migrate import live_schema, migrate_read
from adapters.postgres.read.partitions import PARTITIONS
from adapters.postgres.read.pool import make_read_pool
from adapters.security.authenticator import Authenticator
from adapters.security.deletions import keys_of_users
from adapters.security.master_key import load_master_key, require_master_key
from adapters.security.sealed_objects import SealedObjects
from adapters.security.sealing import Sealer
from adapters.security.signing_keys import SigningKeys
from adapters.security.tickets import Tickets
from adapters.security.tokens import AccessTokens
from adapters.settings import Settings, SettingsError
from domain.catalog.decider import CatalogDecider
from domain.identity.decider import IdentityDecider
from query_api.changing_over import change_over_with_the_live_schema
from query_api.freshness import Freshness
from query_api.lag import watch_readers
from query_api.live import LiveFeed
from query_api.log_ends import LogEnds
from query_api.pages import Cursors
from query_api.parts import Parts
from query_api.positions import ProjectionPositions
from query_api.queries import Queries
from query_api.workers import LiveWorkers


@asynccontextmanager
async def running_parts(settings: Settings) -> AsyncIterator[Parts]:
    """Everything started; stopped in reverse order at the end. Raises SettingsError, WrongMasterKey, Unavailable."""
    if settings.kafka_url is None or settings.postgres_url is None:
        raise SettingsError("LATHE_KAFKA_URL and LATHE_POSTGRES_URL must be set (`lathe up` sets them)")
    master = load_master_key(settings.home, settings.master_key)
    await migrate_ops(settings.postgres_url)
    pool = await make_pool(settings.postgres_url, size=5)
    await require_master_key(pool, master)
    schema = await live_schema(pool)
    await migrate_read(settings.postgres_url, schema)
    signing = SigningKeys(pool, master.key_wrapping, token_lifetime_s=settings.token_minutes * 60)
    await signing.start()
    store = make_store(settings)
    await store.start()
    kafka = KafkaLog(settings.kafka_url, "lathe-query-api")
    users = Replica(kafka, IDENTITY, IdentityDecider())
    catalog = Replica(kafka, CATALOG, CatalogDecider())
    positions = ProjectionPositions(settings.postgres_url, schema)
    ends = LogEnds(kafka, PARTITIONS)
    live = LiveFeed(kafka)
    reading = await make_read_pool(settings.postgres_url, schema, first_look=positions.require_not_behind)
    tokens = AccessTokens(signing, settings.page_url(), settings.token_minutes * 60)
    parts = Parts(
        settings=settings,
        log=kafka,
        users=users,
        catalog=catalog,
        queries=Queries(reading),
        positions=positions,
        ends=ends,
        freshness=Freshness(positions, ends, live),
        live=live,
        workers=LiveWorkers(kafka),
        store=store,
        presigner=store,
        sealer=Sealer(keys_of_users(pool, master.key_wrapping, users), SealedObjects(store)),
        signing_keys=signing,
        authenticator=Authenticator(tokens, users),
        tickets=Tickets(pool),
        cursors=Cursors(master.digests),
        audit=Audit(pool),
    )
    await parts.audit.start()
    await users.start()
    await catalog.start()
    await parts.live.start(await positions.start())
    await parts.workers.start()
    lag = asyncio.create_task(watch_readers(parts), name="lag")
    changing = asyncio.create_task(
        change_over_with_the_live_schema(settings.postgres_url, parts.queries, positions), name="live read schema"
    )
    try:
        yield parts
    finally:
        lag.cancel()
        changing.cancel()
        await asyncio.wait([lag, changing])
        await parts.workers.stop()
        await parts.live.stop()
        await positions.stop()
        await catalog.stop()
        await users.stop()
        await kafka.close()
        await store.close()
        await parts.queries.pool.close()
        await parts.audit.stop()
        await pool.close()
