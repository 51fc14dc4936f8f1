"""What an engine says of itself, checked before anybody is told of it."""

import math
import re
from typing import Final

import msgspec

from domain.catalog.decide import KINDS
from domain.catalog.schema import require_schema
from domain.errors import InvalidInput
from ml_worker.engines.port import Description

_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9._-]*")
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")
_MOST_BYTES: Final = 48 * 1024
"""The catalog's event carries the description, and a record has at most 64 KiB."""


def description_faults(told: Description) -> list[str]:
    """What stands against offering it; [] when nothing does."""
    try:
        plain = msgspec.convert(msgspec.to_builtins(told), Description)
        size = len(msgspec.json.encode(told))
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        return [f"it is no Description of plain JSON values ({error})"]
    wrong = [] if plain == told else ["its members are of other types than a Description's"]
    if size > _MOST_BYTES:
        wrong.append(f"it takes {size} bytes; {_MOST_BYTES} is the most")
    if len(told.id) > 100 or not _ID.fullmatch(told.id):
        wrong.append(f"its id {told.id!r} is not like `maker/model` (a-z, 0-9, '.', '_', '-'; at most 100)")
    if not 0 < len(told.version) <= 100 or not 0 < len(told.title) <= 200:
        wrong.append("it needs a version (at most 100 characters) and a title (at most 200)")
    if not told.kinds or not KINDS.issuperset(told.kinds):
        wrong.append(f"its kinds {list(told.kinds)} are not some of {', '.join(sorted(KINDS))}")
    if told.price < 0:
        wrong.append("its price is negative")
    if not (told.typical_seconds > 0 and math.isfinite(told.typical_seconds)):
        wrong.append("its typical_seconds are not above 0")
    return wrong + _stage_faults(told) + _schema_faults(told)


def _stage_faults(told: Description) -> list[str]:
    codes = [code for code, _ in told.stages]
    weights = [weight for _, weight in told.stages]
    wrong = []
    if not codes or len(set(codes)) != len(codes) or not all(_CODE.fullmatch(code) for code in codes):
        wrong.append(f"its stages {codes} are not different codes of a-z, 0-9, '_' and '-'")
    if not all(weight >= 0 for weight in weights) or not math.isclose(sum(weights), 1.0, abs_tol=1e-6):
        wrong.append(f"the weights of its stages sum to {sum(weights):g} instead of 1")
    return wrong


def _schema_faults(told: Description) -> list[str]:
    try:
        require_schema(told.params_schema)
    except InvalidInput as error:
        return [f"its params_schema: {error.detail}"]
    bare = [name for name, said in told.params_schema.get("properties", {}).items() if "description" not in said]
    return [f"its parameters without a description: {', '.join(bare)}"] if bare else []
