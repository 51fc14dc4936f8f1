"""Forks and retries: new tasks from the requests of earlier ones."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from adapters.ids import new_id
from adapters.kafka.topics import account_partition
from adapters.security.authenticator import Caller
from command_api.generation import MAX_IMAGES, FileId, Generation, InUtc, kind_of, model_for
from command_api.parts import Parts
from domain.account.commands import RetryTask
from domain.catalog.common_params import SEED, SEEDS
from domain.catalog.schema import validate_params
from domain.errors import NotInState
from domain.money import to_micro
from domain.personal import SealedAt


class Fork(BaseModel):
    """What is to be different from the parent. A prompt, an image or images take the place of the parent's input."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    prompt: str | None = Field(None, description="What to make, in words.", examples=["the same in oak"])
    image_file_id: FileId | None = Field(None, description="An uploaded photo.")
    images: dict[str, FileId] | None = Field(None, description="Uploaded photos by view.", max_length=MAX_IMAGES)
    model: str | None = Field(None, max_length=100, description="Left out: the parent's, or one for the new input.")
    params: dict[str, Any] = Field({}, description="Merged with the parent's, `seed` too; null takes one away.")
    priority: int | None = Field(None, ge=-10, le=10, description="Left out: the parent's.")
    deadline: InUtc | None = Field(None, description="Left out: the parent's if it is still ahead; null: none.")
    max_credits: Decimal | None = Field(None, ge=0, le=1_000_000_000, description="Refuse if it would cost more.")


class Retry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    max_credits: float | None = Field(None, ge=0, le=1_000_000_000, description="Refuse if it would cost more.")
    seed: int | None = Field(None, ge=0, lt=SEEDS, description="Left out: the parent's.")


async def forked(parts: Parts, caller: Caller, parent: Mapping[str, Any], wanted: Fork) -> Generation:
    """The request of a fork, to be checked like any other. Raises NotInState when its model is gone, Erased."""
    given: dict[str, Any] = {"prompt": wanted.prompt, "image_file_id": wanted.image_file_id, "images": wanted.images}
    if all(value is None for value in given.values()):
        given = await _inputs(parts, caller, parent)
    given["model"] = wanted.model or _model(parts, parent, Generation(**given))
    given["params"] = _params(parts, parent, given["model"], wanted.params)
    given["priority"] = parent["priority"] if wanted.priority is None else wanted.priority
    given["max_credits"] = wanted.max_credits
    given["deadline"] = wanted.deadline if "deadline" in wanted.model_fields_set else _deadline(parent)
    return Generation(**given)


async def retried(parts: Parts, caller: Caller, parent: Mapping[str, Any], wanted: Retry, event_id: str) -> RetryTask:
    """The command, its prompt sealed anew for the event `event_id`.

    Raises NotInState when the model is gone, InvalidInput when it does not take these parameters any more, Erased.
    """
    model = parts.catalog.state.offered(parent["model"])
    if model is None:
        raise NotInState(f"{parent['model']} is not offered any more.")
    params = validate_params(model.params_schema, parent["params"])
    text = await _prompt(parts, caller, parent)
    return RetryTask(
        account_id=caller.account_id,
        task_id=parent["task_id"],
        new_task_id=new_id(account_partition(caller.account_id)),
        price=model.price,
        model_version=model.published.version,
        params=params,
        max_credits=None if wanted.max_credits is None else to_micro(wanted.max_credits, "/max_credits"),
        max_queued=parts.settings.limits.max_queued,
        prompt=None if text is None else await parts.sealer.seal(caller.account_id, event_id, "prompt", text),
        seed=wanted.seed,
    )


async def _inputs(parts: Parts, caller: Caller, parent: Mapping[str, Any]) -> dict[str, Any]:
    by_role = {item["role"]: item["file_id"] for item in parent["inputs"]}
    return {
        "prompt": await _prompt(parts, caller, parent),
        "image_file_id": by_role.pop("image", None),
        "images": by_role or None,
    }


async def _prompt(parts: Parts, caller: Caller, parent: Mapping[str, Any]) -> str | None:
    if parent["prompt"] is None:
        return None
    return await parts.sealer.open(caller.account_id, msgspec.convert(parent["prompt"], SealedAt))


def _model(parts: Parts, parent: Mapping[str, Any], wanted: Generation) -> str:
    """The parent's, unless it does not take the new kind of input."""
    name: str = parent["model"]
    model = parts.catalog.state.offered(name)
    if model is None:
        raise NotInState(f"{name} is not offered any more; name another model.")
    return name if kind_of(wanted) in model.published.kinds else model_for(parts, wanted).published.model


def _params(parts: Parts, parent: Mapping[str, Any], model: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Member by member. What only the parent's model knows is not passed on to another one."""
    inherited = dict(parent["params"])
    offered = parts.catalog.state.offered(model)
    if model != parent["model"] and offered is not None:
        known = offered.params_schema.get("properties", {})
        inherited = {name: value for name, value in inherited.items() if name in known}
    merged = inherited | {SEED: parent["seed"]} | dict(wanted)
    return {name: value for name, value in merged.items() if value is not None}


def _deadline(parent: Mapping[str, Any]) -> datetime | None:
    if parent["deadline"] is None:
        return None
    deadline = datetime.fromisoformat(parent["deadline"])
    return deadline if deadline > datetime.now(UTC) else None
