"""Models that can be asked for."""

from typing import Any, Literal

from pydantic import Field

from query_api.schemas.document import Document
from query_api.schemas.page import Page

Kind = Literal["text", "image", "images"]


class Model(Document):
    """What a model takes, and what it costs."""

    id: str
    version: str
    title: str
    kinds: list[Kind] = Field(description="What it can start from.")
    params_schema: dict[str, Any] = Field(description="JSON Schema (2020-12) of `params`.")
    price: float = Field(description="Credits for one task.")
    typical_seconds: float
    retired: bool


class ModelPage(Page[Model]):
    """All that are offered, in the order of their first publication."""


class Quote(Document):
    """What one task would cost now, in credits."""

    model: str
    model_version: str
    price: float
