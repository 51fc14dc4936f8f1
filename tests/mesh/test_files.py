import io
import zipfile
from pathlib import Path

import msgspec
import numpy as np
import pytest
import trimesh
from PIL import Image

from ml_worker.engines.port import BadInput, Permanent
from ml_worker.mesh.gate import assert_printable
from ml_worker.mesh.mesh import Mesh, merge_by_position
from ml_worker.mesh.paint import Coat, Surfaces
from ml_worker.mesh.params import FORMATS, Options
from ml_worker.mesh.patterns import PATTERNS
from ml_worker.mesh.pipeline import STAGES, Built, build, build_mesh
from ml_worker.mesh.solid import Material
from tests.mesh.glb_validator import issues
from tests.mesh.runs import RecordedRun
from tests.mesh.solids import Parts, ball, block, box, stool

FILES = tuple(each for each in FORMATS if each != "webp")
"""The turntable has tests of its own."""
DRAFT = Options(formats=FILES, quality="draft", texture_size=512)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(stool(), DRAFT, RecordedRun(tmp_path_factory.mktemp("stool")), name="stool")


def file(built: Built, format_: str) -> Path:
    return next(made.path for made in built.files if made.format == format_)


def load(path: Path, kind: str) -> trimesh.Trimesh:
    mesh = trimesh.load(path, file_type=kind, force="mesh")
    assert isinstance(mesh, trimesh.Trimesh)
    return mesh


def test_every_format_asked_for_and_a_preview_are_written(built: Built) -> None:
    assert [made.format for made in built.files] == ["glb", "obj", "stl", "fbx", "3mf", "usdz", "preview"]
    assert all(made.path.stat().st_size > 1000 for made in built.files)


def test_the_glb_read_by_another_program_is_closed_once_its_seams_are_welded(built: Built) -> None:
    mesh = load(file(built, "glb"), "glb")
    assert_printable(merge_by_position(Mesh(mesh.vertices, mesh.faces)))
    mesh.merge_vertices(merge_tex=True, merge_norm=True)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.volume == pytest.approx(0.36 * 0.04 * 0.36 + 4 * np.pi * 0.02**2 * 0.4, rel=0.01)
    assert np.allclose(mesh.bounds, [[-0.18, 0, -0.18], [0.18, 0.44, 0.18]], atol=1e-4)
    assert len(mesh.faces) == built.report["faces"]


def test_the_obj_has_the_same_triangles_a_material_and_its_texture(built: Built, tmp_path: Path) -> None:
    with zipfile.ZipFile(file(built, "obj")) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    mesh = load(tmp_path / "stool.obj", "obj")
    glb = load(file(built, "glb"), "glb")
    assert np.allclose(np.sort(mesh.area_faces), np.sort(glb.area_faces), rtol=1e-3, atol=1e-12)
    assert len(mesh.faces) == len(glb.faces)
    assert np.allclose(mesh.bounds, glb.bounds, atol=1e-7)
    assert mesh.visual.material.image.size == (512, 512)
    mesh.merge_vertices(merge_tex=True, merge_norm=True)
    assert mesh.is_watertight


def test_texture_coordinates_of_obj_and_glb_show_the_same_texels(built: Built, tmp_path: Path) -> None:
    with zipfile.ZipFile(file(built, "obj")) as archive:
        archive.extractall(tmp_path)
    colors = []
    for mesh in (load(tmp_path / "stool.obj", "obj"), load(file(built, "glb"), "glb")):
        material = mesh.visual.material
        image = np.asarray((material.image if hasattr(material, "image") else material.baseColorTexture).convert("RGB"))
        uv = mesh.visual.uv[mesh.faces].mean(axis=1)
        at = np.clip((uv * [1, -1] + [0, 1]) * 512, 0, 511).astype(int)
        order = np.lexsort(mesh.triangles_center.round(6).T)
        colors.append(image[at[:, 1], at[:, 0]][order])
    assert np.array_equal(*colors)


def test_the_stl_is_in_millimetres_with_z_up(built: Built) -> None:
    mesh = load(file(built, "stl"), "stl")
    assert mesh.is_watertight
    assert mesh.volume > 0
    assert np.allclose(mesh.bounds, [[-180, -180, 0], [180, 180, 440]], atol=0.1)
    assert len(mesh.faces) == built.report["faces"]


def test_the_front_of_the_model_is_the_front_of_the_stl(tmp_path: Path) -> None:
    nose = Parts(
        (block((0, 0.05, 0), (0.1, 0.05, 0.02)), ball((0, 0.05, 0.03), 0.02)), ((-0.1, 0, -0.02), (0.1, 0.1, 0.05))
    )
    made = build(nose, DRAFT, RecordedRun(tmp_path))
    mesh = load(file(made, "stl"), "stl")
    assert mesh.bounds[0, 1] == pytest.approx(-50, abs=0.5)  # +Z, the front, became -Y


def test_the_same_solid_gives_the_same_bytes(built: Built, tmp_path: Path) -> None:
    again = build(stool(), DRAFT, RecordedRun(tmp_path), name="stool")
    for one, two in zip(built.files, again.files, strict=True):
        assert one.path.read_bytes() == two.path.read_bytes(), one.format
    assert again.report == built.report


