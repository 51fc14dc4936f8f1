import numpy as np
import pytest

from ml_worker.engines.port import Permanent
from ml_worker.mesh.extract import extract
from ml_worker.mesh.gate import assert_printable
from ml_worker.mesh.lattice import Field, sample
from ml_worker.mesh.mesh import Mesh
from ml_worker.mesh.normals import corner_normals
from ml_worker.mesh.simplify import simplify
from tests.mesh.solids import Parts, box, sphere, stool, torus


def dense(solid: Parts, cells: int = 80) -> tuple[Mesh, Field]:
    field = Field(solid)
    return extract(field, sample(field, cells)), field


@pytest.mark.parametrize("solid", [sphere(), torus(), stool()], ids=["sphere", "torus", "stool"])
@pytest.mark.parametrize("target", [2_000, 6_000])
def test_the_face_budget_is_kept_and_the_surface_stays_within_the_tolerance(solid: Parts, target: int) -> None:
    mesh, field = dense(solid)
    lean = simplify(mesh, target, 1e-4)
    assert_printable(lean.mesh)
    assert len(lean.mesh.faces) <= target

    def off(surface: Mesh) -> float:
        return float(np.abs(field.distance(np.concatenate([surface.corners().mean(axis=1), surface.vertices]))).max())

    assert off(lean.mesh) <= off(mesh) + 3 * lean.tolerance


@pytest.mark.parametrize("solid", [sphere(), torus()], ids=["sphere", "torus"])
def test_a_mesh_of_many_times_its_budget_uses_it_up_and_ends_as_close_as_a_coarser_one(solid: Parts) -> None:
    def lean(cells: int, tolerance: float) -> tuple[int, float]:
        mesh, field = dense(solid, cells)
        found = simplify(mesh, 12_000, tolerance).mesh
        return len(found.faces), float(np.abs(field.distance(found.corners().mean(axis=1))).max())

    (_, standard), (faces, high) = lean(88, 2.5e-4), lean(180, 1e-4)
    assert 0.8 * 12_000 <= faces <= 12_000
    assert high <= 1.2 * standard  # the budget is what bounds both


def test_the_error_bound_goes_before_the_face_budget() -> None:
    mesh, field = dense(sphere())
    lean = simplify(mesh, 50, 1e-4).mesh
    assert len(lean.faces) > 50
    assert np.abs(field.distance(lean.corners().mean(axis=1))).max() < 0.018


def test_flat_sides_shrink_to_few_triangles_and_keep_their_edges() -> None:
    mesh, _ = dense(box())
    lean = simplify(mesh, 12_000, 2e-5).mesh
    assert len(mesh.faces) > 5_000
    assert len(lean.faces) <= 30
    assert np.allclose(lean.bounds(), [[-0.05, 0, -0.01], [0.05, 0.05, 0.01]], atol=1e-6)


def test_an_open_surface_is_refused() -> None:
    mesh, _ = dense(box(), 24)
    with pytest.raises(Permanent) as refusal:
        simplify(Mesh(mesh.vertices, mesh.faces[1:]), 1000, 1e-5)
    assert refusal.value.code == "mesh-invalid"


def test_normals_part_at_edges_and_run_smoothly_over_round_sides() -> None:
    mesh, field = dense(box())
    lean = simplify(mesh, 12_000, 2e-5).mesh
    normals, _ = corner_normals(lean, field)
    assert np.allclose(np.abs(normals).max(axis=1), 1, atol=1e-3)  # every corner: one of the six directions

    mesh, field = dense(sphere())
    lean = simplify(mesh, 2_000, 1e-4).mesh
    normals, group = corner_normals(lean, field)
    outward = lean.corners().reshape(-1, 3) - [0, 0.5, 0]
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    assert np.degrees(np.arccos(np.clip((normals * outward).sum(axis=1), -1, 1))).max() < 1.5
    assert group.max() + 1 == len(lean.vertices)  # one normal a vertex
