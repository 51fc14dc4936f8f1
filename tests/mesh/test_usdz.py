"""USDZ: what USD's own validators say of it, and what USD reads, against the GLB of the same run."""

import json
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ml_worker.engines.form import FormEngine
from ml_worker.engines.port import Inputs
from ml_worker.mesh.usdz import ALIGNMENT, write_usdz
from tests.mesh.glb_reader import read_glb
from tests.mesh.runs import RecordedRun
from tests.mesh.test_fbx_files import sheet
from tests.mesh.usdz_reader import Placed, faults, picture, read_usdz

PROMPTS = {
    "chair": "a red wooden chair with metal legs",
    "mug": "three blue mugs with coffee",
    "table": "a glass table with steel legs",
}
ASKED = {"quality": "draft", "texture_size": 512, "formats": ["glb", "usdz"]}
PICTURES = {
    "diffuseColor": ("color", "rgb", "sRGB"),
    "occlusion": ("surface", "r", "raw"),
    "roughness": ("surface", "g", "raw"),
    "metallic": ("surface", "b", "raw"),
    "normal": ("normal", "rgb", "raw"),
}


@pytest.fixture(scope="module", params=PROMPTS)
def files(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp(request.param)
    made = FormEngine().run(Inputs(prompt=PROMPTS[request.param]), ASKED, RecordedRun(folder))
    assert {each.name for each in folder.iterdir()} == {file.path.name for file in made.files} | {"sketch.png"}
    return {file.format: file.path for file in made.files}


@pytest.fixture(scope="module")
def read(files: dict[str, Path]) -> Placed:
    return read_usdz(files["usdz"])


def test_the_validators_of_usd_find_nothing(files: dict[str, Path]) -> None:
    assert faults(files["usdz"]) == []


def test_it_stands_in_metres_with_y_up_and_has_the_name_of_the_model(files: dict[str, Path], read: Placed) -> None:
    assert (read.metres, read.up) == (1.0, "Y")
    assert read.root == read.shown_as == files["usdz"].stem


def test_it_is_the_glb_point_by_point(files: dict[str, Path], read: Placed) -> None:
    attributes, faces, _ = read_glb(files["glb"])
    assert np.array_equal(read.faces[np.concatenate([look.faces for look in read.looks])], faces)
    assert np.array_equal(read.points, attributes["POSITION"])
    assert np.array_equal(read.normals, attributes["NORMAL"])
    assert read.uvs == pytest.approx(attributes["TEXCOORD_0"] * [1, -1] + [0, 1], abs=1e-6)
    assert np.array_equal(read.extent, [read.points.min(axis=0), read.points.max(axis=0)])


def test_its_pictures_are_those_of_the_glb_and_feed_the_same_inputs(files: dict[str, Path], read: Placed) -> None:
    glb = files["glb"].read_bytes()
    _, _, images = read_glb(files["glb"])
    left_out = {"normal"} if len(images) == 2 else set()
    for look in read.looks:
        named = {name: (Path(file).stem, channel, space) for name, (file, channel, space) in look.inputs.items()}
        without = left_out | ({"occlusion"} if look.opacity < 1 else set())
        assert named == {name: fed for name, fed in PICTURES.items() if name not in without}
        assert all(picture(files["usdz"], file) in glb for file, _, _ in look.inputs.values())
        assert len({file for file, _, _ in look.inputs.values()}) == len(images)


def test_one_sees_through_its_glass_as_through_that_of_the_glb(files: dict[str, Path], read: Placed) -> None:
    data = files["glb"].read_bytes()
    materials = json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])["materials"]
    factors = [each["pbrMetallicRoughness"].get("baseColorFactor", [1, 1, 1, 1]) for each in materials]
    assert [look.opacity for look in read.looks] == pytest.approx([factor[3] for factor in factors])
    assert [look.name for look in read.looks] == [each["name"] for each in materials]
    assert read.two_sided == any(each.get("doubleSided", False) for each in materials)
    assert read.two_sided == (files["glb"].stem == "table") == (len(read.looks) == 2)


def test_its_files_lie_bare_at_multiples_of_64_bytes_and_the_binary_layer_is_the_first(files: dict[str, Path]) -> None:
    data = files["usdz"].read_bytes()
    with zipfile.ZipFile(files["usdz"]) as archive:
        assert archive.testzip() is None
        entries = archive.infolist()
    for entry in entries:
        assert entry.compress_type == zipfile.ZIP_STORED
        assert entry.date_time == (1980, 1, 1, 0, 0, 0)
        name, extra = struct.unpack_from("<HH", data, entry.header_offset + 26)
        assert (entry.header_offset + 30 + name + extra) % ALIGNMENT == 0
    assert entries[0].filename.endswith(".usdc")
    assert picture(files["usdz"], entries[0].filename).startswith(b"PXR-USDC")


@pytest.mark.parametrize(
    ("name", "root"), [("стул", "_" * 8), ("1 a/b", "__a_b")], ids=["other alphabets", "no identifier"]
)
def test_a_name_becomes_an_identifier_and_is_kept_for_people(tmp_path: Path, name: str, root: str) -> None:
    path = tmp_path / "named.usdz"
    path.write_bytes(write_usdz(sheet(4, name, color=None), tmp_path))
    assert faults(path) == []
    read = read_usdz(path)
    assert (read.root, read.shown_as) == (root, name)


def test_another_process_writes_the_same_bytes(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from ml_worker.mesh.usdz import write_usdz\n"
        "from tests.mesh.test_fbx_files import sheet\n"
        "sys.stdout.buffer.write(write_usdz(sheet(8, 'twice', color=None), Path(sys.argv[1])))"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, check=True)
    assert done.stdout == write_usdz(sheet(8, "twice", color=None), tmp_path)
    assert write_usdz(sheet(8, "other", color=None), tmp_path) != done.stdout


def _without_pictures(archive: zipfile.ZipFile, copy: zipfile.ZipFile) -> None:
    copy.writestr("model.usdc", archive.read("model.usdc"))


def _out_of_step(archive: zipfile.ZipFile, copy: zipfile.ZipFile) -> None:
    for name in archive.namelist():
        copy.writestr(name, archive.read(name))


@pytest.mark.parametrize(
    ("damage", "said"),
    [(_without_pictures, "MissingReference"), (_out_of_step, "RootPackageValidator")],
)
def test_a_fault_would_be_found(
    tmp_path: Path, damage: Callable[[zipfile.ZipFile, zipfile.ZipFile], None], said: str
) -> None:
    whole, broken = tmp_path / "whole.usdz", tmp_path / "broken.usdz"
    whole.write_bytes(write_usdz(sheet(4, "sheet", color=None), tmp_path))
    with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(broken, "w") as copy:
        damage(archive, copy)
    assert faults(whole) == []
    assert any(said in found for found in faults(broken)), faults(broken)
