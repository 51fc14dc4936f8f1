"""FBX files as ufbx, assimp and (where it is installed) Blender read them, against the GLB of the same run."""

from pathlib import Path

import numpy as np
import pytest

from ml_worker.engines.port import Made
from ml_worker.mesh.params import Options
from ml_worker.mesh.pipeline import build
from tests.mesh.fbx_checks import difference
from tests.mesh.fbx_models import models
from tests.mesh.fbx_readers.readers import BLENDER, by_every_reader, read
from tests.mesh.runs import RecordedRun
from tests.mesh.solids import box, stool

pytestmark = pytest.mark.timeout(300)
SMALL = {"quality": "draft", "texture_size": 512, "target_faces": 4000}
Pair = tuple[Path, Path]
"""The GLB and the FBX of one run."""


def pair(files: tuple[Made, ...]) -> Pair:
    made = {file.format: file.path for file in files}
    return made["glb"], made["fbx"]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pair]:
    """One of each family, a relief, two solids of which one has no relief in its texture."""
    folder = tmp_path_factory.mktemp("pairs")
    made = {model.name: (model.glb, model.fbx) for model in models(folder, **SMALL)}
    options = Options(formats=("glb", "fbx"), quality="draft", texture_size=512)
    made["stool"] = pair(build(stool(), options, RecordedRun(folder / "stool"), name="stool").files)
    made["box"] = pair(build(box(), options, RecordedRun(folder / "box"), name="box").files)
    return made


@by_every_reader
def test_every_family_is_read_back_as_it_stands_in_the_glb(pairs: dict[str, Pair], reader: str) -> None:
    wrong = {}
    for (name, (glb, fbx)), seen in zip(pairs.items(), read(reader, [fbx for _, fbx in pairs.values()]), strict=True):
        found = difference(glb, seen).wrong(reader)
        if str(seen["name"]) != fbx.stem:
            found.append(f"it is called {seen['name']}")
        if found:
            wrong[name] = found
    assert not wrong


@by_every_reader
def test_each_part_has_a_material_of_its_own_with_its_name(pairs: dict[str, Pair], reader: str) -> None:
    seat, photo = read(reader, [pairs["stool"][1], pairs["relief"][1]])
    assert sorted(seat["parts"].tolist()) == ["blue", "red"]
    assert photo["parts"].tolist() == ["photo"]
    blue = seat["parts"].tolist().index("blue")
    assert seat["roughness"] == pytest.approx([0.25 if n == blue else 0.6 for n in (0, 1)], abs=1e-4)
    assert seat["metallic"] == pytest.approx([float(n == blue) for n in (0, 1)], abs=1e-6)
    assert (seat["corners"][seat["part"] == blue][:, :, 1] <= 0.4 + 1e-4).all()  # the legs
    assert np.allclose(seat["factor"], 1)  # the colour is the texture's alone
    assert np.allclose(seat["opacity"], 1)


@pytest.mark.parametrize("reader", ["ufbx", BLENDER])
def test_vertices_are_shared_so_that_the_body_is_closed(pairs: dict[str, Pair], reader: str) -> None:
    (seen,) = read(reader, [pairs["stool"][1]])
    points = np.unique(seen["corners"].reshape(-1, 3), axis=0)
    assert len(points) == seen["vertices"]
    assert len(points) < len(seen["corners"])


def test_the_file_says_that_its_unit_is_the_centimetre(pairs: dict[str, Pair]) -> None:
    (seen,) = read("ufbx", [pairs["box"][1]])
    assert seen["unit"] == 0.01
    assert np.ptp(seen["corners"].reshape(-1, 3), axis=0) == pytest.approx([0.1, 0.05, 0.02], abs=1e-5)
