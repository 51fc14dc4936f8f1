"""What can be seen through: in every format that knows of it, as other programs read it, and in the pictures."""

import json
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import trimesh
from PIL import Image
from pxr import Usd, UsdGeom, UsdShade

from ml_worker.engines.form import FormEngine
from ml_worker.engines.port import Inputs
from ml_worker.mesh.gate import assert_printable
from ml_worker.mesh.mesh import Mesh, merge_by_position
from ml_worker.mesh.params import Options
from ml_worker.mesh.pipeline import build
from ml_worker.mesh.solid import Material
from tests.mesh.fbx_readers.readers import by_every_reader, read
from tests.mesh.glb_reader import read_glb
from tests.mesh.glb_validator import issues
from tests.mesh.runs import RecordedRun
from tests.mesh.solids import RED, Parts, ball, block, stool
from tests.mesh.usdz_reader import faults

OPTIONS = Options(formats=("glb", "obj", "fbx", "usdz"), quality="draft", texture_size=512, target_faces=3000)
CLEAR = Material(name="clear", color=(0.8, 0.9, 0.9), roughness=0.05, opacity=0.3)
BLUE = Material(name="blue glass", color=(0.1, 0.2, 0.8), roughness=0.05, opacity=0.5)
PLATE = 0.26
"""Metres: the plate's underside."""
Files = dict[str, Path]


def table(*materials: Material) -> Parts:
    """A plate on a red foot, and a ball on the plate: clear and blue glass, unless other materials are given."""
    foot = block((0, 0.14, 0), (0.06, 0.14, 0.06))
    plate = block((0, 0.28, 0), (0.2, 0.02, 0.2))
    parts = (foot, plate, ball((0.12, 0.34, 0.12), 0.05))
    return Parts(parts, ((-0.2, 0, -0.2), (0.2, 0.39, 0.2)), materials or (RED, CLEAR, BLUE), (0, 1, 2))


def built(folder: Path, solid: Parts, *formats: Any) -> Files:
    options = msgspec.structs.replace(OPTIONS, formats=formats) if formats else OPTIONS
    return {made.format: made.path for made in build(solid, options, RecordedRun(folder), name="table").files}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return built(tmp_path_factory.mktemp("table"), table())


def document(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    told: dict[str, Any] = json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])
    return told


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"), np.int16)


def test_a_glb_draws_what_is_solid_first_then_each_glass_blended(files: Files) -> None:
    told = document(files["glb"])
    shown = [
        (each["name"], each.get("alphaMode"), each["pbrMetallicRoughness"].get("baseColorFactor"))
        for each in told["materials"]
    ]
    assert shown == [
        ("table", None, None),
        ("table_glass", "BLEND", [1, 1, 1, pytest.approx(0.5)]),
        ("table_glass2", "BLEND", [1, 1, 1, pytest.approx(0.3)]),
    ]
    assert [each["material"] for each in told["meshes"][0]["primitives"]] == [0, 1, 2]
    assert all(each["doubleSided"] for each in told["materials"])
    assert ["occlusionTexture" in each for each in told["materials"]] == [True, False, False]
    (found,) = issues(files["glb"])
    assert (found["numErrors"], found["numWarnings"], found["numInfos"]) == (0, 0, 0), found["messages"]


