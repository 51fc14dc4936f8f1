"""The state of `lathe.catalog`: the models that can be asked for."""

from datetime import datetime
from typing import Any

import msgspec

from domain.catalog.events import ModelPublished
from domain.idempotency import Keys


class Model(msgspec.Struct):
    """A model as it was last published, its price of today (micro-credits), and whether it is retired."""

    published: ModelPublished
    price: int
    published_at: datetime
    retired: bool = False

    @property
    def params_schema(self) -> dict[str, Any]:
        return self.published.params_schema


class CatalogState(msgspec.Struct):
    models: dict[str, Model] = {}
    """By id, in the order of their first publication."""
    keys: Keys = msgspec.field(default_factory=Keys)

    def offered(self, model: str) -> Model | None:
        """The model if it can be asked for now."""
        found = self.models.get(model)
        return None if found is None or found.retired else found

    def usual(self, kind: str) -> Model | None:
        """Who gets a request with this kind of input that names no model: the first published that is offered."""
        return next((x for x in self.models.values() if not x.retired and kind in x.published.kinds), None)
