"""An engine with two stages for these tests. It does what the worst foreign one might: it raises the prompt's words."""

from collections.abc import Mapping
from typing import Any, Final

from ml_worker.engines.port import Description, Inputs, Made, Result, Run

MODEL: Final = "test/telemetry"


class SmallEngine:
    def describe(self) -> Description:
        return Description(
            id=MODEL,
            version="1",
            title="Small",
            kinds=("text",),
            params_schema={
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "fail": {
                        "type": "boolean",
                        "default": False,
                        "title": "Fail",
                        "description": "Fail with the prompt in the exception's message.",
                    }
                },
            },
            price=1_000_000,
            typical_seconds=0.1,
            stages=(("shape", 0.5), ("paint", 0.5)),
        )

    def load(self, device: str) -> None:
        """Nothing to load."""

    def run(self, inputs: Inputs, params: Mapping[str, Any], run: Run) -> Result:
        run.progress("shape", 0.0)
        if params.get("fail"):
            raise ValueError(f"cannot make of {inputs.prompt!r} anything")
        run.progress("paint", 0.0)
        path = run.folder / "model.glb"
        path.write_bytes(b"glTF")
        run.progress("paint", 1.0)
        return Result(
            files=(Made(format="glb", path=path, media_type="model/gltf-binary"),),
            report={},
            understood={},
            ignored=(),
            metrics={"shape_s": 0.01},
        )
