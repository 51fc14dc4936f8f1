"""The parts list of command_api: the only place that names real adapters."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import structlog

from adapters.commands.client import CommandClient
from adapters.commands.gate import Gate
from adapters.errors import Unavailable
from adapters.http.body_limits import MIB
from adapters.http.images.inspector import ImageInspector
from adapters.http.outages import OUTAGES
from adapters.http.rate_limits import RateLimits
from adapters.ids import new_id
from adapters.kafka.cluster import identify
from adapters.kafka.host import Host
from adapters.kafka.kafka_log import KafkaLog
from adapters.kafka.replica import Replica
from adapters.kafka.snapshots import Snapshots
from adapters.kafka.topics import ACCOUNTS, CATALOG, IDENTITY
from adapters.leftovers import SPOOL, remove_left
from adapters.object_store.port import ObjectStore
from adapters.object_store.s3 import make_store
from adapters.postgres.audit import Audit
from adapters.postgres.engine import make_pool
from adapters.postgres.ops_migrate import migrate_ops
from adapters.postgres.uploads import Uploads
from adapters.security.deletions import keys_of_users
from adapters.security.digests import Digests
from adapters.security.master_key import load_master_key, require_master_key
from adapters.security.passwords import Passwords
from adapters.security.sealed_objects import SealedObjects
from adapters.security.sealing import Sealer
from adapters.security.service_token import ServiceToken
from adapters.security.sessions import Sessions
from adapters.security.signing_keys import SigningKeys
from adapters.security.tickets import Tickets
from adapters.security.tokens import AccessTokens
from adapters.settings import Settings, SettingsError
from command_api.first_start import first_start
from command_api.parts import Parts
from command_api.runs_feed import RunsFeed
from command_api.staging import keep_swept
from domain.account.decider import AccountDecider
from domain.catalog.decider import CatalogDecider
from domain.errors import DomainError
from domain.identity.decider import IdentityDecider

GROUP = "lathe.command_api"
log = structlog.get_logger(__name__)


@asynccontextmanager
async def running_parts(settings: Settings) -> AsyncIterator[Parts]:
    """Everything started; stopped in reverse order at the end. Raises SettingsError, WrongMasterKey, Unavailable."""
    if settings.kafka_url is None or settings.postgres_url is None or settings.service_token is None:
        raise SettingsError("LATHE_KAFKA_URL, LATHE_POSTGRES_URL, LATHE_SERVICE_TOKEN must be set (`lathe up` does)")
    remove_left(SPOOL)
    master = load_master_key(settings.home, settings.master_key)
    await migrate_ops(settings.postgres_url)
    pool = await make_pool(settings.postgres_url, size=10)
    await require_master_key(pool, master)
    signing = SigningKeys(pool, master.key_wrapping, token_lifetime_s=settings.token_minutes * 60)
    await signing.start()
    passwords = Passwords(shortest=settings.limits.min_password_chars)
    await passwords.prepare()
    store = make_store(settings)
    await store.start()
    images = ImageInspector(
        max_bytes=settings.limits.max_image_mb * MIB, max_megapixels=settings.limits.max_image_megapixels
    )
    kafka = KafkaLog(settings.kafka_url, "lathe-command-api")
    users = Replica(kafka, IDENTITY, IdentityDecider())
    catalog = Replica(kafka, CATALOG, CatalogDecider())
    host = Host(
        kafka,
        {IDENTITY: IdentityDecider(), CATALOG: CatalogDecider(), ACCOUNTS: AccountDecider()},
        bootstrap=settings.kafka_url,
        address=settings.own_url(),
        source="lathe/command_api",
        group=GROUP,
        member=f"command_api@{urlsplit(settings.own_url()).netloc}",
        beside={ACCOUNTS: RunsFeed(kafka).feed},
        connections=settings.append_connections,
        snapshots=_snapshots(settings.kafka_url, store, kafka, settings.snapshot_events),
    )
    commands = CommandClient(host.directory, master.internal_header, host)
    parts = Parts(
        settings=settings,
        log=kafka,
        host=host,
        gate=Gate(host.owners),
        commands=commands,
        users=users,
        catalog=catalog,
        pool=pool,
        store=store,
        uploads=Uploads(pool),
        images=images,
        limits=RateLimits(settings.limits),
        sealer=Sealer(keys_of_users(pool, master.key_wrapping, users), SealedObjects(store)),
        digests=Digests(master),
        tokens=AccessTokens(signing, settings.page_url(), settings.token_minutes * 60),
        sessions=Sessions(pool, master.sessions),
        tickets=Tickets(pool),
        passwords=passwords,
        service_token=ServiceToken(settings.service_token),
        internal_key=master.internal_header,
        audit=Audit(pool),
    )
    await parts.audit.start()
    await parts.sessions.purge()
    await users.start()
    await catalog.start()
    await host.start()
    beside = [
        asyncio.create_task(_first_start(parts)),
        asyncio.create_task(keep_swept(parts.uploads, store)),
    ]
    try:
        yield parts
    finally:
        for task in beside:
            task.cancel()
        await asyncio.wait(beside)
        await host.stop()
        await commands.stop()
        await catalog.stop()
        await users.stop()
        await kafka.close()
        passwords.close()
        await parts.audit.stop()
        await images.close()
        await store.close()
        await pool.close()


def _snapshots(bootstrap: str, store: ObjectStore, kafka: KafkaLog, every: int) -> Snapshots | None:
    names = (IDENTITY.name, CATALOG.name, ACCOUNTS.name)
    return Snapshots(store, kafka, lambda: identify(bootstrap, names), every) if every else None


async def _first_start(parts: Parts) -> None:
    """Publish the built-in models and register the admin, as soon as somebody owns those partitions."""
    correlation_id = new_id()
    while True:
        try:
            await first_start(parts, correlation_id)
            return
        except Unavailable as error:
            log.info("the first start waits", why=error.detail)
            await asyncio.sleep(error.retry_after_s)
        except DomainError as refusal:
            log.error("the first start was refused", why=refusal.detail)
            return
        except OUTAGES as error:
            log.warning("the first start waits", why=repr(error))
            await asyncio.sleep(1)
