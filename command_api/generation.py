"""From what a client asked for to the command RequestTask: model, price and parameters are pinned here."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from adapters.http.problems import pointer_of
from adapters.ids import new_id
from adapters.kafka.topics import account_partition
from command_api.parts import Parts
from command_api.uploading import VIEWS
from domain.account.commands import RequestTask
from domain.account.events import StoredFile
from domain.catalog.common_params import SEED, SEEDS
from domain.catalog.schema import validate_params, whole
from domain.catalog.state import Model
from domain.errors import InvalidInput
from domain.money import to_micro
from domain.personal import Sealed

MAX_IMAGES: Final = 8
FileId = Annotated[str, StringConstraints(min_length=1, max_length=64)]


def _in_utc(deadline: datetime) -> datetime:
    if deadline.tzinfo is None:
        raise PydanticCustomError("deadline", "A deadline needs a time zone, for example 2030-01-31T12:00:00Z")
    try:
        return deadline.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("deadline", "The deadline lies outside of the calendar") from None


InUtc = Annotated[datetime, AfterValidator(_in_utc)]


class Generation(BaseModel):
    """What to make: a prompt, or images; the model is chosen by them if none is named."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    prompt: str | None = Field(None, description="What to make, in words.", examples=["a red wooden chair"])
    image_file_id: FileId | None = Field(None, description="An uploaded photo.")
    images: dict[str, FileId] | None = Field(
        None, description="Uploaded photos by view: front, left, back, right, top, bottom.", max_length=MAX_IMAGES
    )
    model: str | None = Field(None, max_length=100, description="A model of GET /generate/models.")
    params: dict[str, Any] = Field({}, description="Parameters by the model's schema; and `seed`, which all take.")
    priority: int = Field(0, ge=-10, le=10, description="Among your own tasks, higher first.")
    deadline: InUtc | None = Field(None, description="If it is not running by then, it is cancelled and refunded.")
    max_credits: Decimal | None = Field(None, ge=0, le=1_000_000_000, description="Refuse if it would cost more.")

    def inputs(self) -> tuple[tuple[str, str], ...]:
        """(role, file id) pairs."""
        single = (("image", self.image_file_id),) if self.image_file_id else ()
        return (*single, *(self.images or {}).items())


class Planned(msgspec.Struct, frozen=True):
    """A request that makes sense: everything but its files and sealed texts. `max_credits` is in micro-credits."""

    wanted: Generation
    model: Model
    params: dict[str, Any]
    seed: int
    max_credits: int | None


def plan(parts: Parts, wanted: Generation, brought: Sequence[str] = ()) -> Planned:
    """Check a request before anything is stored for it. `brought`: roles of the images that came with it.

    Raises InvalidInput with the pointer.
    """
    require_meaning(parts, wanted, brought)
    model = model_for(parts, wanted, brought)
    params = validate_params(model.params_schema, {n: v for n, v in wanted.params.items() if n != SEED})
    limit = None if wanted.max_credits is None else to_micro(wanted.max_credits, "/max_credits")
    return Planned(wanted, model, params, seed_of(wanted.params), limit)


def require_meaning(parts: Parts, wanted: Generation, brought: Sequence[str] = ()) -> None:
    """Raises InvalidInput unless exactly one kind of input is given, within the limits."""
    given = given_in(wanted, brought[:1])
    if not given:
        raise InvalidInput("Say what to make: give a prompt or an image.", pointer="/prompt")
    if len(given) > 1:
        raise InvalidInput("Give either a prompt, an image, or images by view.", pointer=pointer_of(given[1:2]))
    for view in wanted.images or ():
        if view not in VIEWS:
            known = ", ".join(VIEWS)
            raise InvalidInput(f"There is no view {view[:80]!r}: {known}.", pointer=pointer_of(["images", view]))
    limit = parts.settings.limits.max_prompt_chars
    if wanted.prompt is not None:
        if not wanted.prompt.strip():
            raise InvalidInput("The prompt is empty.", pointer="/prompt")
        if len(wanted.prompt) > limit:
            raise InvalidInput(
                f"The prompt has {len(wanted.prompt)} characters; {limit} is the most.", pointer="/prompt"
            )


def given_in(wanted: Generation, brought: Sequence[str] = ()) -> list[str]:
    """The members, or parts of a form, that hold the input."""
    return [*(name for name in ("prompt", "image_file_id", "images") if getattr(wanted, name)), *brought]


def model_for(parts: Parts, wanted: Generation, brought: Sequence[str] = ()) -> Model:
    """The model asked for, or the first one offered that takes this kind of input. Raises InvalidInput."""
    offered, kind = parts.catalog.state, kind_of(wanted, brought)
    if wanted.model is None:
        if (usual := offered.usual(kind)) is not None:
            return usual
        raise InvalidInput(
            f"No model that is offered takes {kind}; see GET /generate/models.",
            pointer=pointer_of(given_in(wanted, brought)[:1]),
        )
    model = offered.offered(wanted.model)
    if model is None:
        raise InvalidInput(f"There is no model {wanted.model!r}; see GET /generate/models.", pointer="/model")
    if kind not in model.published.kinds:
        takes = " or ".join(model.published.kinds)
        raise InvalidInput(f"{wanted.model} takes {takes}, not {kind}.", pointer="/model")
    return model


def kind_of(wanted: Generation, brought: Sequence[str] = ()) -> str:
    """`text`, `image` or `images`: what a model must take."""
    roles = [*(role for role, _ in wanted.inputs()), *brought]
    if not roles:
        return "text"
    return "image" if roles == ["image"] else "images"


def request_task(
    parts: Parts,
    account_id: str,
    planned: Planned,
    *,
    prompt: Sealed | None = None,
    brought: Sequence[tuple[str, StoredFile]] = (),
    parent: str | None = None,
) -> RequestTask:
    """The command. `prompt` is sealed for its event; `brought`: stored images that came with the request, by role."""
    wanted, model = planned.wanted, planned.model
    return RequestTask(
        account_id=account_id,
        task_id=new_id(account_partition(account_id)),
        kind="generate",
        model=model.published.model,
        model_version=model.published.version,
        price=model.price,
        max_credits=planned.max_credits,
        prompt=prompt,
        prompt_length=len(wanted.prompt or ""),
        inputs=(*wanted.inputs(), *((role, file.file_id) for role, file in brought)),
        files=tuple(file for _, file in brought),
        params=planned.params,
        seed=planned.seed,
        priority=wanted.priority,
        deadline=wanted.deadline,
        parent=parent,
        max_queued=parts.settings.limits.max_queued,
    )


async def sealed_prompt(parts: Parts, account_id: str, event_id: str, wanted: Generation) -> Sealed | None:
    """The prompt of a single task, sealed for the event `event_id`."""
    if wanted.prompt is None:
        return None
    return await parts.sealer.seal(account_id, event_id, "prompt", wanted.prompt)


def seed_of(params: Mapping[str, Any]) -> int:
    """The seed asked for, or a new one. It is pinned beside the parameters, so no model's schema names it.

    Raises InvalidInput.
    """
    seed = whole(params.get(SEED))
    if seed is None:
        return secrets.randbelow(SEEDS)
    if type(seed) is not int or not 0 <= seed < SEEDS:
        raise InvalidInput(f"A seed is a whole number from 0 to {SEEDS - 1}.", pointer=pointer_of(["params", SEED]))
    return seed


def digest_fields(wanted: Generation) -> Mapping[str, Any]:
    """What makes two requests the same, for the idempotency digest."""
    return wanted.model_dump(mode="json", exclude_defaults=True)
