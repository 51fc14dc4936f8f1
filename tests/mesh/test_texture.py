from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from ml_worker.engines.port import Permanent
from ml_worker.mesh.charts import unwrap
from ml_worker.mesh.extract import extract
from ml_worker.mesh.lattice import Field, sample
from ml_worker.mesh.packing import pack
from ml_worker.mesh.params import Options
from ml_worker.mesh.patterns import PATTERNS, Places, second_color
from ml_worker.mesh.pipeline import build
from ml_worker.mesh.simplify import simplify
from ml_worker.mesh.solid import Material
from ml_worker.mesh.texels import rasterise
from tests.mesh.glb_reader import read_glb
from tests.mesh.runs import RecordedRun
from tests.mesh.solids import BLUE, RED, Parts, ball, block, sphere, stool, torus


def textures(path: Path) -> tuple[trimesh.Trimesh, np.ndarray, np.ndarray]:
    mesh = trimesh.load(path, file_type="glb", force="mesh")
    material = mesh.visual.material
    pictures = (material.baseColorTexture, material.metallicRoughnessTexture)
    return mesh, *(np.asarray(picture.convert("RGB")) for picture in pictures)


def texels_at(mesh: trimesh.Trimesh, picture: np.ndarray, uv: np.ndarray) -> np.ndarray:
    size = picture.shape[0]
    at = np.clip((uv * [1, -1] + [0, 1]) * size, 0, size - 1).astype(int)
    return picture[at[:, 1], at[:, 0]]


def test_every_place_has_the_colour_and_the_metal_of_its_part(tmp_path: Path) -> None:
    solid = stool()
    made = build(solid, Options(quality="draft", texture_size=512), RecordedRun(tmp_path))
    mesh, color, surface = textures(made.files[0].path)
    points, face = trimesh.sample.sample_surface(mesh, 4000, seed=1)
    weights = trimesh.triangles.points_to_barycentric(mesh.triangles[face], points)
    uv = (mesh.visual.uv[mesh.faces[face]] * weights[:, :, None]).sum(axis=1)
    leg = points[:, 1] < 0.39
    seat = points[:, 1] > 0.405
    for rows, material in ((leg, BLUE), (seat, RED)):
        assert rows.sum() > 500
        wanted = np.array(material.color) * 255
        assert (np.abs(texels_at(mesh, color, uv[rows]) - wanted).max(axis=1) <= 1).mean() > 0.995
        rough, metal = texels_at(mesh, surface, uv[rows])[:, 1:].T / 255
        assert abs(np.median(rough) - material.roughness) < 0.03
        assert abs(np.median(metal) - material.metallic) < 0.03


def test_seams_do_not_let_the_empty_texels_shine_through(tmp_path: Path) -> None:
    made = build(sphere(), Options(quality="draft", texture_size=512), RecordedRun(tmp_path))
    _, color, _ = textures(made.files[0].path)
    assert np.abs(color.reshape(-1, 3).astype(int) - np.rint(np.array(RED.color) * 255)).max() <= 1


def test_hidden_corners_are_darker_than_open_places(tmp_path: Path) -> None:
    floor_and_wall = (block((0, 0.01, 0), (0.2, 0.01, 0.2)), block((0, 0.1, 0), (0.02, 0.1, 0.2)))
    solid = Parts(floor_and_wall, ((-0.2, 0, -0.2), (0.2, 0.2, 0.2)))
    made = build(solid, Options(quality="draft", texture_size=512), RecordedRun(tmp_path))
    mesh, _, surface = textures(made.files[0].path)
    points, face = trimesh.sample.sample_surface(mesh, 6000, seed=2)
    weights = trimesh.triangles.points_to_barycentric(mesh.triangles[face], points)
    uv = (mesh.visual.uv[mesh.faces[face]] * weights[:, :, None]).sum(axis=1)
    sky = texels_at(mesh, surface, uv)[:, 0] / 255
    floor = np.abs(points[:, 1] - 0.02) < 1e-3
    corner, rim = floor & (np.abs(points[:, 0]) < 0.04), floor & (np.abs(points[:, 0]) > 0.18)
    top = points[:, 1] > 0.199
    assert sky[corner].mean() < 0.75 * sky[rim].mean()
    assert sky[top].mean() > 0.97


@pytest.mark.parametrize("solid", [sphere(), torus(), stool()], ids=["sphere", "torus", "stool"])
def test_charts_neither_overlap_nor_leave_the_square(solid: Parts) -> None:
    field = Field(solid)
    mesh = simplify(extract(field, sample(field, 64)), 6000, 1e-4).mesh
    charts = unwrap(mesh)
    uvs = pack(charts, 512)
    assert uvs.min() >= 1
    assert uvs.max() <= 511
    texels = rasterise(uvs, 512)
    owner = np.full((512, 512), -1)
    owner[texels.row, texels.column] = charts.number[texels.face]
    for axis in (0, 1):  # texels of two charts never touch
        here, there = owner, np.roll(owner, 1, axis)
        assert not ((here >= 0) & (there >= 0) & (here != there)).any()
    assert len(texels.face) > 0.3 * 512**2
    assert charts.count < 80


