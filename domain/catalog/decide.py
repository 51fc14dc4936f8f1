"""The rules of the model catalog."""

from typing import Final

import msgspec

from domain.catalog import commands as c
from domain.catalog import events as e
from domain.catalog.schema import require_schema
from domain.catalog.state import CatalogState, Model
from domain.catalog.views import model_view
from domain.decider import Append, Context, Reply
from domain.errors import InvalidInput, NotFound
from domain.money import require_amount

KINDS: Final = frozenset({"text", "image", "images"})


def publish(state: CatalogState, command: c.PublishModel, context: Context) -> Append | Reply:
    """Repeatable: what equals the last publication changes nothing, neither an administrator's price nor a retirement.

    Another version (or other content) is a new publication: it brings its own price and ends a retirement.
    Raises InvalidInput.
    """
    if not command.model or not command.version:
        raise InvalidInput("A model has an id and a version.", pointer="/model")
    if not command.kinds or not KINDS.issuperset(command.kinds):
        raise InvalidInput(f"`kinds` are some of {', '.join(sorted(KINDS))}.", pointer="/kinds")
    require_amount(command.price, "/price")
    require_schema(command.params_schema)
    event = e.ModelPublished(**{name: getattr(command, name) for name in e.ModelPublished.__struct_fields__})
    known = state.models.get(command.model)
    if known is not None and known.published == event:
        return Reply(model_view(known))
    return _append(command.model, event)


def reprice(state: CatalogState, command: c.RepriceModel, context: Context) -> Append | Reply:
    """Tasks requested before keep their price. Raises NotFound, InvalidInput."""
    model = _model(state, command.model)
    require_amount(command.price, "/price")
    if model.price == command.price:
        return Reply(model_view(model))
    return _append(command.model, e.ModelRepriced(model=command.model, price=command.price))


def retire(state: CatalogState, command: c.RetireModel, context: Context) -> Append | Reply:
    """Tasks requested before still run. Raises NotFound."""
    model = _model(state, command.model)
    if model.retired:
        return Reply(model_view(model))
    return _append(command.model, e.ModelRetired(model=command.model))


def stream_of(model: str) -> str:
    """The stream (Kafka key) of a model."""
    return f"model/{model}"


def _append(model: str, event: msgspec.Struct) -> Append:
    return Append(stream_of(model), event, model)


def _model(state: CatalogState, model: str) -> Model:
    found = state.models.get(model)
    if found is None:
        raise NotFound("There is no such model.")
    return found
