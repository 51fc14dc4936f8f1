"""A real, tiny engine for tests: it works in steps, and fails in every way an engine can."""

import json
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml_worker.engines.port import BadInput, Description, Inputs, Made, Permanent, Result, Retryable, Run

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cf500f0003860180347dba5a0000000049454e44ae426082"
)


class StepEngine:
    """Params: `steps` of `step_s` seconds in two stages, `fail` (see `_fail`), `deaf` (never looks at cancellation)."""

    def describe(self) -> Description:
        return Description(
            id="test/steps",
            version="1",
            title="Steps",
            kinds=("text", "image"),
            params_schema={"type": "object", "additionalProperties": False, "properties": {}},
            price=1_000_000,
            typical_seconds=1.0,
            stages=(("shape", 0.75), ("paint", 0.25)),
        )

    def load(self, device: str) -> None:
        self.device = device

    def run(self, inputs: Inputs, params: Mapping[str, Any], run: Run) -> Result:
        model = run.folder / "model.glb"
        steps, pause = params.get("steps", 4), params.get("step_s", 0.01)
        shaped = run.load_stage("shape.bin")
        for stage in ("shape", "paint"):
            for step in range(steps if shaped is None else 0):
                if not params.get("deaf"):
                    run.check_cancel()
                run.progress(stage, step / steps)
                time.sleep(pause)
            if params.get("fail_in", "shape") == stage:
                _fail(params.get("fail"))
            if stage == "shape" and params.get("save"):
                run.save_stage("shape.bin", b"a shape that took long")
            run.progress(stage, 1.0, _picture(run.folder) if params.get("picture") else None)
        body = {
            "prompt": inputs.prompt,
            "seed": run.seed,
            "resumed": None if shaped is None else shaped.decode(),
            "files": [[f.role, f.media_type, f.path.read_bytes().hex()] for f in inputs.files],
        }
        model.write_text(json.dumps(body))
        files = (
            Made(format="glb", path=model, media_type="model/gltf-binary"),
            Made(format="preview", path=_picture(run.folder), media_type="image/png"),
        )
        return Result(
            files=() if params.get("fail") == "empty-handed" else files,
            report={"watertight": True},
            understood={"words": (inputs.prompt or "").split()},
            ignored=("very",),
            metrics={"faces": 12},
        )


def _picture(folder: Path) -> Path:
    path = folder / "preview.png"
    path.write_bytes(PNG)
    return path


def _fail(how: str | None) -> None:
    match how:
        case "bad-input":
            raise BadInput("not-understood", "I do not know what a flurb is.")
        case "permanent":
            raise Permanent("gate", "The mesh is not watertight.")
        case "retryable":
            raise Retryable("device-lost", "The device was lost.")
        case "bug":
            raise ZeroDivisionError("a bug in an engine")
        case "memory":
            raise MemoryError
        case "exit":
            os._exit(3)
        case "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case None:
            pass
