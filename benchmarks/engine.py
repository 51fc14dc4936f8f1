"""An engine that makes nothing: what is left is what Lathe itself costs."""

from collections.abc import Mapping
from typing import Any, Final

from ml_worker.engines.port import Description, Inputs, Result, Run

MODEL: Final = "bench/noop"


class NoopEngine:
    def describe(self) -> Description:
        return Description(
            id=MODEL,
            version="1.0.0",
            title="Does nothing",
            kinds=("text",),
            params_schema={"type": "object", "additionalProperties": False, "properties": {}},
            price=1_000_000,
            typical_seconds=0.01,
            stages=(("nothing", 1.0),),
        )

    def load(self, device: str) -> None:
        """Nothing to load."""

    def run(self, inputs: Inputs, params: Mapping[str, Any], run: Run) -> Result:
        return Result(files=(), report={}, understood={})
