"""Events of topic `lathe.catalog`, keyed by `model/<model id>`."""

from typing import Any

from domain.account.events import Event


class ModelPublished(Event, frozen=True, kw_only=True):
    """A model (or a new version of it) can be asked for. `price` in micro-credits per task."""

    model: str
    version: str
    title: str
    kinds: tuple[str, ...]
    """Inputs it takes: `text`, `image`, `images`."""
    params_schema: dict[str, Any]
    """JSON Schema (2020-12) of its parameters, `additionalProperties: false`."""
    price: int
    typical_seconds: float


class ModelRepriced(Event, frozen=True, kw_only=True):
    """New tasks of the model cost `price`; those that were accepted keep theirs."""

    model: str
    price: int


class ModelRetired(Event, frozen=True, kw_only=True):
    """The model can no longer be asked for."""

    model: str