def test_the_faces_of_the_glb_are_those_of_one_closed_body_each_in_its_own_material(files: Files) -> None:
    attributes, faces, _ = read_glb(files["glb"])
    assert_printable(merge_by_position(Mesh(attributes["POSITION"].astype(float), faces.astype(np.int32))))
    counts = [document(files["glb"])["accessors"][each["indices"]]["count"] // 3 for each in _primitives(files)]
    height = attributes["POSITION"][faces][:, :, 1].mean(axis=1)
    solid, blue, clear = np.split(height, np.cumsum(counts)[:-1])
    assert solid.max() <= PLATE + 1e-3
    assert clear.min() >= PLATE - 1e-3
    assert blue.min() >= PLATE + 0.04 - 1e-3


def _primitives(files: Files) -> list[dict[str, Any]]:
    return list(document(files["glb"])["meshes"][0]["primitives"])


def test_without_glass_nothing_is_said_of_it(tmp_path: Path) -> None:
    made = built(tmp_path, stool())
    assert b"BLEND" not in made["glb"].read_bytes()
    assert b"doubleSided" not in made["glb"].read_bytes()
    with zipfile.ZipFile(made["obj"]) as archive:
        material = archive.read("table.mtl").decode()
    assert [line for line in material.splitlines() if line.startswith(("newmtl", "d ", "Tr "))] == ["newmtl table"]


def test_a_body_all_of_glass_has_one_material(tmp_path: Path) -> None:
    whole = Parts((ball((0, 0.1, 0), 0.1),), ((-0.1, 0, -0.1), (0.1, 0.2, 0.1)), (CLEAR,))
    made = built(tmp_path, whole)
    assert [(each["name"], each["alphaMode"]) for each in document(made["glb"])["materials"]] == [
        ("table_glass", "BLEND")
    ]
    assert issues(made["glb"])[0]["numErrors"] == 0
    assert faults(made["usdz"]) == []


def test_an_obj_names_the_glass_and_how_clear_it_is(files: Files, tmp_path: Path) -> None:
    with zipfile.ZipFile(files["obj"]) as archive:
        archive.extractall(tmp_path)
    told: dict[str, dict[str, str]] = {}
    for line in (tmp_path / "table.mtl").read_text().splitlines():
        key, _, value = line.partition(" ")
        if key == "newmtl":
            told[value] = {}
        elif key:
            told[list(told)[-1]][key] = value
    assert {name: (each.get("d"), each.get("Tr")) for name, each in told.items()} == {
        "table": (None, None), "table_glass": ("0.500", "0.500"), "table_glass2": ("0.300", "0.700"),
    }  # fmt: skip
    assert {each["map_Kd"] for each in told.values()} == {"table_color.png"}
    parts = trimesh.load(tmp_path / "table.obj", split_object=False, group_material=True).geometry.values()
    _, faces, _ = read_glb(files["glb"])
    assert sum(len(part.faces) for part in parts) == len(faces)
    assert len(parts) == 3


@by_every_reader
def test_an_fbx_says_how_clear_each_part_is(files: Files, reader: str) -> None:
    (seen,) = read(reader, [files["fbx"]])
    told = dict(zip(seen["parts"].tolist(), seen["opacity"].tolist(), strict=True))
    assert told == {"red": 1.0, "clear": pytest.approx(0.3, abs=1e-6), "blue glass": pytest.approx(0.5, abs=1e-6)}


def test_a_usdz_binds_the_glass_to_its_faces(files: Files) -> None:
    assert faults(files["usdz"]) == []
    stage = Usd.Stage.Open(str(files["usdz"]))
    (mesh,) = (prim for prim in stage.Traverse() if prim.IsA(UsdGeom.Mesh))
    subsets = UsdShade.MaterialBindingAPI(mesh).GetMaterialBindSubsets()
    told, faces = {}, []
    for subset in subsets:
        material, _ = UsdShade.MaterialBindingAPI(subset.GetPrim()).ComputeBoundMaterial()
        given = material.ComputeSurfaceSource()[0].GetInput("opacity")
        told[material.GetPrim().GetName()] = given.Get() if given else None
        faces += list(subset.GetIndicesAttr().Get())
    assert told == {"table": None, "table_glass": pytest.approx(0.5), "table_glass2": pytest.approx(0.3)}
    assert sorted(faces) == list(range(len(UsdGeom.Mesh(mesh).GetFaceVertexCountsAttr().Get())))


def test_the_preview_shows_what_stands_behind_glass_and_lets_light_through(files: Files, tmp_path: Path) -> None:
    whole = [msgspec.structs.replace(material, opacity=1.0) for material in (RED, CLEAR, BLUE)]
    opaque, clear = pixels(built(tmp_path, table(*whole), "glb")["preview"]), pixels(files["preview"])
    red = [(shown[..., 0] > shown[..., 1:].max(axis=2) + 10) for shown in (opaque, clear)]
    # The foot under the plate comes into sight, paler than where it stands in the open.
    through = red[1] & ~red[0]
    assert through.sum() > 3000
    depth = clear[..., 0] - clear[..., 1]
    assert 10 < depth[through].mean() < 0.5 * depth[red[0]].mean()
    # The plate's shadow on the floor is lighter.
    shadow = (np.ptp(opaque, axis=2) < 20) & (opaque.max(axis=2) < 190)
    shadow[: len(shadow) // 2] = False  # above are the plate's sides
    assert shadow.sum() > 20_000
    assert clear[shadow].mean() > opaque[shadow].mean() + 20


def test_the_same_glass_gives_the_same_bytes(files: Files, tmp_path: Path) -> None:
    again = built(tmp_path, table())
    assert {name: path.read_bytes() == files[name].read_bytes() for name, path in again.items()} == dict.fromkeys(
        again, True
    )


@pytest.mark.parametrize(
    ("prompt", "blended"),
    [
        ("a glass table with steel legs", [False, True]),
        ("a blue glass vase", [True]),
        ("a ceramic vase", [False]),
        ("a yellow car", [False]),  # its windows are dark panes on a solid body
    ],
)
def test_prompts_that_say_glass_get_it(tmp_path: Path, prompt: str, blended: list[bool]) -> None:
    asked = {"quality": "draft", "texture_size": 512}
    made = FormEngine().run(Inputs(prompt=prompt), asked, RecordedRun(tmp_path))
    glb = next(each.path for each in made.files if each.format == "glb")
    assert ["alphaMode" in each for each in document(glb)["materials"]] == blended
    assert issues(glb)[0]["numErrors"] == 0
