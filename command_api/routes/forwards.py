"""Commands that another process of the deployment forwards to the owner here, signed with the internal key."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from adapters.commands.wire import SIGNATURE, Answer, Answers, is_signed
from adapters.http.direct import DirectRoute
from adapters.http.refusals import MalformedRequest
from command_api.parts import Parts, parts_of
from domain.errors import Unauthenticated

router = APIRouter(prefix="/internal", include_in_schema=False, route_class=DirectRoute)
PartsOf = Annotated[Parts, Depends(parts_of)]


@router.post("/commands")
async def command(request: Request, parts: PartsOf) -> Response:
    """Decide a command that another process forwarded to the owner here."""
    body = await _signed_body(request, parts)
    try:
        return _answer(await parts.gate.command(body))
    except (msgspec.MsgspecError, KeyError) as error:
        raise MalformedRequest(f"This is no forwarded command: {error}") from error


@router.post("/commands/batch")
async def commands(request: Request, parts: PartsOf) -> Response:
    """Decide several commands that another process forwarded together."""
    body = await _signed_body(request, parts)
    try:
        return _answer(await parts.gate.commands(body))
    except (msgspec.MsgspecError, KeyError) as error:
        raise MalformedRequest(f"These are no forwarded commands: {error}") from error


@router.post("/outcomes")
async def outcome(request: Request, parts: PartsOf) -> Response:
    """What became of a forwarded command whose answer was lost."""
    body = await _signed_body(request, parts)
    try:
        return _answer(await parts.gate.outcome(body))
    except (msgspec.MsgspecError, KeyError) as error:
        raise MalformedRequest(f"This is no question about an outcome: {error}") from error


async def _signed_body(request: Request, parts: Parts) -> bytes:
    body = await request.body()
    if not is_signed(parts.internal_key, body, request.headers.get(SIGNATURE, "")):
        raise Unauthenticated("This path takes signed messages of the deployment's own processes only.")
    return body


def _answer(answer: Answer | Answers) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")
