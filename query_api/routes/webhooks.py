"""Webhooks of the caller's account, and what became of their messages."""

from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from adapters.http.callers import CallerOf
from adapters.http.declared import READS, SIGNED_IN, problems
from adapters.http.webhooks import webhook_document
from domain.account.webhooks import MOST
from domain.errors import InvalidInput
from domain.rendering import time_of
from query_api.etags import NOT_MODIFIED, document
from query_api.lists import AskedPage, List
from query_api.pages import page
from query_api.parts import Parts, parts_of
from query_api.queries import Row
from query_api.schemas.webhook import DeliveryDetails, DeliveryPage, Redelivery, WebhookNow, WebhookPage
from query_api.webhook_queries import WebhookQueries, view_of

router = APIRouter(prefix="/webhooks", tags=["webhooks"])
PartsOf = Annotated[Parts, Depends(parts_of)]
Number = Annotated[int, Path(ge=0, le=(1 << 63) - 1)]
MINE: Final = NOT_MODIFIED | problems(*READS, *SIGNED_IN)
OWNED: Final = NOT_MODIFIED | problems(*READS, *SIGNED_IN, "not-found")
_DELIVERY_TIMES: Final = ("created_at", "next_attempt_at", "last_attempt_at", "ended_at")


@router.get("", response_model=WebhookPage, summary="Your webhooks", responses=MINE)
async def webhooks(request: Request, caller: CallerOf, parts: PartsOf) -> Response:
    """All of them, the oldest first. Secrets are not shown."""
    queries = WebhookQueries(parts, caller.account_id)
    items = [await _told(parts, queries, row) for row in await queries.all()]
    return document(request, page(items, total=len(items), limit=MOST, offset=0, following=None))


@router.get("/{webhook_id}", response_model=WebhookNow, summary="A webhook", responses=OWNED)
async def webhook(webhook_id: str, request: Request, caller: CallerOf, parts: PartsOf) -> Response:
    """Its secret is not shown."""
    queries = WebhookQueries(parts, caller.account_id)
    return document(request, await _told(parts, queries, await queries.one(webhook_id)))


@router.get(
    "/{webhook_id}/deliveries", response_model=DeliveryPage, summary="What became of its messages", responses=OWNED
)
async def deliveries(
    webhook_id: str,
    request: Request,
    caller: CallerOf,
    parts: PartsOf,
    asked: AskedPage,
    state: Annotated[
        Literal["waiting", "delivered", "dead"] | None, Query(description="Only those in this state.")
    ] = None,
) -> Response:
    """The newest first. Those that ended are kept for 30 days."""
    queries = WebhookQueries(parts, caller.account_id)
    await queries.one(webhook_id)
    found = List(parts, f"/webhooks/{webhook_id}/deliveries", caller.account_id, [("state", state)], asked)
    before = None if found.before is None else _number(found.before)
    rows, total = await queries.deliveries(webhook_id, state, before, asked.offset, found.wanted)
    items = [_delivery(row) for row in found.shown(rows)]
    return found.answer(request, rows, [str(row["delivery_id"]) for row in rows], items, total)


@router.get(
    "/{webhook_id}/deliveries/{delivery_id}",
    response_model=DeliveryDetails,
    summary="One message, and what became of it",
    responses=OWNED,
)
async def delivery(
    webhook_id: str, delivery_id: Number, request: Request, caller: CallerOf, parts: PartsOf
) -> Response:
    """With what is posted."""
    queries = WebhookQueries(parts, caller.account_id)
    row = await queries.delivery(webhook_id, delivery_id)
    return document(request, _delivery(row) | {"body": orjson.loads(row["body"])})


@router.get(
    "/{webhook_id}/redeliveries/{redelivery_id}",
    response_model=Redelivery,
    summary="How far a redelivery is",
    responses=OWNED,
)
async def redelivery(
    webhook_id: str, redelivery_id: Number, request: Request, caller: CallerOf, parts: PartsOf
) -> Response:
    """Its messages are among the deliveries, with `why` redelivery."""
    row = await WebhookQueries(parts, caller.account_id).redelivery(webhook_id, redelivery_id)
    told: dict[str, Any] = {name: row[name] for name in ("redelivery_id", "state", "found", "error")}
    times = {name: time_of(row[name]) for name in ("since", "until", "created_at", "ended_at")}
    return document(request, told | times)


async def _told(parts: Parts, queries: WebhookQueries, row: Row) -> dict[str, Any]:
    told = await webhook_document(parts.sealer, row["account_id"], view_of(row))
    waiting = await queries.waiting(row["webhook_id"])
    return told | {"failing_since": time_of(row["failing_since"]), "waiting": waiting}


def _delivery(row: Row) -> dict[str, Any]:
    names = ("delivery_id", "message_id", "type", "why", "state", "attempts", "http_status", "error")
    told: dict[str, Any] = {name: row[name] for name in names} | {name: time_of(row[name]) for name in _DELIVERY_TIMES}
    return told if row["state"] == "waiting" else told | {"next_attempt_at": None}


def _number(key: str) -> int:
    if not key.isdigit():
        raise InvalidInput("The cursor is not one that this list gave.")
    return int(key)
