"""Models of every family and of a photo, as GLB and FBX from one run."""

from pathlib import Path
from typing import Any

import msgspec

from ml_worker.engines.form import FormEngine
from ml_worker.engines.form.families.registry import FAMILIES
from ml_worker.engines.port import Input, Inputs, Result
from ml_worker.engines.relief import ReliefEngine
from tests.engines import photos
from tests.mesh.runs import RecordedRun

PROMPTS = {
    "chair": "a red wooden chair with metal legs",
    "table": "a glass table with steel legs",
    "mug": "a blue mug with coffee",
    "vase": "a vase with five red tulips",
    "bowl": "a fruit bowl",
    "lamp": "a brass table lamp with a white shade",
    "house": "a brick house with a red roof",
    "car": "three yellow cars",
    "tree": "an apple tree",
    "bookshelf": "a walnut bookshelf with books",
}


class Model(msgspec.Struct, frozen=True):
    name: str
    prompt: str
    glb: Path
    fbx: Path
    preview: Path


def models(folder: Path, **params: Any) -> list[Model]:
    """One of each family of `lathe/form` and one of `lathe/relief`."""
    asked = params | {"formats": ["glb", "fbx"]}
    form = FormEngine()
    made = [
        _model(name, PROMPTS[name], form.run(Inputs(prompt=PROMPTS[name]), asked, RecordedRun(folder / name)))
        for name in FAMILIES
    ]
    photo = photos.cut_out(folder / "boot.png", photos.boot())
    inputs = Inputs(files=(Input(role="image", path=photo, media_type="image/png"),))
    return [*made, _model("relief", "a photo", ReliefEngine().run(inputs, asked, RecordedRun(folder / "relief")))]


def _model(name: str, prompt: str, result: Result) -> Model:
    files = {file.format: file.path for file in result.files}
    return Model(name, prompt, files["glb"], files["fbx"], files["preview"])
