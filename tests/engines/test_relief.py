"""From a photo to a closed, textured body."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from PIL import Image

from ml_worker.engines.port import BadInput, Cancelled, Input, Inputs, Result
from ml_worker.engines.relief import ReliefEngine
from ml_worker.mesh.gate import assert_printable
from ml_worker.mesh.mesh import Mesh, merge_by_position
from tests.engines import photos
from tests.mesh.glb_validator import issues
from tests.mesh.runs import RecordedRun

DRAFT = {"quality": "draft", "texture_size": 512}


def run(photo: Path, folder: Path, cancel_at: str | None = None, **params: Any) -> Result:
    inputs = Inputs(files=(Input(role="image", path=photo, media_type="image/png"),))
    return ReliefEngine().run(inputs, DRAFT | params, RecordedRun(folder, seed=7, cancel_at=cancel_at))


def mesh_of(result: Result) -> trimesh.Trimesh:
    mesh = trimesh.load(result.files[0].path, file_type="glb", force="mesh")
    assert isinstance(mesh, trimesh.Trimesh)
    return mesh


def colors_in_front(mesh: trimesh.Trimesh, places: list[tuple[float, float]]) -> np.ndarray:
    """What a viewer sees who looks along -Z at (x, y)."""
    origins = np.array([[x, y, 1.0] for x, y in places])
    points, rays, face = mesh.ray.intersects_location(origins, np.tile([0.0, 0, -1], (len(places), 1)))
    picture = np.asarray(mesh.visual.material.baseColorTexture.convert("RGB"))
    seen = []
    for number in range(len(places)):
        hits = np.flatnonzero(rays == number)
        hit = hits[points[hits, 2].argmax()]
        weights = trimesh.triangles.points_to_barycentric(mesh.triangles[face[hit]][None], points[hit][None])[0]
        u, v = (mesh.visual.uv[mesh.faces[face[hit]]] * weights[:, None]).sum(axis=0)
        size = picture.shape[0]
        seen.append(picture[int((1 - v) * size), int(u * size)])
    return np.array(seen).astype(int)


@pytest.fixture(scope="module")
def disc(tmp_path_factory: pytest.TempPathFactory) -> Result:
    folder = tmp_path_factory.mktemp("disc")
    return run(photos.cut_out(folder / "disc.png", photos.disc()), folder / "out", formats=["glb", "obj", "stl"])


def test_a_disc_becomes_a_closed_lens_that_stands_on_the_floor(disc: Result) -> None:
    mesh = mesh_of(disc)
    assert_printable(merge_by_position(Mesh(mesh.vertices, mesh.faces)))
    low, high = mesh.bounds
    assert low[1] == pytest.approx(0, abs=0.001)
    assert (low + high)[[0, 2]] == pytest.approx([0, 0], abs=0.001)
    assert high[0] - low[0] == pytest.approx(0.15, abs=0.001)
    assert high[1] - low[1] == pytest.approx(0.15, abs=0.001)
    assert 0.06 < high[2] - low[2] < 0.1
    assert disc.report["genus"] == 0
    assert disc.understood["separation"] == "alpha"


def test_its_outline_is_round(disc: Result) -> None:
    mesh = mesh_of(disc)
    off_axis = np.hypot(mesh.vertices[:, 0], mesh.vertices[:, 1] - 0.075)
    rim = off_axis[np.abs(mesh.vertices[:, 2]) < 0.002]
    assert len(rim) > 20
    assert np.abs(rim - 0.075).max() < 0.0008


def test_it_is_coloured_like_the_photo_on_both_sides(disc: Result) -> None:
    mesh = mesh_of(disc)
    picture = np.asarray(mesh.visual.material.baseColorTexture.convert("RGB")).reshape(-1, 3).astype(int)
    assert np.abs(picture - photos.GOLD).max() <= 4  # no background anywhere, also not at the rim


def test_the_validator_finds_nothing(disc: Result) -> None:
    assert issues(disc.files[0].path)[0]["numErrors"] == 0


def test_left_is_left_and_up_is_up(tmp_path: Path) -> None:
    shape = photos.disc(300, 110)
    pixels = photos.painted(shape, photos.GOLD, photos.WHITE)
    pixels[90:150, 90:150][shape[90:150, 90:150] > 0.9] = photos.NAVY  # a mark at the upper left
    Image.fromarray(pixels).save(tmp_path / "marked.png")
    result = run(tmp_path / "marked.png", tmp_path / "out")
    seen = colors_in_front(mesh_of(result), [(-0.02, 0.095), (0.03, 0.1), (0.0, 0.04)])
    assert np.abs(seen[0] - photos.NAVY).max() < 20
    assert np.abs(seen[1:] - photos.GOLD).max() < 20
    assert result.understood["separation"] == "background"


def test_a_ring_keeps_its_hole(tmp_path: Path) -> None:
    photo = photos.cut_out(tmp_path / "ring.png", photos.disc(400, 150) - photos.disc(400, 70))
    assert run(photo, tmp_path / "out").report["genus"] == 1


def test_an_object_that_the_photo_cuts_off_is_closed_there(tmp_path: Path) -> None:
    photo = photos.cut_out(tmp_path / "cut.png", photos.disc(400, 150)[:, :220])
    result = run(photo, tmp_path / "out")
    assert result.report["watertight"]
    assert result.report["genus"] == 0


def test_depth_and_size_do_what_they_say(tmp_path: Path) -> None:
    photo = photos.cut_out(tmp_path / "disc.png", photos.disc(200, 70))
    usual = run(photo, tmp_path / "usual").report["size_mm"]
    flat = run(photo, tmp_path / "flat", depth=0.5).report["size_mm"]
    large = run(photo, tmp_path / "large", size=0.6).report["size_mm"]
    assert flat[2] == pytest.approx(usual[2] / 2, rel=0.03)
    assert flat[:2] == pytest.approx(usual[:2], rel=0.01)
    assert max(large) == pytest.approx(600, abs=0.1)


def test_a_plate_carries_the_whole_photo_and_rises_where_the_object_is(tmp_path: Path) -> None:
    shape = photos.boot()
    Image.fromarray(photos.painted(shape, photos.GOLD, photos.meadow(shape.shape))).save(tmp_path / "boot.png")
    result = run(tmp_path / "boot.png", tmp_path / "out", mode="plate")
    width, height, depth = result.report["size_mm"]
    assert (width, height) == pytest.approx((150 * 260 / 360, 150), rel=0.01)
    assert 8 < depth < 16
    assert result.report["genus"] == 0
    mesh = mesh_of(result)
    assert_printable(merge_by_position(Mesh(mesh.vertices, mesh.faces)))
    pixel = 0.15 / 360
    places = [((90 - 130) * pixel, (360 - 150) * pixel), ((180 - 130) * pixel, (360 - 120) * pixel)]
    boot, ground = (mesh.ray.intersects_location([[x, y, 1]], [[0, 0, -1]])[0][:, 2].max() for x, y in places)
    assert boot > ground + 0.002
    seen = colors_in_front(mesh, places)
    assert np.abs(seen[0] - photos.GOLD).max() < 25
    assert result.understood["mode"] == "plate"


def test_nothing_that_is_transparent_shows_or_stands_out_on_a_plate(tmp_path: Path) -> None:
    shape = photos.disc(300, 100)
    hidden = photos.painted(shape, photos.GOLD, photos.WHITE)
    hidden[20:60, 20:280] = (255, 0, 0)
    Image.fromarray(np.dstack([hidden, np.rint(shape * 255).astype(np.uint8)])).save(tmp_path / "hidden.png")
    result = run(tmp_path / "hidden.png", tmp_path / "out", mode="plate")
    mesh = mesh_of(result)
    pixel = 0.15 / 300
    places = [((x - 150) * pixel, (300 - y) * pixel) for x, y in ((100, 40), (20, 150), (150, 150))]
    seen = colors_in_front(mesh, places)
    assert np.ptp(seen[:2], axis=1).max() < 6  # grey
    assert np.abs(seen[2] - photos.GOLD).max() < 20
    bar, ground = (mesh.ray.intersects_location([[x, y, 1]], [[0, 0, -1]])[0][:, 2].max() for x, y in places[:2])
    assert bar == pytest.approx(ground, abs=0.0003)


def test_a_plate_of_nothing_is_refused(tmp_path: Path) -> None:
    Image.fromarray(np.dstack([photos.meadow((200, 200)), np.zeros((200, 200))]).astype(np.uint8)).save(
        tmp_path / "clear.png"
    )
    with pytest.raises(BadInput) as refusal:
        run(tmp_path / "clear.png", tmp_path / "out", mode="plate")
    assert refusal.value.code == "no-object"


def test_a_dark_object_stands_in_no_trench_on_a_plate(tmp_path: Path) -> None:
    Image.fromarray(photos.painted(photos.disc(), photos.NAVY, photos.WHITE)).save(tmp_path / "dark.png")
    mesh = mesh_of(run(tmp_path / "dark.png", tmp_path / "out", mode="plate"))
    pixel = 0.15 / 400
    x = np.array([-190, -170, -150, -140, -133, -128, -125, -120]) * pixel
    height = [mesh.ray.intersects_location([[at, 0.075, 1]], [[0, 0, -1]])[0][:, 2].max() for at in x]
    assert np.diff(height).min() > -0.0004  # from the ground to the object it only rises


def test_lines_thinner_than_the_lattice_are_refused_and_not_made_into_crumbs(tmp_path: Path) -> None:
    ring = photos.disc(400, 131) - photos.disc(400, 128.5)
    photo = photos.cut_out(tmp_path / "wire.png", ring)
    with pytest.raises(BadInput) as refusal:
        run(photo, tmp_path / "out")
    assert refusal.value.code == "too-thin"
    assert "pixels wide" in refusal.value.message


def test_thin_parts_that_are_lost_are_told(tmp_path: Path) -> None:
    shape = photos.disc(400, 90)
    shape[199:202, 95:305] = 1
    result = run(photos.cut_out(tmp_path / "whiskers.png", shape), tmp_path / "out")
    assert any(part.startswith("parts narrower than") for part in result.ignored)
    whole = run(photos.cut_out(tmp_path / "disc.png", photos.disc(400, 90)), tmp_path / "whole")
    assert whole.ignored == ()


def test_without_a_size_it_is_15_centimetres_long_however_deep(tmp_path: Path) -> None:
    photo = photos.cut_out(tmp_path / "disc.png", photos.disc(60, 20))
    for mode in ("body", "plate"):
        assert max(run(photo, tmp_path / mode, mode=mode, depth=2).report["size_mm"]) == pytest.approx(150, abs=0.01)


def test_a_thin_body_has_smooth_sides(tmp_path: Path) -> None:
    photo = photos.cut_out(tmp_path / "disc.png", photos.disc())
    result = run(photo, tmp_path / "out", depth=0.2)
    assert result.report["genus"] == 0
    assert result.metrics["cells"] >= 8 * 150 / result.report["size_mm"][2]


def test_the_same_photo_gives_the_same_bytes(tmp_path: Path) -> None:
    shape = photos.disc(300, 100)
    Image.fromarray(photos.painted(shape, photos.GOLD, photos.meadow(shape.shape))).save(tmp_path / "disc.png")
    one, two = (run(tmp_path / "disc.png", tmp_path / name) for name in ("one", "two"))
    assert one.understood["separation"] == "grabcut"
    for a, b in zip(one.files, two.files, strict=True):
        assert a.path.read_bytes() == b.path.read_bytes()


def test_blank_photos_are_refused_in_both_modes(tmp_path: Path) -> None:
    Image.new("RGB", (200, 200), (250, 250, 250)).save(tmp_path / "blank.png")
    for mode in ("body", "plate"):
        with pytest.raises(BadInput) as refusal:
            run(tmp_path / "blank.png", tmp_path / mode, mode=mode)
        assert refusal.value.code == "no-object"


def test_exactly_one_photo_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refusal:
        ReliefEngine().run(Inputs(prompt="a mug"), DRAFT, RecordedRun(tmp_path))
    assert refusal.value.code == "no-image"


@pytest.mark.parametrize("stage", ["photo", "surface", "texture"])
def test_it_stops_when_it_is_cancelled(tmp_path: Path, stage: str) -> None:
    photo = photos.cut_out(tmp_path / "disc.png", photos.disc(200, 70))
    with pytest.raises(Cancelled):
        run(photo, tmp_path / "out", cancel_at=stage)


def test_it_says_what_the_catalogue_says() -> None:
    said = ReliefEngine().describe()
    entries = json.loads(Path("domain/catalog/builtin.json").read_text())
    entry = next(entry for entry in entries if entry["model"] == "lathe/relief")
    assert entry["params_schema"] == json.loads(json.dumps(said.params_schema))
    assert (entry["version"], entry["title"], entry["price"]) == (said.version, said.title, said.price)
    assert sum(weight for _, weight in said.stages) == pytest.approx(1)
