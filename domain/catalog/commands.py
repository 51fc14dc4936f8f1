"""Commands to `lathe.catalog`. Tagged with their class name on the wire."""

from typing import Any

import msgspec


class Base(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Base of catalog commands."""


class PublishModel(Base, frozen=True, kw_only=True):
    """Repeatable: an equal publication appends nothing."""

    model: str
    version: str
    title: str
    kinds: tuple[str, ...]
    params_schema: dict[str, Any]
    price: int
    typical_seconds: float


class RepriceModel(Base, frozen=True, kw_only=True):
    model: str
    price: int


class RetireModel(Base, frozen=True, kw_only=True):
    model: str


CatalogCommand = PublishModel | RepriceModel | RetireModel
