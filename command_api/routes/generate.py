"""Asking for 3D models (requirements/000, section 2.2)."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from adapters.http.callers import CallerOf
from adapters.http.declared import ANYWHERE, BODIES, IDEMPOTENCY_KEY, KEYED, PREFER, SIGNED_IN, problems, taking
from adapters.http.direct import DirectRoute
from adapters.http.in_flight import in_flight
from adapters.http.multipart import ReceivedFile
from adapters.http.problems import body_errors
from adapters.http.strict_json import parse_strictly, require_json
from adapters.ids import new_id
from adapters.kafka.requests import Applied
from adapters.security.authenticator import Caller
from command_api.contexts import Keyed, context_of
from command_api.creating import CREATES, RESULT_OR_TASK, task_created
from command_api.deciding import decide
from command_api.documents import AcceptedTask
from command_api.generation import Generation, digest_fields, plan, request_task, sealed_prompt
from command_api.parts import Parts, parts_of
from command_api.repeats import answered_before
from command_api.uploading import fields_of, images_of, received, store_images
from domain.errors import DomainError

router = APIRouter(prefix="/generate", tags=["generate"], route_class=DirectRoute)
PartsOf = Annotated[Parts, Depends(parts_of)]
REFUSED: Final = problems(*ANYWHERE, *SIGNED_IN, *BODIES, *KEYED, *CREATES, "account-closed", "no-result")
BODY: Final = {
    "required": True,
    "content": {
        "application/json": {"schema": Generation.model_json_schema(ref_template="#/components/schemas/{model}")},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {
                    "image": {"type": "string", "format": "binary"},
                    "prompt": {"type": "string"},
                    "model": {"type": "string"},
                    "params": {"type": "string", "description": "JSON object"},
                    "priority": {"type": "integer"},
                    "deadline": {"type": "string", "format": "date-time"},
                    "max_credits": {"type": "number"},
                },
            }
        },
    },
}


@router.post(
    "",
    status_code=202,
    response_model=AcceptedTask,
    summary="Make a 3D model",
    openapi_extra=taking(IDEMPOTENCY_KEY, PREFER, requestBody=BODY),
    responses=RESULT_OR_TASK | REFUSED,
)
async def generate(request: Request, caller: CallerOf, parts: PartsOf) -> Response:
    """From a prompt or images. The price is reserved at once.

    A finished model costs all of it, a cancelled run the share of the stages it went through, a failure nothing.

    Repeat with the same Idempotency-Key to be sure: it is never made or charged twice.
    """
    keyed = Keyed(request, parts.digests, caller.actor, "/generate")
    with in_flight(keyed.scoped if keyed.is_clients else None):
        if request.headers.get("content-type", "").lower().startswith("multipart/"):
            async with received(parts, request) as form:
                wanted, images = _validated(fields_of(form)), images_of(form)
                applied = await _applied(request, caller, parts, keyed, wanted, images)
        else:
            require_json(request)
            wanted = _validated(parse_strictly(await request.body()))
            applied = await _applied(request, caller, parts, keyed, wanted)
    return await task_created(parts, request, caller, applied)


async def _applied(
    request: Request,
    caller: Caller,
    parts: Parts,
    keyed: Keyed,
    wanted: Generation,
    images: Sequence[ReceivedFile] = (),
) -> Applied:
    """What became of the command: a repeat of one that was applied is answered, even if it would be refused now."""
    event_id = new_id()
    digest = keyed.digest(digest_fields(wanted), {file.field: file.sha256 for file in images})
    context = context_of(request, caller.actor, event_id=event_id, keyed=keyed, digest=digest)
    try:
        planned = plan(parts, wanted, [file.field for file in images])
        prompt = await sealed_prompt(parts, caller.account_id, event_id, wanted)
        brought = await store_images(parts, caller.account_id, event_id, images)
        command = request_task(parts, caller.account_id, planned, prompt=prompt, brought=brought)
    except DomainError as refusal:
        return await answered_before(parts, keyed, caller, context, refusal)
    return await decide(parts, caller, command, context)


def _validated(fields: Any) -> Generation:
    try:
        return Generation.model_validate(fields)
    except ValidationError as error:
        raise RequestValidationError(body_errors(error)) from None
