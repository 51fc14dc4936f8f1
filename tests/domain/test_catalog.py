"""Models, their prices and their parameters."""

import importlib.util
from typing import Any

import msgspec
import pytest

from domain.catalog import commands as c
from domain.catalog import events as e
from domain.catalog.builtin import builtin_models
from domain.catalog.decider import CatalogDecider
from domain.catalog.schema import validate_params
from domain.errors import InvalidInput, NotFound
from tests.domain.given_account import CREDIT
from tests.domain.scenario import Scenario

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "formats": {"type": "array", "items": {"enum": ["glb", "obj"]}, "minItems": 1, "default": ["glb"]},
        "target_faces": {"type": "integer", "minimum": 100, "maximum": 1000, "default": 500},
        "size": {"type": "number", "exclusiveMinimum": 0},
        "a/b": {"type": "object", "additionalProperties": False, "properties": {"x": {"type": "boolean"}}},
    },
}
REFERRING = SCHEMA | {"properties": {"x": {"$ref": "http://localhost:1/schema.json"}}}


def publish(**fields: Any) -> c.PublishModel:
    given: dict[str, Any] = {
        "model": "lathe/form",
        "version": "1.0.0",
        "title": "Form",
        "kinds": ("text",),
        "params_schema": SCHEMA,
        "price": CREDIT,
        "typical_seconds": 2.0,
    }
    return c.PublishModel(**(given | fields))


def published(**fields: Any) -> e.ModelPublished:
    return e.ModelPublished(**msgspec.structs.asdict(publish(**fields)))


def catalog(*events: msgspec.Struct) -> Scenario:
    return Scenario(CatalogDecider(), "model/lathe/form").given(events, subject="lathe/form")


def test_a_model_is_published_and_offered() -> None:
    scenario = catalog().when(publish()).then(published())
    assert scenario.view("lathe/form")["price"] == 1
    assert scenario.state.offered("lathe/form").price == CREDIT
    assert scenario.state.offered("lathe/other") is None


def test_publishing_the_same_again_changes_nothing() -> None:
    catalog(published()).when(publish()).replies(id="lathe/form", version="1.0.0")


def test_every_start_leaves_an_administrators_price_and_retirement() -> None:
    repriced = catalog(published(), e.ModelRepriced(model="lathe/form", price=3 * CREDIT))
    repriced.when(publish()).replies(price=3)
    catalog(published(), e.ModelRetired(model="lathe/form")).when(publish()).replies(retired=True)


def test_a_new_version_brings_its_price_and_ends_a_retirement() -> None:
    scenario = catalog(published(), e.ModelRetired(model="lathe/form")).when(publish(version="2.0.0", price=5))
    scenario.then(published(version="2.0.0", price=5))
    assert scenario.state.offered("lathe/form").price == 5


def test_a_model_is_repriced_and_retired() -> None:
    scenario = catalog(published()).when(c.RepriceModel(model="lathe/form", price=7))
    scenario.then(e.ModelRepriced(model="lathe/form", price=7))
    scenario.when(c.RepriceModel(model="lathe/form", price=7)).replies(price=0.000007)
    scenario.when(c.RetireModel(model="lathe/form")).then(e.ModelRetired(model="lathe/form"))
    assert scenario.state.offered("lathe/form") is None
    scenario.when(c.RetireModel(model="lathe/form")).replies(retired=True)


@pytest.mark.parametrize("command", [c.RepriceModel(model="x", price=1), c.RetireModel(model="x")])
def test_an_unknown_model_is_not_found(command: c.Base) -> None:
    catalog().when(command).fails(NotFound)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"price": -1}, "/price"),
        ({"model": ""}, "/model"),
        ({"kinds": ()}, "/kinds"),
        ({"kinds": ("sound",)}, "/kinds"),
        ({"params_schema": {}}, "/params_schema"),
        ({"params_schema": {"type": "object"}}, "/params_schema"),
        ({"params_schema": SCHEMA | {"properties": {"x": {"type": "nonsense"}}}}, "/params_schema"),
        ({"params_schema": SCHEMA | {"properties": {"x": {"type": "integer", "default": "a"}}}}, "/params_schema"),
        ({"params_schema": REFERRING}, "/params_schema"),
    ],
)
def test_a_senseless_publication_is_refused(fields: dict[str, Any], pointer: str) -> None:
    catalog().when(publish(**fields)).fails(InvalidInput, pointer=pointer)


def test_left_out_parameters_get_their_defaults() -> None:
    assert validate_params(SCHEMA, {"size": 2}) == {"formats": ["glb"], "target_faces": 500, "size": 2}
    validate_params(SCHEMA, {})["formats"].append("changed")
    assert validate_params(SCHEMA, {})["formats"] == ["glb"]


def test_an_integer_may_be_written_with_a_point() -> None:
    found = validate_params(SCHEMA, {"target_faces": 600.0, "size": 2.5})
    assert found["target_faces"] == 600
    assert type(found["target_faces"]) is int
    assert found["size"] == 2.5


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"is_admin": True}, "/params/is_admin"),
        ({"formats": ["glb", "exe"]}, "/params/formats/1"),
        ({"formats": []}, "/params/formats"),
        ({"formats": "glb"}, "/params/formats"),
        ({"target_faces": 99}, "/params/target_faces"),
        ({"target_faces": 500.5}, "/params/target_faces"),
        ({"target_faces": 2**70}, "/params/target_faces"),
        ({"target_faces": True}, "/params/target_faces"),
        ({"size": 0}, "/params/size"),
        ({"size": float("nan")}, "/params/size"),
        ({"size": float("inf")}, "/params/size"),
        ({"a/b": {"y~": 1}}, "/params/a~1b/y~0"),
    ],
)
def test_a_wrong_parameter_is_pointed_at(params: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        validate_params(SCHEMA, params)
    assert refusal.value.extra["pointer"] == pointer


def test_every_wrong_parameter_is_named() -> None:
    with pytest.raises(InvalidInput) as refusal:
        validate_params(SCHEMA, {"x": 1, "y": 2, "size": "big"}, root="")
    assert {error["pointer"] for error in refusal.value.extra["errors"]} == {"/x", "/y", "/size"}


def test_the_built_in_models_can_be_published() -> None:
    scenario = catalog()
    for command in builtin_models():
        scenario.when(command)
        assert isinstance(scenario.event, e.ModelPublished)
        assert validate_params(command.params_schema, {})["formats"] == ["glb"]
    prices = {name: model.price for name, model in scenario.state.models.items()}
    assert prices == {"lathe/form": CREDIT, "lathe/relief": 2 * CREDIT}


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="the engines need torch")
@pytest.mark.parametrize("command", builtin_models(), ids=lambda command: command.model)
def test_the_built_in_models_are_what_the_engines_say_of_themselves(command: c.PublishModel) -> None:
    from ml_worker.engines.registry import BUILT_IN, make

    described = make(BUILT_IN[command.model]).describe()
    assert command == c.PublishModel(
        model=described.id,
        version=described.version,
        title=described.title,
        kinds=described.kinds,
        params_schema=msgspec.json.decode(msgspec.json.encode(described.params_schema)),
        price=described.price,
        typical_seconds=described.typical_seconds,
    )
