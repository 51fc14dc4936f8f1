"""Makes the specification of the HTTP API from both applications: `python docs/api_spec.py`.

`docs/api_spec.yaml` (and `.ru.yaml`) are for people and generators, `query_api/api_spec.json` (and `.ru.json`) are what
GET /openapi.json serves. The Russian texts come from `docs/api_texts.ru.yaml`, who may call what from
`docs/access-matrix.yaml`. A test fails when the files differ from what the applications say, or a text is missing.
"""

import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

ROOT: Final = Path(__file__).resolve().parents[1]
YAML: Final = {"en": ROOT / "docs" / "api_spec.yaml", "ru": ROOT / "docs" / "api_spec.ru.yaml"}
JSON: Final = {"en": ROOT / "query_api" / "api_spec.json", "ru": ROOT / "query_api" / "api_spec.ru.json"}
RUSSIAN: Final = ROOT / "docs" / "api_texts.ru.yaml"
ACCESS: Final = ROOT / "docs" / "access-matrix.yaml"

DESCRIPTION: Final = """\
Text prompts and photos become clean, textured 3D models.

Errors are RFC 9457 problem documents with a stable `type` (see /problems). Amounts are in credits with at most 6 \
decimals, times in RFC 3339 UTC. Writes take an `Idempotency-Key` and answer with `Lathe-Position`; a read with that \
as `min_position` is never older. Every path is served with and without a trailing slash, and with HEAD wherever \
there is GET. A member of a body that is not known is refused; a query parameter that is not known is passed over.
"""
TAGS: Final = {
    "admin": "For operators and administrators",
    "auth": "Users, tokens, the wallet",
    "billing": "Credits: the balance and every movement of it",
    "files": "Uploads and downloads",
    "generate": "From a prompt or photos to a 3D model",
    "operations": "Health of the service, and what its refusals mean",
    "webhooks": "Messages about your account, posted to where you want them",
}
_DATA: Final = frozenset({"example", "examples", "default", "enum", "const"})
_PROBLEM: Final = re.compile(r"[^;]+ \(`([a-z-]+)`\)")
Translate = Callable[[str], str]


class Clash(Exception):
    """Both applications describe the same thing differently."""


def merged(
    applications: list[FastAPI], version: str, problem: dict[str, Any], access: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """One OpenAPI 3.1 document of all applications, in English.

    `problem` is the schema of refusals, `access` the matrix. Raises Clash.
    """
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "Lathe",
            "version": version,
            "description": DESCRIPTION,
        },
        "servers": [{"url": "/"}],
        "paths": {},
        "components": {},
    }
    for app in applications:
        told = get_openapi(title=app.title, version=version, openapi_version="3.1.0", routes=app.routes)
        for path, operations in told.get("paths", {}).items():
            _unite(document["paths"].setdefault(path, {}), operations, path)
        for kind, named in told.get("components", {}).items():
            _unite(document["components"].setdefault(kind, {}), named, kind)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _tell_refusals(operation)
            if access is not None:
                _tell_access(operation, f"{method.upper()} {path}", access)
    document["components"].setdefault("schemas", {})["ProblemDocument"] = problem
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    _drop_titles(document["paths"])
    _drop_titles(document["components"])
    document["paths"] = dict(sorted(document["paths"].items()))
    used = sorted({tag for o in document["paths"].values() for op in o.values() for tag in op.get("tags", ())})
    document["tags"] = [{"name": tag, "description": TAGS.get(tag, tag)} for tag in used]
    flowing: dict[str, Any] = translated(document, _flowing)
    return flowing


def translated(value: Any, translate: Translate) -> Any:
    """The same document with every summary and description as `translate` tells it."""
    if isinstance(value, list):
        return [translated(item, translate) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: translate(item)
        if name in ("summary", "description") and isinstance(item, str)
        else item
        if name in _DATA
        else translated(item, translate)
        for name, item in value.items()
    }


def paragraphs(text: str) -> Iterator[str]:
    """The pieces that are translated by themselves: paragraphs without line ends."""
    for paragraph in text.split("\n\n"):
        yield " ".join(paragraph.split())