def test_size_scales_the_longest_side(tmp_path: Path) -> None:
    options = msgspec.structs.replace(DRAFT, size=1.1, formats=("glb",))
    made = build(stool(), options, RecordedRun(tmp_path))
    assert max(made.report["size_mm"]) == pytest.approx(1100, abs=0.01)
    assert load(file(made, "glb"), "glb").extents.max() == pytest.approx(1.1, abs=1e-5)


def test_progress_names_the_stages_in_order_and_never_goes_back(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path)
    build(stool(), DRAFT, run)
    names = [stage for stage, _ in STAGES]
    places = [(names.index(stage), fraction) for stage, fraction in run.told]
    assert places == sorted(places)
    assert {stage for stage, _ in run.told} == set(names)
    assert len(set(run.told)) >= 12
    assert run.checks > 20
    assert sum(weight for _, weight in STAGES) == pytest.approx(1)


def test_the_bare_surface_is_shown_before_the_picture_in_colour(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path)
    build(stool(), DRAFT, run)
    assert [stage for stage, _ in run.shown] == ["surface", "preview"]
    sketch, picture = (np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), int) for _, content in run.shown)
    assert (sketch.shape, picture.shape) == ((384, 384, 3), (768, 768, 3))
    shape = np.abs(sketch - sketch[0, 0]).max(axis=2) > 30
    assert 0.05 < shape.mean() < 0.8


class Green:
    """A paint that needs no solid."""

    lossless = True
    names = ("green",)

    def regions(self, points: np.ndarray, closely: bool) -> np.ndarray:
        return np.zeros(len(points), np.int64)

    def coat(self, surfaces: Surfaces) -> Coat:
        size = len(surfaces.points)
        color = np.tile(np.array([0.2, 0.6, 0.2], np.float32), (size, 1))
        return Coat(color, np.full(size, 0.5, np.float32), np.zeros(size, np.float32), np.zeros(size, np.float32))


def test_a_ready_mesh_is_made_into_the_same_kind_of_files(tmp_path: Path) -> None:
    given = trimesh.creation.annulus(r_min=0.1, r_max=0.2, height=0.1)
    options = msgspec.structs.replace(DRAFT, formats=("glb", "stl"))
    made = build_mesh(Mesh(given.vertices, given.faces.astype(np.int32)), Green(), options, RecordedRun(tmp_path))
    assert (made.report["watertight"], made.report["genus"], made.report["deviation_mm"]) == (True, 1, None)
    mesh = load(file(made, "glb"), "glb")
    assert mesh.bounds == pytest.approx(given.bounds, abs=1e-4)
    assert np.asarray(mesh.visual.material.baseColorTexture.convert("RGB"))[5, 5].tolist() == [51, 153, 51]
    assert load(file(made, "stl"), "stl").is_watertight


def test_a_ready_mesh_with_a_hole_is_refused(tmp_path: Path) -> None:
    given = trimesh.creation.box()
    with pytest.raises(Permanent) as refusal:
        build_mesh(Mesh(given.vertices, given.faces[1:].astype(np.int32)), Green(), DRAFT, RecordedRun(tmp_path))
    assert refusal.value.code == "mesh-invalid"


def test_shreds_of_what_is_thinner_than_the_lattice_are_refused(tmp_path: Path) -> None:
    foil = block((0, 0.2, 0), (0.5, 0.2, 0.0001))
    lump = block((0, 0.03, 0), (0.03, 0.03, 0.03))
    solid = Parts((foil, lump), ((-0.5, 0, -0.03), (0.5, 0.4, 0.03)))
    with pytest.raises(BadInput) as refusal:
        build(solid, DRAFT, RecordedRun(tmp_path))
    assert refusal.value.code == "too-thin"


def test_the_khronos_validator_finds_nothing_with_or_without_relief_in_the_texture(tmp_path: Path) -> None:
    row = tuple(block((0.1 * n - 0.75, 0.05, 0), (0.04, 0.05, 0.04)) for n in range(len(PATTERNS)))
    materials = tuple(Material(name=pattern, color=(0.6, 0.4, 0.3), pattern=pattern) for pattern in PATTERNS)
    every = Parts(row, ((-0.8, 0, -0.04), (0.8, 0.1, 0.04)), materials, tuple(range(len(row))))
    paths = []
    for name, solid in (("every", every), ("round", stool()), ("flat", box())):
        made = build(solid, msgspec.structs.replace(DRAFT, formats=("glb",)), RecordedRun(tmp_path / name))
        paths.append(file(made, "glb"))
    assert [b"normalTexture" in path.read_bytes() for path in paths] == [True, True, False]
    for path, found in zip(paths, issues(*paths), strict=True):
        assert (found["numErrors"], found["numWarnings"]) == (0, 0), (path.parent.name, found["messages"])


def test_the_validator_would_have_found_a_fault(built: Built, tmp_path: Path) -> None:
    data = bytearray(file(built, "glb").read_bytes())
    at = data.find(b'"NORMAL"')
    data[at : at + 8] = b'"NURMAL"'
    broken = tmp_path / "broken.glb"
    broken.write_bytes(data)
    assert issues(broken)[0]["numErrors"] > 0
    assert io.BytesIO(data).read(4) == b"glTF"
