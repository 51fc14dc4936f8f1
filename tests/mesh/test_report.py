from pathlib import Path

import msgspec
import numpy as np
import pytest

from ml_worker.engines.port import Permanent
from ml_worker.mesh.extract import extract
from ml_worker.mesh.gate import faults, require_clean
from ml_worker.mesh.lattice import Field, sample
from ml_worker.mesh.mesh import Mesh
from ml_worker.mesh.params import Options
from ml_worker.mesh.pipeline import build
from ml_worker.mesh.report import printability, thinnest_wall
from tests.mesh.runs import RecordedRun
from tests.mesh.solids import Parts, ball, block, box, without

DRAFT = Options(quality="draft", texture_size=512)
TETRAHEDRON = Mesh(
    np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], float),
    np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], np.int32),
)


def test_a_box_is_measured_exactly(tmp_path: Path) -> None:
    told = build(box(0.1, 0.05, 0.02), DRAFT, RecordedRun(tmp_path)).report
    assert told["watertight"]
    assert told["manifold"]
    assert told["winding"] == "outward"
    assert (told["components"], told["genus"]) == (1, 0)
    assert told["size_mm"] == pytest.approx([100, 50, 20], abs=0.01)
    assert told["volume_mm3"] == pytest.approx(100_000, rel=1e-4)
    assert told["area_mm2"] == pytest.approx(16_000, rel=1e-4)
    assert told["thinnest_wall_mm"] == pytest.approx(20, abs=0.05)
    assert told["uv_overlap"] == 0
    assert told["texture_size"] == 512
    assert told["deviation_mm"] < 0.05
    assert told["printability"] == {"printable": True, "hints": []}
    msgspec.json.encode(told)


def test_hollow_bodies_tell_the_thickness_of_their_wall() -> None:
    cup = without(block((0, 0.05, 0), (0.05, 0.05, 0.05)), block((0, 0.056, 0), (0.047, 0.05, 0.047)))
    field = Field(Parts((cup,), ((-0.05, 0, -0.05), (0.05, 0.1, 0.05))))
    assert thinnest_wall(extract(field, sample(field, 80))) == pytest.approx(0.003, abs=1e-4)


def test_two_bodies_are_counted_and_mentioned(tmp_path: Path) -> None:
    pair = Parts(
        (ball((-0.1, 0.05, 0), 0.05), ball((0.1, 0.05, 0), 0.05)),
        ((-0.15, 0, -0.05), (0.15, 0.1, 0.05)),
        material_of_part=(0, 0),
    )
    told = build(pair, DRAFT, RecordedRun(tmp_path)).report
    assert (told["components"], told["genus"]) == (2, 0)
    hints = " ".join(told["printability"]["hints"])
    assert "2 separate bodies" in hints
    assert "supports" in hints
    assert "flat base" in hints


def test_a_sheet_too_thin_for_a_nozzle_is_not_called_printable() -> None:
    field = Field(box(0.05, 0.05, 0.0005))
    mesh = extract(field, sample(field, 200))
    wall = thinnest_wall(mesh)
    assert wall == pytest.approx(0.0005, rel=0.05)
    told = printability(mesh, [], wall, 1)
    assert not told["printable"]
    assert "0.5 mm" in told["hints"][0]


def test_a_clean_mesh_has_no_faults() -> None:
    assert faults(TETRAHEDRON) == []
    require_clean(TETRAHEDRON)


def moved(mesh: Mesh, by: list[float]) -> Mesh:
    return Mesh(mesh.vertices + by, mesh.faces)


def joined(one: Mesh, two: Mesh) -> Mesh:
    return Mesh(
        np.concatenate([one.vertices, two.vertices]), np.concatenate([one.faces, two.faces + len(one.vertices)])
    )


TURNED = Mesh(TETRAHEDRON.vertices * [-1, -1, 1], TETRAHEDRON.faces)
FLAT = Mesh(
    np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0]], float),
    np.array([[0, 4, 1], [0, 2, 4], [1, 4, 2], [0, 1, 3], [0, 3, 2], [1, 2, 3]], np.int32),
)


@pytest.mark.parametrize(
    ("mesh", "fault"),
    [
        (Mesh(TETRAHEDRON.vertices, TETRAHEDRON.faces[1:]), "it is not watertight"),
        (Mesh(TETRAHEDRON.vertices, TETRAHEDRON.faces[:, ::-1]), "its volume is not positive"),
        (Mesh(TETRAHEDRON.vertices * [1, np.nan, 1], TETRAHEDRON.faces), "it has corners that are not finite"),
        (Mesh(TETRAHEDRON.vertices, TETRAHEDRON.faces[:0]), "it has no faces"),
        (joined(TETRAHEDRON, TURNED), "an edge has more than two faces"),
        (joined(TETRAHEDRON, moved(TETRAHEDRON, [1, 0, 0])), "two parts touch in a single point"),
        (FLAT, "it has faces without area"),
    ],
    ids=["hole", "inside out", "not a number", "nothing", "shared edge", "shared point", "no area"],
)
def test_the_gate_names_what_is_wrong_and_lets_nothing_through(mesh: Mesh, fault: str) -> None:
    assert fault in faults(mesh)
    with pytest.raises(Permanent) as refusal:
        require_clean(mesh)
    assert refusal.value.code == "mesh-invalid"
    assert fault in refusal.value.message
