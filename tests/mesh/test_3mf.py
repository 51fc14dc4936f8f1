"""3MF: what the consortium's own library makes of it, against the GLB and the STL of the same run."""

import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from ml_worker.engines.form import FormEngine
from ml_worker.engines.port import Inputs
from ml_worker.mesh.stl import RECORD
from ml_worker.mesh.threemf import write_3mf
from tests.mesh.glb_reader import read_glb
from tests.mesh.runs import RecordedRun
from tests.mesh.test_fbx_files import sheet
from tests.mesh.threemf_reader import Lib3MF, Printed, read_3mf

PROMPTS = {"chair": "a red wooden chair with metal legs", "mug": "three blue mugs with coffee"}
ASKED = {"quality": "draft", "texture_size": 512, "formats": ["glb", "stl", "3mf"]}


@pytest.fixture(scope="module", params=PROMPTS)
def files(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp(request.param)
    made = FormEngine().run(Inputs(prompt=PROMPTS[request.param]), ASKED, RecordedRun(folder))
    return {file.format: file.path for file in made.files}


@pytest.fixture(scope="module")
def read(files: dict[str, Path]) -> Printed:
    return read_3mf(files["3mf"])


def test_it_is_one_sound_object_in_millimetres_read_without_a_warning(files: dict[str, Path], read: Printed) -> None:
    assert read.warnings == []
    assert read.millimetres
    assert read.sound
    assert read.metadata == {"Title": files["3mf"].stem, "Application": "Lathe"}
    assert read.name == files["3mf"].stem


def test_its_triangles_are_those_of_the_stl(files: dict[str, Path], read: Printed) -> None:
    printed = np.frombuffer(files["stl"].read_bytes()[84:], RECORD)["corners"]
    assert read.corners.shape == printed.shape
    assert np.abs(read.corners - printed).max() <= np.spacing(np.abs(printed).max())  # its parser rounds once more


def test_it_is_built_where_the_bed_is(read: Printed) -> None:
    assert np.array_equal(read.move[:3], np.eye(3))
    assert read.corners.min(axis=(0, 1)) + read.move[3] == pytest.approx([0, 0, 0], abs=1e-4)


def test_its_colours_are_those_of_the_glb_at_every_corner(files: dict[str, Path], read: Printed) -> None:
    attributes, faces, images = read_glb(files["glb"])
    assert read.uvs == pytest.approx(attributes["TEXCOORD_0"][faces] * [1, -1] + [0, 1], abs=1e-6)
    assert read.picture in files["glb"].read_bytes()
    assert len(images[0]) == 512


def test_every_part_has_a_type_and_is_led_to(files: dict[str, Path]) -> None:
    with zipfile.ZipFile(files["3mf"]) as package:
        assert package.testzip() is None
        names = package.namelist()
        types = {node.get("Extension") for node in ET.fromstring(package.read("[Content_Types].xml"))}
        related = [
            node.get("Target", "")
            for name in names
            if name.endswith(".rels")
            for node in ET.fromstring(package.read(name))
        ]
    assert names[0] == "[Content_Types].xml"
    assert types == {name.rpartition(".")[2] for name in names[1:]}
    assert {target[1:] for target in related} == {name for name in names[1:] if not name.endswith(".rels")}


@pytest.mark.parametrize(
    ("name", "told"),
    [("стул & <木>", "стул & <木>"), ("a\"b'c", "a\"b'c"), ("\0\ud800", "model")],
    ids=["other alphabets", "quotes", "nothing to print"],
)
def test_names_may_be_any_text(tmp_path: Path, name: str, told: str) -> None:
    path = tmp_path / "named.3mf"
    path.write_bytes(write_3mf(sheet(4, name, color=None)))
    read = read_3mf(path)
    assert (read.warnings, read.metadata["Title"], read.name) == ([], told, told)


def test_an_open_surface_would_be_found(tmp_path: Path) -> None:
    path = tmp_path / "open.3mf"
    path.write_bytes(write_3mf(sheet(4, "open", color=None)))
    assert not read_3mf(path).sound


def test_a_fault_in_the_file_would_be_found(files: dict[str, Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.3mf"
    with zipfile.ZipFile(files["3mf"]) as package, zipfile.ZipFile(broken, "w") as copy:
        for name in package.namelist():
            copy.writestr(name, package.read(name).replace(b'<triangle v1="', b'<triangle v1="9999999', 1))
    with pytest.raises(Lib3MF.ELib3MFException):
        read_3mf(broken)
