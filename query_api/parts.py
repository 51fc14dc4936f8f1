"""What the handlers of query_api work with. Put together in bootstrap.py alone."""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from adapters.kafka.port import Log
from adapters.kafka.replica import Replica
from adapters.object_store.port import ObjectStore, Presigner
from adapters.postgres.audit import Audit
from adapters.security.authenticator import Authenticator, Caller
from adapters.security.sealing import Sealer
from adapters.security.signing_keys import SigningKeys
from adapters.security.tickets import Tickets
from adapters.settings import Settings
from domain.catalog.state import CatalogState
from domain.identity.state import IdentityState
from query_api.freshness import Freshness, wait_for_position
from query_api.live import LiveFeed
from query_api.log_ends import LogEnds
from query_api.pages import Cursors
from query_api.positions import ProjectionPositions
from query_api.queries import Queries
from query_api.workers import LiveWorkers


@dataclass(frozen=True, slots=True)
class Parts:
    settings: Settings
    log: Log
    users: Replica[IdentityState]
    catalog: Replica[CatalogState]
    queries: Queries
    positions: ProjectionPositions
    ends: LogEnds
    freshness: Freshness
    live: LiveFeed
    workers: LiveWorkers
    store: ObjectStore
    presigner: Presigner
    sealer: Sealer
    signing_keys: SigningKeys
    authenticator: Authenticator
    tickets: Tickets
    cursors: Cursors
    audit: Audit
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the process stops: streams end."""

    def still_accepts(self, caller: Caller) -> bool:
        """Whether a caller that was verified earlier is still who it was: streams ask every second."""
        user = self.users.state.by_account(caller.account_id)
        return user is not None and user.active and user.role == caller.role


async def parts_of(request: Request) -> Parts:
    """The parts of the application that serves this request. (Asynchronous: others would run in a thread.)"""
    parts: Parts = request.app.state.parts
    return parts


async def fresh_parts(
    parts: Annotated[Parts, Depends(parts_of)], _: Annotated[None, Depends(wait_for_position)]
) -> Parts:
    """The same, once the read models hold `min_position`; after the caller among a query's parameters."""
    return parts


FreshParts = Annotated[Parts, Depends(fresh_parts)]
