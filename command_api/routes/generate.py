"""Asking for 3D models, cancelling and retrying (requirements/000, section 2.2)."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapters.http.callers import CallerOf
from adapters.http.in_flight import in_flight
from adapters.http.problems import body_errors
from adapters.http.strict_json import StrictRoute, parse_strictly, require_json
from adapters.ids import new_id
from adapters.kafka.topics import ACCOUNT_PARTITIONS, account_partition
from adapters.security.authenticator import Caller
from command_api.answers import accepted, task_answer
from command_api.contexts import Keyed, context_of
from command_api.deciding import decide
from command_api.generation import SEEDS, Brought, Generation, digest_fields, request_task
from command_api.parts import Parts, parts_of
from command_api.repeats import answered_before
from command_api.uploading import fields_of, received, store_images
from domain.account.commands import CancelTask, DescribeRequest, RetryTask
from domain.catalog.schema import validate_params
from domain.errors import DomainError, NotFound, NotInState
from domain.ids import partition_in
from domain.money import to_micro
from domain.personal import SealedAt

router = APIRouter(prefix="/generate", tags=["generate"], route_class=StrictRoute)
PartsOf = Annotated[Parts, Depends(parts_of)]
BODY: Final = {
    "requestBody": {
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
}


@router.post("", status_code=202, summary="Make a 3D model", openapi_extra=BODY)
async def generate(request: Request, caller: CallerOf, parts: PartsOf) -> Response:
    """From a prompt or images. The price is reserved at once, and charged only if a model comes out of it.

    Repeat with the same Idempotency-Key to be sure: it is never made or charged twice.
    """
    keyed = Keyed(request, parts.digests, caller.actor, "/generate")
    event_id = new_id()
    with in_flight(keyed.scoped if keyed.is_clients else None):
        brought: Brought = ()
        if request.headers.get("content-type", "").lower().startswith("multipart/"):
            async with received(parts, request) as form:
                wanted = _validated(fields_of(form))
                brought = await store_images(parts, caller.account_id, event_id, form)
        else:
            require_json(request)
            wanted = _validated(parse_strictly(await request.body()))
        digest = keyed.digest(digest_fields(wanted), {role: file.sha256 for role, file in brought})
        context = context_of(request, caller.actor, event_id=event_id, keyed=keyed, digest=digest)
        try:
            command = await request_task(parts, caller.account_id, wanted, event_id, brought)
        except DomainError as refusal:
            applied = await answered_before(parts, keyed, caller, context, refusal)
        else:
            applied = await decide(parts, caller, command, context)
    return accepted(applied, _typical_seconds(parts, applied.view["model"]))


@router.post("/{task_id}/cancel", status_code=202, summary="Cancel a task")
async def cancel(task_id: str, request: Request, caller: CallerOf, parts: PartsOf) -> Response:
    """A queued task is cancelled and refunded at once; a running one stops soon and pays for the stages it went
    through. Repeatable; 409 when it is completed."""
    keyed = Keyed(request, parts.digests, caller.actor, f"/generate/{task_id}/cancel")
    context = context_of(request, caller.actor, keyed=keyed, digest=keyed.digest(task_id))
    command = CancelTask(account_id=caller.account_id, task_id=_known(task_id, caller))
    return task_answer(await decide(parts, caller, command, context))


class Retry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    max_credits: float | None = Field(None, ge=0, le=1_000_000_000)
    seed: int | None = Field(None, ge=0, lt=SEEDS, description="Left out: the parent's.")


@router.post("/{task_id}/retry", status_code=202, summary="Try a failed or cancelled task again")
async def retry(
    task_id: str, request: Request, caller: CallerOf, parts: PartsOf, body: Retry | None = None
) -> Response:
    """A new task with the same inputs and parameters, at today's price, with `parent` set."""
    wanted = body or Retry()
    keyed = Keyed(request, parts.digests, caller.actor, f"/generate/{task_id}/retry")
    event_id = new_id()
    digest = keyed.digest([task_id, wanted.model_dump(mode="json")])
    context = context_of(request, caller.actor, event_id=event_id, keyed=keyed, digest=digest)
    question = DescribeRequest(account_id=caller.account_id, task_id=_known(task_id, caller))
    parent = (await decide(parts, caller, question, context_of(request, caller.actor))).view
    try:
        command = await _retry(parts, caller, parent, wanted, event_id)
    except DomainError as refusal:
        applied = await answered_before(parts, keyed, caller, context, refusal)
    else:
        applied = await decide(parts, caller, command, context)
    return accepted(applied, _typical_seconds(parts, applied.view["model"]))


async def _retry(parts: Parts, caller: Caller, parent: Mapping[str, Any], wanted: Retry, event_id: str) -> RetryTask:
    """Raises NotInState when the model is gone, Erased when the prompt is."""
    model = parts.catalog.state.offered(parent["model"])
    if model is None:
        raise NotInState(f"{parent['model']} is not offered any more.")
    params = validate_params(model.params_schema, parent["params"])
    prompt = None
    if parent["prompt"] is not None:
        text = await parts.sealer.open(caller.account_id, msgspec.convert(parent["prompt"], SealedAt))
        prompt = await parts.sealer.seal(caller.account_id, event_id, "prompt", text)
    return RetryTask(
        account_id=caller.account_id,
        task_id=parent["task_id"],
        new_task_id=new_id(account_partition(caller.account_id)),
        price=model.price,
        model_version=model.published.version,
        params=params,
        max_credits=None if wanted.max_credits is None else to_micro(wanted.max_credits, "/max_credits"),
        max_queued=parts.settings.limits.max_queued,
        prompt=prompt,
        seed=wanted.seed,
    )


def _validated(fields: Any) -> Generation:
    try:
        return Generation.model_validate(fields)
    except ValidationError as error:
        raise RequestValidationError(body_errors(error)) from None


def _known(task_id: str, caller: Caller) -> str:
    """A task id that could be this caller's. Raises NotFound, the same as for a missing one."""
    try:
        partition = partition_in(task_id)
    except ValueError:
        partition = ACCOUNT_PARTITIONS
    if partition != account_partition(caller.account_id):
        raise NotFound("There is no such task.")
    return task_id


def _typical_seconds(parts: Parts, model: str) -> float:
    found = parts.catalog.state.models.get(model)
    return found.published.typical_seconds if found else 0.0
