"""The answer to whoever asked for tasks: accepted, or finished if the client preferred to wait and it was in time."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from adapters.http.declared import Responses, success
from adapters.http.edge import add_header
from adapters.http.metrics import observe_accepted
from adapters.http.prefer import preference_of
from adapters.kafka.requests import Applied
from adapters.object_store.reports import result_of
from adapters.security.authenticator import Caller
from command_api import waiting
from command_api.answers import accepted, accepted_batch, answer
from command_api.parts import Parts
from domain.account.commands import DescribeBatch, DescribeTask

CREATES: Final = ("insufficient-credits", "price-changed", "too-many-queued", "already-exists")
"""Refusals of everything that asks for tasks."""
_HEADERS: Final = ("Location", "Lathe-Position", "Preference-Applied")
_RESULT: Final = {"application/json": {"schema": {"$ref": "#/components/schemas/Result"}}}
RESULT_OR_TASK: Final[Responses] = {
    **success(200, "Finished within the preferred wait: the result", *_HEADERS, content=_RESULT),
    **success(202, "Accepted", *_HEADERS),
}


async def task_created(parts: Parts, request: Request, caller: Caller, applied: Applied) -> Response:
    """202 with the task, or 200 with its result. Raises NoResult when it failed or was cancelled meanwhile."""
    observe_accepted(request.scope)
    preference = preference_of(request.headers)
    view = applied.view
    if preference.wait_s:
        question = DescribeTask(account_id=caller.account_id, task_id=view["task_id"])
        ended = await waiting.ended(parts, request, caller, question, view, preference.wait_s)
        if ended is not None:
            location = f"/generate/{view['task_id']}"
            add_header(request.scope, "preference-applied", f"wait={preference.wait_s}")
            add_header(request.scope, "location", location)
            return answer(await result_of(parts.store, caller.account_id, ended.view), 200, ended)
    return accepted(applied, typical_seconds(parts, view), _told(preference.applied))


async def batch_created(parts: Parts, request: Request, caller: Caller, applied: Applied) -> Response:
    """202 with the batch as it was accepted, or 200 with the batch all of whose tasks ended."""
    observe_accepted(request.scope)
    preference = preference_of(request.headers)
    if preference.wait_s:
        question = DescribeBatch(account_id=caller.account_id, batch_id=applied.view["batch_id"])
        ended = await waiting.ended(parts, request, caller, question, applied.view, preference.wait_s)
        if ended is not None:
            headers = {"preference-applied": f"wait={preference.wait_s}"}
            return accepted_batch(ended, lambda task: typical_seconds(parts, task), 200, headers)
    return accepted_batch(applied, lambda task: typical_seconds(parts, task), 202, _told(preference.applied))


def typical_seconds(parts: Parts, task: Mapping[str, Any]) -> float:
    """How long a run of the task's model takes, by the catalog."""
    found = parts.catalog.state.models.get(task["model"])
    return found.published.typical_seconds if found else 0.0


def _told(preference: str | None) -> dict[str, str]:
    return {} if preference is None else {"preference-applied": preference}
