"""A quick engine that keeps every promise, and what becomes of it when it breaks one."""

import hashlib
import itertools
import os
import threading
import time
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import trimesh
from msgspec.structs import replace
from PIL import Image

from ml_worker.engines.port import BadInput, Cancelled, Description, Inputs, Made, Result, Run

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "formats": {
            "type": "array",
            "items": {"enum": ["glb", "stl"]},
            "default": ["glb"],
            "description": "Files to write.",
        },
        "side": {"type": "number", "minimum": 0.1, "maximum": 2, "default": 1, "description": "Metres."},
    },
}


class BlockEngine:
    """A block whose height is drawn by chance. Works in steps; saves its shape."""

    STEPS: ClassVar = 10
    STEP_S: ClassVar = 0.005

    def describe(self) -> Description:
        return Description(
            id="test/block",
            version="1",
            title="Block",
            kinds=("text", "image"),
            params_schema=SCHEMA,
            price=1,
            typical_seconds=0.5,
            stages=(("shape", 0.5), ("files", 0.5)),
        )

    def load(self, device: str) -> None:
        """Nothing to load."""

    def run(self, inputs: Inputs, params: Mapping[str, Any], run: Run) -> Result:
        self.read(inputs)
        saved = run.load_stage("shape.bin")
        height = float(np.frombuffer(saved)[0]) if saved is not None else self.height(run)
        run.save_stage("shape.bin", np.array([height]).tobytes())
        self.work("shape", run)
        box = self.surface(params["side"], height)
        self.work("files", run)
        files = []
        for form in params["formats"]:
            path = self.place(run) / f"block.{form}"
            path.write_bytes(box.export(file_type=form) if form == "glb" else _millimetres(box))
            files.append(Made(format=form, path=path, media_type=self.media_type(form)))
        files.append(Made(format="preview", path=picture(run.folder), media_type="image/png"))
        run.progress("files", 1.0)
        return Result(files=tuple(files), report={"watertight": True}, understood={}, metrics={"faces": 12})

    def read(self, inputs: Inputs) -> None:
        if inputs.files:
            try:
                Image.open(BytesIO(inputs.files[0].path.read_bytes())).load()
            except OSError as error:
                raise BadInput("unreadable-image", "The photo cannot be read.") from error
        elif not (inputs.prompt or "").strip():
            raise BadInput("not-understood", "Say what the block is for.")

    def height(self, run: Run) -> float:
        return float(np.random.default_rng(run.seed).uniform(0.5, 1.5))

    def work(self, stage: str, run: Run) -> None:
        for step in range(self.STEPS):
            run.check_cancel()
            run.progress(stage, step / self.STEPS)
            time.sleep(self.STEP_S)

    def surface(self, side: float, height: float) -> trimesh.Trimesh:
        return trimesh.creation.box((side, height, side))

    def place(self, run: Run) -> Path:
        return run.folder

    def media_type(self, form: str) -> str:
        return {"glb": "model/gltf-binary", "stl": "model/stl"}[form]


def _millimetres(box: trimesh.Trimesh) -> bytes:
    return bytes(box.copy().apply_scale(1000).export(file_type="stl"))


def picture(folder: Path) -> Path:
    path = folder / "preview.png"
    Image.new("RGB", (512, 512), (200, 60, 60)).save(path)
    return path


class Wavering(BlockEngine):
    numbers = itertools.count()

    def describe(self) -> Description:
        return replace(super().describe(), version=str(next(self.numbers)))


class Unbounded(BlockEngine):
    def describe(self) -> Description:
        schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "anything": {"description": "Whatever."}}}
        return replace(super().describe(), params_schema=schema)


class HeavyStages(BlockEngine):
    def describe(self) -> Description:
        return replace(super().describe(), stages=(("shape", 0.5), ("files", 0.7)))


class Forgetful(BlockEngine):
    """Leaves a format out."""

    def run(self, inputs: Inputs, params: Mapping[str, Any], run: Run) -> Result:
        return super().run(inputs, {**params, "formats": ["glb"]}, run)


class Open(BlockEngine):
    def surface(self, side: float, height: float) -> trimesh.Trimesh:
        box = super().surface(side, height)
        box.update_faces(np.arange(len(box.faces)) > 0)
        return box


class InsideOut(BlockEngine):
    def surface(self, side: float, height: float) -> trimesh.Trimesh:
        box = super().surface(side, height)
        box.invert()
        return box


class Backwards(BlockEngine):
    def work(self, stage: str, run: Run) -> None:
        super().work(stage, run)
        run.progress("shape", 0.1)


class Moody(BlockEngine):
    """Its chances are not the run's."""

    def height(self, run: Run) -> float:
        return 0.5 + time.monotonic_ns() % 10**9 / 10**9


class Stateful(BlockEngine):
    """What it made before shows in what it makes now."""

    def __init__(self) -> None:
        self.made = hashlib.sha256()

    def height(self, run: Run) -> float:
        self.made.update(bytes([run.seed]))
        return 0.5 + self.made.digest()[0] / 256


class Fickle(BlockEngine):
    """Makes the same each time, and says something else about it."""

    def run(self, inputs: Inputs, params: Mapping[str, Any], run: Run) -> Result:
        return replace(super().run(inputs, params, run), report={"at": time.monotonic_ns()})


class Elsewhere(BlockEngine):
    folder: ClassVar[Path]

    def run(self, inputs: Inputs, params: Mapping[str, Any], run: Run) -> Result:
        (self.folder / "cache.bin").write_bytes(b"remembered")
        return super().run(inputs, params, run)


class Crashing(BlockEngine):
    """An ordinary exception where BadInput is wanted."""

    def read(self, inputs: Inputs) -> None:
        if not (inputs.files or (inputs.prompt or "").strip()):
            raise KeyError("prompt")


class Deaf(BlockEngine):
    """Never looks for a cancellation."""

    def work(self, stage: str, run: Run) -> None:
        run.progress(stage, 0.5)
        time.sleep(0.05)


class Swallowing(BlockEngine):
    """Goes on after a cancellation."""

    def work(self, stage: str, run: Run) -> None:
        try:
            super().work(stage, run)
        except Cancelled:
            run.progress(stage, 1.0)


class Blind(BlockEngine):
    """Looks for a cancellation, but with long pauses."""

    STEPS = 1
    STEP_S = 0.4


class Careless(BlockEngine):
    """What it saved, it does not use right."""

    def run(self, inputs: Inputs, params: Mapping[str, Any], run: Run) -> Result:
        return super().run(inputs, {**params, "side": 0.5} if run.load_stage("shape.bin") else params, run)


class Chatty(BlockEngine):
    """Prints as Python does, and as libraries beneath it do."""

    def read(self, inputs: Inputs) -> None:
        print("printed:", inputs.prompt)
        os.write(1, b"printed by a library\n")


class Quitting(BlockEngine):
    def read(self, inputs: Inputs) -> None:
        os._exit(3)


class Endless(BlockEngine):
    def read(self, inputs: Inputs) -> None:
        while True:
            pass


class Leaking(BlockEngine):
    """A thread for ever, each run."""

    def run(self, inputs: Inputs, params: Mapping[str, Any], run: Run) -> Result:
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        return super().run(inputs, params, run)


class Hoarding(BlockEngine):
    kept: ClassVar[list[Any]] = []

    def run(self, inputs: Inputs, params: Mapping[str, Any], run: Run) -> Result:
        self.kept.append(np.ones(20_000_000))
        return super().run(inputs, params, run)
