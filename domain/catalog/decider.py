"""The decider of `lathe.catalog`: which rule answers which command, and how events fold."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from domain.catalog import commands as c
from domain.catalog import decide
from domain.catalog import events as e
from domain.catalog.state import CatalogState, Model
from domain.catalog.views import model_view
from domain.decider import Append, Context, Reply
from domain.envelope import Envelope
from domain.idempotency import once

DECIDE: Final[dict[type[c.Base], Callable[[CatalogState, Any, Context], Append | Reply]]] = {
    c.PublishModel: decide.publish,
    c.RepriceModel: decide.reprice,
    c.RetireModel: decide.retire,
}


class CatalogDecider:
    """Implements `domain.decider.Decider[CatalogState, CatalogCommand]`. One stream is `model/<model id>`."""

    fold = 1

    def initial(self) -> CatalogState:
        return CatalogState()

    def stream(self, command: c.CatalogCommand) -> str:
        return decide.stream_of(command.model)

    def decide(self, state: CatalogState, command: c.CatalogCommand, context: Context) -> Append | Reply:
        rule = DECIDE[type(command)]
        return once(
            state.keys,
            context,
            lambda key, subject: self.view(state, key, subject),
            lambda: rule(state, command, context),
        )

    def evolve(self, state: CatalogState, key: str, event: msgspec.Struct, envelope: Envelope) -> None:
        """Raises KeyError or TypeError, the state untouched, when the event cannot belong to this history."""
        match event:
            case e.ModelPublished():
                state.models[event.model] = Model(event, event.price, envelope.time)
            case e.ModelRepriced():
                state.models[event.model].price = event.price
            case e.ModelRetired():
                state.models[event.model].retired = True
            case _:
                raise TypeError(f"{type(event).__name__} is no event of the catalog")
        state.keys.remember(key, envelope)

    def quarantine(self, state: CatalogState, key: str) -> None:
        """No rule spans models."""

    def view(self, state: CatalogState, key: str, subject: str) -> dict[str, Any]:
        model = state.models.get(subject)
        return {} if model is None else model_view(model)