def in_russian(text: str, catalogue: Mapping[str, str], missing: set[str], used: set[str]) -> str:
    """A text paragraph by paragraph. Titles of problems come from the catalogue of problem types."""
    from adapters.http.catalogue import PROBLEMS

    def told(paragraph: str) -> str:
        codes = _PROBLEM.findall(paragraph)
        if codes and paragraph == "; ".join(f"{PROBLEMS[code].en} (`{code}`)" for code in codes if code in PROBLEMS):
            return "; ".join(f"{PROBLEMS[code].ru} (`{code}`)" for code in codes)
        used.add(paragraph)
        if paragraph not in catalogue:
            missing.add(paragraph)
        return catalogue.get(paragraph, paragraph)

    return "\n\n".join(told(paragraph) for paragraph in paragraphs(text))


def _flowing(text: str) -> str:
    return "\n\n".join(paragraphs(text))


def _unite(into: dict[str, Any], more: dict[str, Any], where: str) -> None:
    for name, content in more.items():
        if into.setdefault(name, content) != content:
            raise Clash(f"{where}: {name} is described in two ways")


def _tell_refusals(operation: dict[str, Any]) -> None:
    """What FastAPI says of validation errors is not what is answered: problem documents are."""
    refused = operation.get("responses", {}).get("422")
    if refused is not None and "application/problem+json" not in refused.get("content", {}):
        schema = {"$ref": "#/components/schemas/ProblemDocument"}
        operation["responses"]["422"] = {
            "description": "The request does not make sense (`invalid-input`)",
            "content": {"application/problem+json": {"schema": schema}},
        }
    elif refused is not None:
        refused["content"].pop("application/json", None)


def _tell_access(operation: dict[str, Any], name: str, access: Mapping[str, Any]) -> None:
    """Who may call it: as a paragraph for people, and by the matrix's kind for programs."""
    kind = access["operations"].get(name)
    if kind is not None:
        operation["description"] = f"{operation.get('description', '')}\n\n{access['kinds'][kind]['en']}".strip()
        operation["x-access"] = kind


def _drop_titles(value: Any) -> None:
    """Titles of schemas say their names again ("Task Id"): noise for readers, comments in generated clients."""
    if isinstance(value, list):
        for item in value:
            _drop_titles(item)
    elif isinstance(value, dict):
        if isinstance(value.get("title"), str):
            del value["title"]
        for name, item in value.items():
            if name not in _DATA:
                _drop_titles(item)


def documents() -> tuple[dict[str, dict[str, Any]], set[str], set[str]]:
    """The specification by language, the texts without a translation, and translations that nothing needs."""
    from adapters.http.declared import ProblemDocument
    from command_api.app import make_app as make_command_api
    from query_api.app import make_app as make_query_api

    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    access = yaml.safe_load(ACCESS.read_text())
    english = merged([make_command_api(), make_query_api()], version, ProblemDocument.model_json_schema(), access)
    catalogue: dict[str, str] = {text["en"]: text["ru"] for text in yaml.safe_load(RUSSIAN.read_text()) or ()}
    catalogue |= {kind["en"]: kind["ru"] for kind in access["kinds"].values()}
    missing: set[str] = set()
    used = {kind["en"] for kind in access["kinds"].values()}
    russian = translated(english, lambda text: in_russian(text, catalogue, missing, used))
    return {"en": english, "ru": russian}, missing, set(catalogue) - used


def texts() -> dict[Path, str]:
    """The files as they should stand in the repository."""
    told, _, _ = documents()
    found: dict[Path, str] = {}
    for language, document in told.items():
        found[YAML[language]] = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
        found[JSON[language]] = json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"
    return found


def main() -> None:
    sys.path.insert(0, str(ROOT))
    for path, text in texts().items():
        path.write_text(text)
        print(f"{path.relative_to(ROOT)} written")
    _, missing, unused = documents()
    for text in sorted(missing):
        print(f"{RUSSIAN.relative_to(ROOT)} lacks: {text}")
    for text in sorted(unused):
        print(f"{RUSSIAN.relative_to(ROOT)} has for nothing: {text}")


if __name__ == "__main__":
    main()
