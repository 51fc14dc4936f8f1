"""The specification in the repository is what the applications say, whole, valid, and told in two languages."""

import json
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi import FastAPI
from openapi_spec_validator import validate

from adapters.http.catalogue import PROBLEMS

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "api_spec.py"


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(SCRIPT))


@pytest.fixture(scope="module")
def document(script: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(script["JSON"]["en"].read_text())
    return told


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, found in document["paths"].items():
        for method, operation in found.items():
            yield f"{method.upper()} {path}", operation


def test_it_is_up_to_date(script: dict[str, Any]) -> None:
    for path, text in script["texts"]().items():
        assert path.read_text() == text, "run: python docs/api_spec.py"


def test_every_text_has_a_russian_one_and_none_is_left_over(script: dict[str, Any]) -> None:
    told, missing, unused = script["documents"]()
    assert missing == set(), "docs/api_texts.ru.yaml lacks these"
    assert unused == set(), "nothing needs these any more"
    for text in yaml.safe_load(script["RUSSIAN"].read_text()):
        plain = re.sub(r"`[^`]*`|#rrggbb|[A-Z]{2,}[\w./ -]*", "", text["en"])
        if re.search("[a-z]{3}", plain):
            assert re.search("[а-я]", text["ru"]), text["en"]
        assert re.findall(r"`[^`]+`", text["en"]) == [] or "`" in text["ru"], text["en"]
    assert told["ru"]["paths"].keys() == told["en"]["paths"].keys()


@pytest.mark.parametrize("language", ["en", "ru"])
def test_it_is_valid(script: dict[str, Any], language: str) -> None:
    validate(yaml.safe_load(script["YAML"][language].read_text()))


def test_every_reference_leads_somewhere(script: dict[str, Any], document: dict[str, Any]) -> None:
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
    assert yaml.safe_load(script["YAML"]["en"].read_text()) == document


def test_every_operation_is_told_in_full(document: dict[str, Any]) -> None:
    """Ids of their own, summaries, who may call it, and a schema for each answer that has a body."""
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    for name, operation in operations(document):
        assert operation.get("summary"), name
        assert operation.get("x-access"), name
        assert operation["tags"], name
        for status, answer in operation["responses"].items():
            assert answer["description"], (name, status)
            if status not in ("204", "206", "304", "307"):
                assert answer.get("content"), (name, status)
            for media in answer.get("content", {}).values():
                assert media["schema"] not in ({}, None), (name, status)


def test_every_problem_that_is_declared_is_in_the_catalogue(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        declared: set[str] = set()
        for status, answer in operation["responses"].items():
            if "application/problem+json" not in answer.get("content", {}):
                continue
            codes = re.findall(r"\(`([a-z-]+)`\)", answer["description"])
            assert codes, (name, status)
            for code in codes:
                assert str(PROBLEMS[code].status) == status, (name, code)
            declared |= set(codes)
        if "401" in operation["responses"]:
            assert "unauthenticated" in declared, name
        assert "internal" in declared, name


def test_two_descriptions_of_one_operation_clash(script: dict[str, Any]) -> None:
    one, other = FastAPI(), FastAPI()
    one.get("/x", summary="a")(lambda: 1)
    other.get("/x", summary="b")(lambda: 1)
    with pytest.raises(script["Clash"]):
        script["merged"]([one, other], "1", {})


def test_a_missing_text_is_told(script: dict[str, Any]) -> None:
    missing: set[str] = set()
    told = script["in_russian"]("Known\n\nnot  known", {"Known": "Известно"}, missing, set())
    assert (told, missing) == ("Известно\n\nnot known", {"not known"})
    problem = script["in_russian"]("Log in first (`unauthenticated`)", {}, missing, set())
    assert problem == f"{PROBLEMS['unauthenticated'].ru} (`unauthenticated`)"
