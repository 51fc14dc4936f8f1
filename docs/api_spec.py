"""Makes the specification of the HTTP API from both applications: `python docs/api_spec.py`.

`docs/api_spec.yaml` is for people and generators, `query_api/api_spec.json` is what GET /openapi.json serves. A test
fails when they differ from what the applications say.
"""

import json
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

import yaml
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

ROOT: Final = Path(__file__).resolve().parents[1]
YAML: Final = ROOT / "docs" / "api_spec.yaml"
JSON: Final = ROOT / "query_api" / "api_spec.json"

DESCRIPTION: Final = """\
Text prompts and photos become clean, textured 3D models.

Errors are RFC 9457 problem documents with a stable `type`. Amounts are in credits with at most 6 decimals, times in \
RFC 3339 UTC. Writes take an `Idempotency-Key` and answer with `Lathe-Position`; a read with that as `min_position` \
is never older. Every path is served with and without a trailing slash.
"""
TAGS: Final = {
    "auth": "Users, tokens, the wallet",
    "billing": "Credits: the balance and every movement of it",
    "files": "Uploads and downloads",
    "generate": "From a prompt or photos to a 3D model",
    "operations": "Health of the service",
}


class Clash(Exception):
    """Both applications describe the same thing differently."""


def merged(applications: list[FastAPI], version: str, problem: dict[str, Any]) -> dict[str, Any]:
    """One OpenAPI 3.1 document of all applications; `problem` is the schema of refusals. Raises Clash."""
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
    for operations in document["paths"].values():
        for operation in operations.values():
            _tell_refusals(operation)
    document["components"].setdefault("schemas", {})["ProblemDocument"] = problem
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    _drop_titles(document["paths"])
    _drop_titles(document["components"])
    document["paths"] = dict(sorted(document["paths"].items()))
    used = sorted({tag for o in document["paths"].values() for op in o.values() for tag in op.get("tags", ())})
    document["tags"] = [{"name": tag, "description": TAGS.get(tag, tag)} for tag in used]
    return document


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
            "description": "The request does not make sense",
            "content": {"application/problem+json": {"schema": schema}},
        }
    elif refused is not None:
        refused["content"].pop("application/json", None)


def _drop_titles(value: Any) -> None:
    """Titles of schemas say their names again ("Task Id"): noise for readers, comments in generated clients."""
    if isinstance(value, list):
        for item in value:
            _drop_titles(item)
    elif isinstance(value, dict):
        if isinstance(value.get("title"), str):
            del value["title"]
        for name, item in value.items():
            if name not in ("example", "examples", "default", "enum"):
                _drop_titles(item)


def texts() -> tuple[str, str]:
    """(YAML, JSON) as they should stand in the repository."""
    from adapters.http.declared import ProblemDocument
    from command_api.app import make_app as make_command_api
    from query_api.app import make_app as make_query_api

    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    document = merged([make_command_api(), make_query_api()], version, ProblemDocument.model_json_schema())
    in_yaml = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    return in_yaml, json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


def main() -> None:
    sys.path.insert(0, str(ROOT))
    in_yaml, in_json = texts()
    YAML.write_text(in_yaml)
    JSON.write_text(in_json)
    print(f"{YAML.relative_to(ROOT)} and {JSON.relative_to(ROOT)} written")


if __name__ == "__main__":
    main()
