"""The models that come with Lathe, published at the first start. Data of the package, read as code is read."""

from functools import cache
from importlib.resources import files

import msgspec

from domain.catalog.commands import PublishModel


class _Described(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    model: str
    version: str
    title: str
    kinds: tuple[str, ...]
    params_schema: dict[str, object]
    price: int
    typical_seconds: float


@cache
def builtin_models() -> tuple[PublishModel, ...]:
    """One publication per model of `builtin.json`, which a test compares with what the engines say of themselves."""
    text = files("domain.catalog").joinpath("builtin.json").read_bytes()
    models = msgspec.json.decode(text, type=tuple[_Described, ...])
    return tuple(PublishModel(**msgspec.structs.asdict(model)) for model in models)
