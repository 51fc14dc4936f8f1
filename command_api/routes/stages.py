"""Stages that a run saved, kept for its task's next attempt. For workers, with the service token."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from adapters.http.strict_json import StrictRoute
from adapters.object_store.port import stage_key, stage_prefix
from command_api.parts import Parts, parts_of
from command_api.routes.internal import URL_SECONDS, Attempt, require_service, run_of

router = APIRouter(
    prefix="/internal/runs/{task_id}/{attempt}/stages",
    include_in_schema=False,
    route_class=StrictRoute,
    dependencies=[Depends(require_service)],
)
PartsOf = Annotated[Parts, Depends(parts_of)]
MOST_BYTES: Final = 512 * 1024 * 1024
MEDIA_TYPE: Final = "application/octet-stream"


class StageToPut(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    bytes: int = Field(ge=0, le=MOST_BYTES)


@router.get("")
async def stages(task_id: str, attempt: Attempt, account_id: str, request: Request, parts: PartsOf) -> dict[str, Any]:
    """What earlier attempts of the task saved."""
    await run_of(request, parts, task_id, attempt, account_id)
    prefix = stage_prefix(account_id, task_id)
    keys = await parts.store.keys(prefix)
    return {
        "items": [
            {"name": key.removeprefix(prefix), "url": parts.store.presign_get(key, URL_SECONDS, inside=True)}
            for key in keys
        ]
    }


@router.post("")
async def keep(
    task_id: str, attempt: Attempt, account_id: str, body: StageToPut, request: Request, parts: PartsOf
) -> dict[str, Any]:
    """Where a worker puts one stage; the same name replaces."""
    await run_of(request, parts, task_id, attempt, account_id)
    url = parts.store.presign_put(stage_key(account_id, task_id, body.name), URL_SECONDS, inside=True)
    return {"put_url": url, "headers": {"content-type": MEDIA_TYPE}}


@router.delete("", status_code=204)
async def forget(task_id: str, attempt: Attempt, account_id: str, request: Request, parts: PartsOf) -> None:
    """The attempt's worker knows how it ends, and no other will follow. Repeatable."""
    await run_of(request, parts, task_id, attempt, account_id)
    for key in await parts.store.keys(stage_prefix(account_id, task_id)):
        await parts.store.delete(key)
