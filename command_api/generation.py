"""From what a client asked for to the command RequestTask: model, price and parameters are pinned here."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from adapters.ids import new_id
from adapters.kafka.topics import account_partition
from command_api.parts import Parts
from domain.account.commands import RequestTask
from domain.account.events import StoredFile
from domain.catalog.schema import validate_params
from domain.catalog.state import Model
from domain.errors import InvalidInput
from domain.money import to_micro
from domain.personal import Sealed

MAX_IMAGES: Final = 8
Brought = tuple[tuple[str, StoredFile], ...]
"""Images that came with the request, by role."""
FileId = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class Generation(BaseModel):
    """What to make: a prompt, or images; the model is chosen by them if none is named."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    prompt: str | None = Field(None, description="What to make, in words.", examples=["a red wooden chair"])
    image_file_id: FileId | None = Field(None, description="An uploaded photo.")
    images: dict[str, FileId] | None = Field(
        None, description="Uploaded photos by view: front, left, back, right, top, bottom.", max_length=MAX_IMAGES
    )
    model: str | None = Field(None, max_length=100, description="A model of GET /generate/models.")
    params: dict[str, Any] = Field({}, description="Parameters by the model's schema.")
    priority: int = Field(0, ge=-10, le=10, description="Among your own tasks, higher first.")
    deadline: datetime | None = Field(None, description="If it is not running by then, it is cancelled and refunded.")
    max_credits: Decimal | None = Field(None, ge=0, le=1_000_000_000, description="Refuse if it would cost more.")

    def inputs(self) -> tuple[tuple[str, str], ...]:
        """(role, file id) pairs."""
        single = (("image", self.image_file_id),) if self.image_file_id else ()
        return (*single, *(self.images or {}).items())


def require_meaning(parts: Parts, wanted: Generation, brought: Brought = ()) -> None:
    """Raises InvalidInput unless exactly one kind of input is given, within the limits."""
    given = [bool(wanted.prompt), bool(wanted.image_file_id), bool(wanted.images), bool(brought)]
    if sum(given) == 0:
        raise InvalidInput("Say what to make: give a prompt or an image.", pointer="/prompt")
    if sum(given) > 1:
        raise InvalidInput("Give either a prompt, an image, or images by view.", pointer="/prompt")
    limit = parts.settings.limits.max_prompt_chars
    if wanted.prompt is not None:
        if not wanted.prompt.strip():
            raise InvalidInput("The prompt is empty.", pointer="/prompt")
        if len(wanted.prompt) > limit:
            raise InvalidInput(
                f"The prompt has {len(wanted.prompt)} characters; {limit} is the most.", pointer="/prompt"
            )


def model_for(parts: Parts, wanted: Generation, kind: str) -> Model:
    """The model asked for, or the first one offered that takes this kind of input. Raises InvalidInput."""
    offered = parts.catalog.state
    if wanted.model is None:
        for name in offered.models:
            model = offered.offered(name)
            if model is not None and kind in model.published.kinds:
                return model
        raise InvalidInput(f"No model takes {kind} at present.", pointer="/model")
    model = offered.offered(wanted.model)
    if model is None:
        raise InvalidInput(f"There is no model {wanted.model!r}; see GET /generate/models.", pointer="/model")
    if kind not in model.published.kinds:
        takes = " or ".join(model.published.kinds)
        raise InvalidInput(f"{wanted.model} takes {takes}, not {kind}.", pointer="/model")
    return model


def kind_of(wanted: Generation, brought: Brought = ()) -> str:
    """`text`, `image` or `images`: what a model must take."""
    roles = [role for role, _ in (*wanted.inputs(), *brought)]
    if not roles:
        return "text"
    return "image" if roles == ["image"] else "images"


async def request_task(
    parts: Parts, account_id: str, wanted: Generation, event_id: str, brought: Brought = ()
) -> RequestTask:
    """The command. Its prompt is sealed for the event `event_id`. Raises InvalidInput with the pointer."""
    require_meaning(parts, wanted, brought)
    model = model_for(parts, wanted, kind_of(wanted, brought))
    params = validate_params(model.params_schema, wanted.params)
    seed = params.pop("seed", None)
    prompt: Sealed | None = None
    if wanted.prompt is not None:
        prompt = await parts.sealer.seal(account_id, event_id, "prompt", wanted.prompt)
    return RequestTask(
        account_id=account_id,
        task_id=new_id(account_partition(account_id)),
        kind="generate",
        model=model.published.model,
        model_version=model.published.version,
        price=model.price,
        max_credits=None if wanted.max_credits is None else to_micro(wanted.max_credits, "/max_credits"),
        prompt=prompt,
        prompt_length=len(wanted.prompt or ""),
        inputs=(*wanted.inputs(), *((role, file.file_id) for role, file in brought)),
        files=tuple(file for _, file in brought),
        params=params,
        seed=secrets.randbelow(1 << 31) if seed is None else seed,
        priority=wanted.priority,
        deadline=wanted.deadline,
        max_queued=parts.settings.limits.max_queued,
    )


def digest_fields(wanted: Generation) -> Mapping[str, Any]:
    """What makes two requests the same, for the idempotency digest."""
    return wanted.model_dump(mode="json", exclude_defaults=True)