def test_a_texel_shows_the_point_that_its_coordinates_name() -> None:
    flat = np.array([[[10.0, 10.0], [90.0, 10.0], [10.0, 70.0]]])
    texels = rasterise(flat, 128)
    centres = np.stack([texels.column + 0.5, texels.row + 0.5], axis=1)
    assert np.allclose((flat[texels.face] * texels.weights[:, :, None]).sum(axis=1), centres, atol=1e-3)
    assert len(texels.face) == pytest.approx(80 * 60 / 2, rel=0.02)


def test_faces_that_lie_over_each_other_are_found() -> None:
    one = [[10.0, 10.0], [60.0, 10.0], [10.0, 60.0]]
    apart = rasterise(np.array([one, [[60.0, 10.0], [60.0, 60.0], [10.0, 60.0]]]), 64)
    over = rasterise(np.array([one, [[12.0, 12.0], [50.0, 12.0], [12.0, 50.0]]]), 64)
    assert len(apart.crowded) == 0
    assert over.crowded.tolist() == [[0, 1]]


@pytest.mark.parametrize("name", PATTERNS)
def test_patterns_are_finite_in_range_and_repeatable(name: str) -> None:
    random = np.random.default_rng(5)
    normals = random.normal(size=(5000, 3)).astype(np.float32)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    points = random.uniform(-1, 1, (5000, 3)).astype(np.float32)
    places = Places(points, normals, random.integers(0, 3, 5000), 0.001)
    look, again = PATTERNS[name](places), PATTERNS[name](places)
    assert np.array_equal(look.mix, again.mix)
    assert look.mix.min() >= 0
    assert look.mix.max() <= 1
    assert name == "plain" or look.mix.std() > 0.02
    assert np.isfinite(look.roughness).all()
    assert look.height is None or np.abs(look.height).max() < 0.02


@pytest.mark.parametrize("name", sorted(set(PATTERNS) - {"plain"}))
def test_a_second_colour_differs_from_the_first_and_is_a_colour(name: str) -> None:
    for color in ((0.8, 0.2, 0.1), (0.1, 0.1, 0.12)):
        second = second_color(name, color)
        assert np.abs(np.subtract(second, color)).max() > 0.008
        assert 0 <= min(second) <= max(second) <= 1


def test_a_pattern_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    solid = Parts(
        (ball((0, 0.1, 0), 0.1),),
        ((-0.1, 0, -0.1), (0.1, 0.2, 0.1)),
        (Material(name="x", color=(1, 1, 1), pattern="plaid"),),
    )
    with pytest.raises(Permanent) as refusal:
        build(solid, Options(quality="draft"), RecordedRun(tmp_path))
    assert refusal.value.code == "material-unknown"


def test_previews_show_the_model_on_a_light_floor_with_its_shadow(tmp_path: Path) -> None:
    made = build(sphere(), Options(quality="draft", texture_size=512), RecordedRun(tmp_path))
    picture = np.asarray(Image.open(made.files[-1].path).convert("RGB")).astype(int)
    assert picture.shape == (768, 768, 3)
    middle, corner = picture[384, 384], picture[10, 10]
    assert middle[0] > 2 * max(middle[1:])  # the red ball
    assert corner.min() > 190
    right_of_it = picture[560:640, 690:760].mean()
    left_of_it = picture[560:640, 8:60].mean()
    assert right_of_it < left_of_it - 25  # the lamp stands on the left


def test_coarse_round_parts_shine_like_the_exact_ones(tmp_path: Path) -> None:
    """The normal map makes up for few triangles, on round edges too, where long faces of flat sides end."""
    core = block((0, 0.5, 0), (0.42, 0.42, 0.42))
    cushion = Parts((lambda p: core(p) - 0.08,), ((-0.5, 0, -0.5), (0.5, 1, 0.5)))
    made = build(cushion, Options(quality="draft", texture_size=1024, target_faces=700), RecordedRun(tmp_path))
    attributes, faces, images = read_glb(made.files[0].path)
    assert len(faces) <= 700
    random = np.random.default_rng(3)
    area = trimesh.triangles.area(attributes["POSITION"][faces])
    corners = faces[random.choice(len(faces), 4000, p=area / area.sum())]
    weights = random.dirichlet((1, 1, 1), 4000)[:, :, None]
    points, normal, tangent, uv = (
        (attributes[name][corners] * weights).sum(axis=1) for name in ("POSITION", "NORMAL", "TANGENT", "TEXCOORD_0")
    )
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    along = tangent[:, :3] / np.linalg.norm(tangent[:, :3], axis=1, keepdims=True)
    upward = np.cross(normal, along) * np.sign(tangent[:, 3:])
    column, row = (uv * 1024).astype(int).T
    lean = images[2][row, column].astype(float) / 127.5 - 1
    shown = along * lean[:, :1] + upward * lean[:, 1:2] + normal * lean[:, 2:]
    shown /= np.linalg.norm(shown, axis=1, keepdims=True)
    exact = Field(cushion).gradient(points, 1e-4)
    off, off_without = (np.degrees(np.arccos(np.clip((n * exact).sum(axis=1), -1, 1))) for n in (shown, normal))
    assert np.median(off) < 0.5
    assert np.quantile(off, 0.98) < 3
    bent = off_without > 1  # elsewhere the triangles are as good as the map, whose 8 bits cost a third of a degree
    assert bent.sum() > 100
    assert off[bent].mean() < 0.4 * off_without[bent].mean()
