"""Paths for the other processes of the deployment; the gateway lets nobody else in.

Forwards are signed with the internal key. Workers and the external parts show the service token.
"""

import asyncio
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Header, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from adapters.errors import Unavailable
from adapters.http.strict_json import StrictRoute
from adapters.kafka.topics import ACCOUNT_PARTITIONS, ACCOUNTS, CATALOG
from adapters.object_store.port import object_key
from command_api.contexts import context_of
from command_api.parts import Parts, parts_of
from domain.account.commands import DescribeRun
from domain.catalog.commands import PublishModel
from domain.errors import DomainError, NotFound, Unauthenticated
from domain.ids import partition_in
from domain.personal import SealedAt

router = APIRouter(prefix="/internal", include_in_schema=False, route_class=StrictRoute)
PartsOf = Annotated[Parts, Depends(parts_of)]
Attempt = Annotated[int, Path(ge=1, le=1_000_000)]
URL_SECONDS: Final = 3600
MOST_ORDERS: Final = 64


async def require_service(parts: PartsOf, authorization: Annotated[str, Header()] = "") -> None:
    """Raises Unauthenticated unless the service token is shown."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not parts.service_token.matches(token):
        raise Unauthenticated("This path takes the service token.")


class OutputToPut(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    bytes: int = Field(ge=0, le=1 << 40)
    media_type: str = Field(max_length=100)


@router.get("/runs/{task_id}/{attempt}", dependencies=[Depends(require_service)])
async def order(task_id: str, attempt: Attempt, account_id: str, request: Request, parts: PartsOf) -> dict[str, Any]:
    """Everything a worker needs for one attempt: plain inputs, parameters, URLs to read from."""
    return await _order(request, parts, task_id, attempt, account_id)


class RunWanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    task_id: str = Field(max_length=64)
    attempt: int = Field(ge=1, le=1_000_000)
    account_id: str = Field(max_length=64)


class RunsWanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    runs: list[RunWanted] = Field(max_length=MOST_ORDERS)


@router.post("/runs", dependencies=[Depends(require_service)])
async def orders(body: RunsWanted, request: Request, parts: PartsOf) -> dict[str, Any]:
    """The same for several attempts, in their order: each has its `order`, or the `status` that refuses it."""

    async def one(run: RunWanted) -> dict[str, Any]:
        try:
            return {"order": await _order(request, parts, run.task_id, run.attempt, run.account_id)}
        except (DomainError, Unavailable) as error:
            return {"status": error.status, "detail": error.detail}

    return {"orders": await asyncio.gather(*(one(run) for run in body.runs))}


async def _order(request: Request, parts: Parts, task_id: str, attempt: int, account_id: str) -> dict[str, Any]:
    run = await run_of(request, parts, task_id, attempt, account_id)
    prompt = run["prompt"]
    inputs = [
        {**item, "url": parts.store.presign_get(object_key(account_id, item["sha256"]), URL_SECONDS, inside=True)}
        for item in run["inputs"]
    ]
    text = None
    if prompt is not None:
        text = await parts.sealer.open(account_id, msgspec.convert(prompt, SealedAt))
    return {
        "task_id": task_id,
        "account_id": account_id,
        "attempt": attempt,
        "model": run["model"],
        "version": run["model_version"],
        "params": run["params"],
        "seed": run["seed"],
        "deadline": run["deadline"],
        "prompt": text,
        "inputs": inputs,
    }


@router.post("/runs/{task_id}/{attempt}/outputs", dependencies=[Depends(require_service)])
async def output(
    task_id: str, attempt: Attempt, account_id: str, body: OutputToPut, request: Request, parts: PartsOf
) -> dict[str, Any]:
    """Where a worker puts one result file: before it says that the run succeeded, and even if the object exists."""
    await run_of(request, parts, task_id, attempt, account_id)
    url = parts.store.presign_put(object_key(account_id, body.sha256), URL_SECONDS, inside=True)
    return {"put_url": url, "headers": {"content-type": body.media_type}}


class ModelToPublish(BaseModel):
    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    model: str = Field(min_length=1, max_length=100)
    version: str = Field(min_length=1, max_length=100)
    title: str = Field(min_length=1, max_length=200)
    kinds: list[str]
    params_schema: dict[str, Any]
    price: int = Field(ge=0)
    typical_seconds: float = Field(gt=0)


@router.post("/models", dependencies=[Depends(require_service)])
async def publish(body: ModelToPublish, request: Request, parts: PartsOf) -> dict[str, Any]:
    """A worker tells of an engine that the catalog does not know."""
    command = PublishModel(
        model=body.model,
        version=body.version,
        title=body.title,
        kinds=tuple(body.kinds),
        params_schema=body.params_schema,
        price=body.price,
        typical_seconds=body.typical_seconds,
    )
    applied = await parts.commands.send(CATALOG, 0, command, context_of(request, "service/ml_worker"))
    return {"model": body.model, "version": body.version, "position": applied.position}


async def run_of(request: Request, parts: Parts, task_id: str, attempt: int, account_id: str) -> dict[str, Any]:
    """What is asked of the task. Raises NotFound, and NotInState unless this attempt is the present one and runs."""
    try:
        partition = partition_in(task_id)
    except ValueError:
        raise NotFound("There is no such task.") from None
    if partition >= ACCOUNT_PARTITIONS:
        raise NotFound("There is no such task.")
    question = DescribeRun(account_id=account_id, task_id=task_id, attempt=attempt)
    applied = await parts.commands.send(ACCOUNTS, partition, question, context_of(request, "service/ml_worker"))
    return applied.view
