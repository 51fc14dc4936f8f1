"""Parameters that every model takes, whatever its own schema names."""

from collections.abc import Mapping
from typing import Any, Final

SEED: Final = "seed"
SEEDS: Final = 1 << 31
"""A seed is below it."""
COMMON: Final[Mapping[str, Any]] = {
    SEED: {
        "type": "integer",
        "minimum": 0,
        "maximum": SEEDS - 1,
        "description": "The same seed, inputs and parameters give the same model. Left out: a new one.",
    },
}


def with_common(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A model's parameter schema as clients see it: its own parameters, then the common ones."""
    own = schema.get("properties", {})
    return {**schema, "properties": {**own, **{name: s for name, s in COMMON.items() if name not in own}}}
