"""What is done to a task that exists: cancel it, try it again, make another one like it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from adapters.http.callers import CallerOf
from adapters.http.declared import (
    ANYWHERE,
    BODIES,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    KEYED,
    PREFER,
    SIGNED_IN,
    problems,
    success,
    taking,
)
from adapters.http.preconditions import expected_versions
from adapters.http.strict_json import StrictRoute
from adapters.ids import new_id
from adapters.kafka.topics import ACCOUNT_PARTITIONS, account_partition
from adapters.security.authenticator import Caller
from command_api.answers import task_answer
from command_api.contexts import Keyed, context_of
from command_api.creating import CREATES, RESULT_OR_TASK, task_created
from command_api.deciding import decide
from command_api.documents import AcceptedTask
from command_api.forking import Fork, Retry, forked, retried
from command_api.generation import plan, request_task, sealed_prompt
from command_api.parts import Parts, parts_of
from command_api.repeats import answered_before
from domain.account.commands import CancelTask, DescribeRequest, RequestTask, RetryTask
from domain.errors import DomainError, NotFound
from domain.ids import partition_in

router = APIRouter(prefix="/generate", tags=["generate"], route_class=StrictRoute)
PartsOf = Annotated[Parts, Depends(parts_of)]
View = Mapping[str, Any]
"""A task as its owner describes it."""
_ANY: Final = (*ANYWHERE, *SIGNED_IN, "not-found", "idempotency-key-reused", "wrong-state")
CANCEL_REFUSED: Final = problems(*_ANY, "precondition-failed")
AGAIN_REFUSED: Final = problems(*_ANY, *BODIES, *KEYED, *CREATES, "account-closed", "erased", "no-result")


@router.post(
    "/{task_id}/cancel",
    status_code=202,
    response_model=AcceptedTask,
    summary="Cancel a task",
    openapi_extra=taking(IDEMPOTENCY_KEY, IF_MATCH),
    responses=success(202, "The task as it is now", "Location", "Lathe-Position") | CANCEL_REFUSED,
)
async def cancel(task_id: str, request: Request, caller: CallerOf, parts: PartsOf) -> Response:
    """A queued task is cancelled and refunded at once; a running one stops soon and pays for the stages it went
    through. Repeatable; 409 when it is completed."""
    keyed = Keyed(request, parts.digests, caller.actor, f"/generate/{task_id}/cancel")
    context = context_of(request, caller.actor, keyed=keyed, digest=keyed.digest(task_id))
    command = CancelTask(
        account_id=caller.account_id,
        task_id=_known(task_id, caller),
        expected_seqs=expected_versions(request.headers.get("if-match")),
    )
    return task_answer(await decide(parts, caller, command, context))


@router.post(
    "/{task_id}/retry",
    status_code=202,
    response_model=AcceptedTask,
    summary="Try a failed or cancelled task again",
    openapi_extra=taking(IDEMPOTENCY_KEY, PREFER),
    responses=RESULT_OR_TASK | AGAIN_REFUSED,
)
async def retry(
    task_id: str, request: Request, caller: CallerOf, parts: PartsOf, body: Retry | None = None
) -> Response:
    """A new task with the same inputs and parameters, at today's price, with `parent` set."""
    wanted = body or Retry()

    async def command(parent: View, event_id: str) -> RetryTask:
        return await retried(parts, caller, parent, wanted, event_id)

    return await _again(parts, request, caller, task_id, "retry", wanted.model_dump(mode="json"), command)


@router.post(
    "/{task_id}/fork",
    status_code=202,
    response_model=AcceptedTask,
    summary="Make another one like it",
    openapi_extra=taking(IDEMPOTENCY_KEY, PREFER),
    responses=RESULT_OR_TASK | AGAIN_REFUSED,
)
async def fork(task_id: str, request: Request, caller: CallerOf, parts: PartsOf, body: Fork | None = None) -> Response:
    """A new task from any of yours, whatever became of it: with its input and parameters where you give no others."""
    wanted = body or Fork()

    async def command(parent: View, event_id: str) -> RequestTask:
        generation = await forked(parts, caller, parent, wanted)
        planned = plan(parts, generation)
        prompt = await sealed_prompt(parts, caller.account_id, event_id, generation)
        return request_task(parts, caller.account_id, planned, prompt=prompt, parent=task_id)

    fields = wanted.model_dump(mode="json", exclude_unset=True)
    return await _again(parts, request, caller, task_id, "fork", fields, command)


async def _again(
    parts: Parts,
    request: Request,
    caller: Caller,
    task_id: str,
    action: str,
    fields: dict[str, Any],
    command_for: Callable[[View, str], Awaitable[RetryTask | RequestTask]],
) -> Response:
    """A new task from one that exists. `fields`: what the client gave; `command_for`: (parent, event id) → command."""
    keyed = Keyed(request, parts.digests, caller.actor, f"/generate/{task_id}/{action}")
    event_id = new_id()
    context = context_of(request, caller.actor, event_id=event_id, keyed=keyed, digest=keyed.digest([task_id, fields]))
    question = DescribeRequest(account_id=caller.account_id, task_id=_known(task_id, caller))
    parent = (await decide(parts, caller, question, context_of(request, caller.actor))).view
    try:
        command = await command_for(parent, event_id)
    except DomainError as refusal:
        applied = await answered_before(parts, keyed, caller, context, refusal)
    else:
        applied = await decide(parts, caller, command, context)
    return await task_created(parts, request, caller, applied)


def _known(task_id: str, caller: Caller) -> str:
    """A task id that could be this caller's. Raises NotFound, the same as for a missing one."""
    try:
        partition = partition_in(task_id)
    except ValueError:
        partition = ACCOUNT_PARTITIONS
    if partition != account_partition(caller.account_id):
        raise NotFound("There is no such task.")
    return task_id
