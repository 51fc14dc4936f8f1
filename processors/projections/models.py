"""Models that can be asked for, with their prices."""

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar, Final

import msgspec

from domain.catalog import events as e
from processors.projections.port import Connection, Fact, Row, Taken, json_of, require_rows
from processors.projections.streams import Span, require_first

PREFIX: Final = "model/"
"""Other streams of lathe.catalog are other read models' business."""


class _Change(msgspec.Struct, kw_only=True):
    """What a batch does to one model; None: it stays as it is."""

    model: str
    version: int = 0
    model_version: str | None = None
    title: str | None = None
    kinds: str | None = None
    params_schema: str | None = None
    price: int | None = None
    typical_seconds: float | None = None
    status: str | None = None
    published_at: datetime | None = None
    updated_at: datetime


class ModelRows:
    """One row per model, merged over the batch. A model may be published again: its newest version counts."""

    takes: ClassVar[Taken] = None

    def __init__(self) -> None:
        self._models: dict[str, _Change] = {}
        self._spans: dict[str, Span] = {}

    def fold(self, fact: Fact) -> None:
        event, time = fact.event, fact.envelope.time
        if not fact.key.startswith(PREFIX):
            return
        if fact.version == 1:
            require_first(fact, isinstance(event, e.ModelPublished))
        span = self._spans.get(fact.key)
        if span is not None:
            span.extend(fact.version, "stream version")
        else:
            self._spans[fact.key] = Span(fact.version, fact.version)
            self._models[fact.key] = _Change(model=fact.key.removeprefix(PREFIX), updated_at=time)
        model = self._models[fact.key]
        model.version, model.updated_at = fact.version, time
        match event:
            case e.ModelPublished():
                model.model_version, model.title, model.price = event.version, event.title, event.price
                model.kinds, model.params_schema = json_of(event.kinds), json_of(event.params_schema)
                model.typical_seconds, model.status, model.published_at = event.typical_seconds, "published", time
            case e.ModelRepriced():
                model.price = event.price
            case e.ModelRetired():
                model.status = "retired"

    async def write(self, connection: Connection) -> None:
        new = [model for key, model in self._models.items() if self._spans[key].first == 1]
        old = {key: model for key, model in self._models.items() if self._spans[key].first > 1}
        if new:
            rows = [msgspec.structs.astuple(model) for model in new]
            await connection.copy_records_to_table("models", columns=_Change.__struct_fields__, records=rows)
        if old:
            before = [self._spans[key].first - 1 for key in old]
            columns = zip(*map(msgspec.structs.astuple, old.values()), strict=True)
            require_rows(await connection.execute(_UPDATE, before, *columns), len(old), "models at the version before")

    def drain(self, fact: Fact | None) -> Iterator[Row]:
        if fact is None:
            for model in self._models.values():
                yield Row("models", _Change.__struct_fields__, msgspec.structs.astuple(model))
            self._models.clear()


_UPDATE = """
UPDATE models t SET
    version = u.version, model_version = COALESCE(u.model_version, t.model_version),
    title = COALESCE(u.title, t.title), kinds = COALESCE(u.kinds, t.kinds),
    params_schema = COALESCE(u.params_schema, t.params_schema), price = COALESCE(u.price, t.price),
    typical_seconds = COALESCE(u.typical_seconds, t.typical_seconds), status = COALESCE(u.status, t.status),
    published_at = COALESCE(u.published_at, t.published_at), updated_at = u.updated_at
FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::jsonb[], $7::jsonb[], $8::bigint[],
            $9::float8[], $10::text[], $11::timestamptz[], $12::timestamptz[])
    AS u(before, model, version, model_version, title, kinds, params_schema, price, typical_seconds, status,
         published_at, updated_at)
WHERE t.model = u.model AND t.version = u.before
"""
