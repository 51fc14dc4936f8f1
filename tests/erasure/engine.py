"""An engine that repeats the person's words in its results, and that can be made to run until it is cancelled."""

import time
from collections.abc import Mapping
from typing import Any, Final

from ml_worker.engines.port import Description, Inputs, Made, Result, Run

MODEL: Final = "test/echo"


class Echo:
    def describe(self) -> Description:
        return Description(
            id=MODEL,
            version="1",
            title="Echo",
            kinds=("text", "image"),
            params_schema={
                "type": "object",
                "additionalProperties": False,
                "properties": {"wait": {"type": "boolean", "default": False, "description": "Until it is cancelled."}},
            },
            price=1_000_000,
            typical_seconds=0.1,
            stages=(("echo", 1.0),),
        )

    def load(self, device: str) -> None:
        """Nothing to load."""

    def run(self, inputs: Inputs, params: Mapping[str, Any], run: Run) -> Result:
        run.progress("echo", 0.0)
        while params["wait"]:
            run.check_cancel()
            time.sleep(0.02)
        said = inputs.prompt.encode() if inputs.prompt is not None else inputs.files[0].path.read_bytes()
        path = run.folder / "model.glb"
        path.write_bytes(b"glTF" + said)
        return Result(
            files=(Made(format="glb", path=path, media_type="model/gltf-binary"),),
            report={},
            understood={"said": inputs.prompt},
            ignored=(),
            metrics={"echo_s": 0.01},
        )
