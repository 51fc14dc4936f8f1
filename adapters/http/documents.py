"""What all documents of the API have in common."""

from typing import Any

from pydantic import BaseModel, ConfigDict


def _without_defaults(schema: dict[str, Any]) -> None:
    """A default says that a member may be missing, not that clients may take that value for it."""
    for member in schema.get("properties", {}).values():
        member.pop("default", None)


class Document(BaseModel):
    """A JSON object of an answer. Members with a default may be missing; all others are always there."""

    model_config = ConfigDict(json_schema_extra=_without_defaults, protected_namespaces=())
