"""The specification in the repository is what the applications say."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi import FastAPI

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "api_spec.py"


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(SCRIPT))


def test_it_is_up_to_date(script: dict[str, Any]) -> None:
    in_yaml, in_json = script["texts"]()
    assert script["YAML"].read_text() == in_yaml, "run: python docs/api_spec.py"
    assert script["JSON"].read_text() == in_json, "run: python docs/api_spec.py"


def test_every_reference_leads_somewhere(script: dict[str, Any]) -> None:
    document = json.loads(script["JSON"].read_text())
    seen = 0
    stack: list[Any] = [document]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if isinstance(reference := value.get("$ref"), str):
                seen += 1
                found = document
                for step in reference.removeprefix("#/").split("/"):
                    found = found[step]
            stack += value.values()
        elif isinstance(value, list):
            stack += value
    assert seen > 10
    assert yaml.safe_load(script["YAML"].read_text()) == document


def test_operations_have_ids_of_their_own_and_a_summary(script: dict[str, Any]) -> None:
    document = json.loads(script["JSON"].read_text())
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids)
    assert all(operation.get("summary") for operation in operations)


def test_two_descriptions_of_one_operation_clash(script: dict[str, Any]) -> None:
    one, other = FastAPI(), FastAPI()
    one.get("/x", summary="a")(lambda: 1)
    other.get("/x", summary="b")(lambda: 1)
    with pytest.raises(script["Clash"]):
        script["merged"]([one, other], "1", {})
