"""What is decided about webhooks: where messages about an account are posted, and what is posted there again."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from adapters.http.callers import CallerOf
from adapters.http.declared import ANYWHERE, BODIES, IDEMPOTENCY_KEY, KEYED, SIGNED_IN, problems, success, taking
from adapters.http.documents import Document
from adapters.http.in_flight import in_flight
from adapters.http.refusals import RateLimited
from adapters.http.strict_json import StrictRoute
from adapters.http.webhooks import MessageType, WebhookDocument, WebhookWithSecret, webhook_document, with_secret
from adapters.ids import new_id
from adapters.kafka.requests import Applied
from adapters.kafka.topics import account_partition
from adapters.postgres.webhooks import MOST_TESTS, enqueue_test, order_redelivery
from adapters.security.authenticator import Caller
from adapters.webhooks.addresses import Addresses
from adapters.webhooks.posting import TIMEOUT_S
from adapters.webhooks.signatures import new_secret
from adapters.webhooks.urls import LONGEST, checked, looked_up
from command_api.answers import answer
from command_api.contexts import Keyed, context_of
from command_api.deciding import decide
from command_api.parts import Parts, parts_of
from domain.account.commands import (
    AddWebhook,
    ChangeWebhook,
    DescribeWebhook,
    RemoveWebhook,
    RotateWebhookSecret,
)
from domain.account.messages import TEST, Message
from domain.errors import InvalidInput, NotInState
from domain.rendering import time_of

router = APIRouter(prefix="/webhooks", tags=["webhooks"], route_class=StrictRoute)
PartsOf = Annotated[Parts, Depends(parts_of)]
REFUSED: Final = problems(*ANYWHERE, *SIGNED_IN, "not-found", "account-closed", "erased")
TAKING: Final = problems(*ANYWHERE, *SIGNED_IN, *BODIES, "not-found", "account-closed", "erased", "wrong-state")
ADDRESSED: Final = TAKING | problems("invalid-input", "webhook-address-not-allowed")
Url = Annotated[
    str,
    Field(max_length=LONGEST, description="Public, https, without user name.", examples=["https://example.com/hooks"]),
]
Types = Annotated[list[MessageType], Field(max_length=50, description="Types of messages; none: all.")]
Description = Annotated[str, Field(max_length=200, description="For you alone.")]


_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)


class WebhookWanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: Url
    types: Types = []
    description: Description | None = None


class WebhookChange(BaseModel):
    """What is left out stays."""

    model_config = ConfigDict(extra="forbid")

    url: Url | None = None
    types: Types | None = None
    description: Description | None = None
    enabled: bool | None = Field(None, description="False: nothing is posted, and what waits is dropped.")


class Rotation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    previous_hours: int = Field(24, ge=0, le=168, description="So long the secret before it signs, too.")


class RedeliveryWanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime | None = Field(
        None, description="Messages of this time or later; none: of the last day.", examples=["2030-01-31T12:00:00Z"]
    )
    until: AwareDatetime | None = Field(None, description="Messages before this time; none: until now.")


class OrderedTest(Document):
    delivery_id: int
    url: str = Field(description="Where its outcome can be looked at.")


class OrderedRedelivery(Document):
    redelivery_id: int
    since: str
    until: str
    url: str = Field(description="Where its progress can be looked at.")


@router.post(
    "",
    status_code=201,
    response_model=WebhookWithSecret,
    summary="Add a webhook",
    openapi_extra=taking(IDEMPOTENCY_KEY),
    responses=success(201, "The webhook with its secret", "Location", "Lathe-Position") | ADDRESSED | problems(*KEYED),
)
async def add(body: WebhookWanted, request: Request, caller: CallerOf, parts: PartsOf) -> Response:
    """Messages about what happens from now on are posted there, signed as Standard Webhooks has it, in order."""
    keyed = Keyed(request, parts.digests, caller.actor, "/webhooks")
    with in_flight(keyed.scoped if keyed.is_clients else None):
        url = await _checked(parts, body.url)
        webhook_id, event_id = new_id(account_partition(caller.account_id)), new_id()
        texts = {"url": url, "secret": new_secret()}
        if body.description is not None:
            texts["description"] = body.description
        sealed = await parts.sealer.seal_fields(caller.account_id, event_id, texts)
        command = AddWebhook(
            account_id=caller.account_id,
            webhook_id=webhook_id,
            url=sealed["url"],
            secret=sealed["secret"],
            description=sealed.get("description"),
            types=_types(body.types),
        )
        digest = keyed.digest(body.model_dump(mode="json"))
        context = context_of(request, caller.actor, event_id=event_id, keyed=keyed, digest=digest)
        applied = await decide(parts, caller, command, context)
    document = await with_secret(parts.sealer, caller.account_id, applied.view)
    return answer(document, 201, applied, {"location": f"/webhooks/{document['webhook_id']}"})


@router.patch(
    "/{webhook_id}",
    response_model=WebhookDocument,
    summary="Change, disable or enable a webhook",
    responses=success(200, "The webhook as it is now", "Lathe-Position") | ADDRESSED,
)
async def change(webhook_id: str, body: WebhookChange, request: Request, caller: CallerOf, parts: PartsOf) -> Response:
    """What waits is tried again at once. What was not posted while it was disabled can be ordered as a redelivery."""
    event_id = new_id()
    url = None if body.url is None else await _checked(parts, body.url)
    given = {"url": url, "description": body.description}
    texts = {name: text for name, text in given.items() if text is not None}
    sealed = await parts.sealer.seal_fields(caller.account_id, event_id, texts)
    command = ChangeWebhook(
        account_id=caller.account_id,
        webhook_id=webhook_id,
        url=sealed.get("url"),
        description=sealed.get("description"),
        types=None if body.types is None else _types(body.types),
        enabled=body.enabled,
    )
    applied = await decide(parts, caller, command, context_of(request, caller.actor, event_id=event_id))
    return answer(await webhook_document(parts.sealer, caller.account_id, applied.view), 200, applied)


@router.post(
    "/{webhook_id}/secret",
    response_model=WebhookWithSecret,
    summary="Make a new secret",
    openapi_extra=taking(IDEMPOTENCY_KEY),
    responses=success(200, "The webhook with its new secret", "Lathe-Position") | TAKING | problems(*KEYED),
)
async def rotate_secret(
    webhook_id: str, request: Request, caller: CallerOf, parts: PartsOf, body: Rotation | None = None
) -> Response:
    """For a while messages carry two signatures, one of each secret: change over in that time."""
    wanted = body or Rotation()
    keyed = Keyed(request, parts.digests, caller.actor, f"/webhooks/{webhook_id}/secret")
    event_id = new_id()
    command = RotateWebhookSecret(
        account_id=caller.account_id,
        webhook_id=webhook_id,
        secret=await parts.sealer.seal(caller.account_id, event_id, "secret", new_secret()),
        previous_until=datetime.now(UTC) + timedelta(hours=wanted.previous_hours),
    )
    context = context_of(
        request, caller.actor, event_id=event_id, keyed=keyed, digest=keyed.digest(wanted.model_dump(mode="json"))
    )
    applied = await decide(parts, caller, command, context)
    return answer(await with_secret(parts.sealer, caller.account_id, applied.view), 200, applied)


@router.delete(
    "/{webhook_id}",
    status_code=204,
    summary="Remove a webhook",
    responses=success(204, "Removed", "Lathe-Position") | REFUSED,
)
async def remove(webhook_id: str, request: Request, caller: CallerOf, parts: PartsOf) -> Response:
    """What waits for it is dropped, and what is known of its deliveries."""
    command = RemoveWebhook(account_id=caller.account_id, webhook_id=webhook_id)
    applied = await decide(parts, caller, command, context_of(request, caller.actor))
    return Response(status_code=204, headers={"lathe-position": applied.position})


@router.post(
    "/{webhook_id}/test",
    status_code=202,
    response_model=OrderedTest,
    summary="Post a test message",
    responses=success(202, "It will be posted once", "Location") | REFUSED,
)
async def test(webhook_id: str, request: Request, caller: CallerOf, parts: PartsOf) -> Response:
    """One attempt, out of turn, also to a disabled webhook: look at the delivery for what came of it.

    Refused while 20 tests of the webhook wait.
    """
    await _described(parts, request, caller, webhook_id)
    now = datetime.now(UTC)
    message = Message(id=new_id(), type=TEST, time=now, data={"webhook_id": webhook_id})
    delivery_id = await enqueue_test(parts.pool, webhook_id, caller.account_id, message)
    if delivery_id is None:
        raise RateLimited(f"{MOST_TESTS} tests of this webhook wait to be posted.", retry_after_s=TIMEOUT_S)
    url = f"/webhooks/{webhook_id}/deliveries/{delivery_id}"
    return JSONResponse({"delivery_id": delivery_id, "url": url}, 202, {"location": url})


@router.post(
    "/{webhook_id}/redeliveries",
    status_code=202,
    response_model=OrderedRedelivery,
    summary="Post messages of the past again",
    responses=success(202, "They will be posted", "Location") | TAKING,
)
async def redeliver(
    webhook_id: str, request: Request, caller: CallerOf, parts: PartsOf, body: RedeliveryWanted | None = None
) -> Response:
    """Of any time, also before the webhook was added: they are read from the log, and have the ids that they had."""
    wanted = body or RedeliveryWanted()
    applied = await _described(parts, request, caller, webhook_id)
    now = datetime.now(UTC)
    until = now if wanted.until is None else min(now, _utc(wanted.until, "/until"))
    since = _utc(until - timedelta(days=1) if wanted.since is None else wanted.since, "/since")
    if since >= until:
        raise InvalidInput("`since` must be before `until`, and before now.", pointer="/since")
    if not applied.view["enabled"]:
        raise NotInState("The webhook is disabled; enable it first.")
    number = await order_redelivery(parts.pool, webhook_id, caller.account_id, since, until)
    url = f"/webhooks/{webhook_id}/redeliveries/{number}"
    told = {"redelivery_id": number, "since": time_of(since), "until": time_of(until), "url": url}
    return JSONResponse(told, 202, {"location": url})


async def _described(parts: Parts, request: Request, caller: Caller, webhook_id: str) -> Applied:
    """The caller's webhook as its owner knows it. Raises NotFound."""
    question = DescribeWebhook(account_id=caller.account_id, webhook_id=webhook_id)
    return await decide(parts, caller, question, context_of(request, caller.actor))


async def _checked(parts: Parts, url: str) -> str:
    """Raises InvalidInput, AddressNotAllowed."""
    addresses = Addresses(parts.settings.webhook_networks)
    found = checked(url, addresses)
    await looked_up(found, addresses)
    return str(found)


def _utc(moment: datetime, pointer: str) -> datetime:
    """Not before 1970: the log has no such times. Raises InvalidInput for what is out of the calendar in UTC."""
    try:
        return max(moment.astimezone(UTC), _EARLIEST)
    except OverflowError:
        raise InvalidInput("The time is out of the calendar.", pointer=pointer) from None


def _types(wanted: list[MessageType]) -> tuple[str, ...]:
    """Each once, in a fixed order."""
    return tuple(sorted(set(wanted)))
