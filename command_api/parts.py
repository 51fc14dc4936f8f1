"""What the handlers of command_api work with. Put together in bootstrap.py alone."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from fastapi import Request

from adapters.commands.client import CommandClient
from adapters.commands.gate import Gate
from adapters.http.images.inspector import ImageInspector
from adapters.http.rate_limits import RateLimits
from adapters.kafka.host import Host
from adapters.kafka.port import Log
from adapters.kafka.replica import Replica
from adapters.object_store.s3 import S3Store
from adapters.postgres.audit import Audit
from adapters.postgres.uploads import Uploads
from adapters.security.digests import Digests
from adapters.security.passwords import Passwords
from adapters.security.sealing import Sealer
from adapters.security.service_token import ServiceToken
from adapters.security.sessions import Sessions
from adapters.security.tickets import Tickets
from adapters.security.tokens import AccessTokens
from adapters.settings import Settings
from domain.catalog.state import CatalogState
from domain.identity.state import IdentityState


@dataclass(frozen=True, slots=True)
class Parts:
    settings: Settings
    log: Log
    host: Host
    gate: Gate
    commands: CommandClient
    users: Replica[IdentityState]
    catalog: Replica[CatalogState]
    pool: "asyncpg.Pool[Any]"
    store: S3Store
    uploads: Uploads
    images: ImageInspector
    limits: RateLimits
    sealer: Sealer
    digests: Digests
    tokens: AccessTokens
    sessions: Sessions
    tickets: Tickets
    passwords: Passwords
    service_token: ServiceToken
    internal_key: bytes
    audit: Audit
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the service stops: nobody waits for a result any longer."""


async def parts_of(request: Request) -> Parts:
    """The parts of the application that serves this request."""
    parts: Parts = request.app.state.parts
    return parts
