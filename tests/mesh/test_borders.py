"""Triangles are cut where the kind of surface changes, and the body stays whole."""

import numpy as np
import pytest
import trimesh

from ml_worker.mesh.borders import LEAST, cut_at_borders
from ml_worker.mesh.gate import assert_printable
from ml_worker.mesh.mesh import Mesh


def bar() -> Mesh:
    """12 triangles, 1 m long: every side edge runs through all that is between the ends."""
    given = trimesh.creation.box((0.1, 1.0, 0.1))
    return Mesh(np.asarray(given.vertices, float), given.faces.astype(np.int32))


def rough_ball() -> Mesh:
    given = trimesh.creation.icosphere(subdivisions=2, radius=0.5)
    return Mesh(np.asarray(given.vertices, float), given.faces.astype(np.int32))


def band(points: np.ndarray) -> np.ndarray:
    """Another kind in the middle: the ends are alike."""
    return np.asarray((np.abs(points[:, 1]) < 0.23).astype(np.int64))


def slope(points: np.ndarray) -> np.ndarray:
    """Three kinds, aslant."""
    return np.asarray(np.digitize(points @ np.array([0.6, 0.7, 0.3], np.float32), [-0.11, 0.17]))


def wrongly_shown(mesh: Mesh, kind: object) -> float:
    """Share of the area that shows another kind than its triangle's centre."""
    corners = mesh.corners()
    weights = np.random.default_rng(0).dirichlet((1, 1, 1), 60)
    assert callable(kind)
    centre = kind(corners.mean(axis=1).astype(np.float32))
    points = np.einsum("sk,fkc->fsc", weights, corners).reshape(-1, 3).astype(np.float32)
    other = kind(points).reshape(len(corners), -1) != centre[:, None]
    area = np.linalg.norm(mesh.cross(), axis=1)
    return float((other.mean(axis=1) * area).sum() / area.sum())


@pytest.mark.parametrize("mesh", [bar(), rough_ball()], ids=["bar", "ball"])
@pytest.mark.parametrize("kind", [band, slope])
def test_each_triangle_shows_one_kind_and_the_surface_is_the_same(mesh: Mesh, kind: object) -> None:
    assert callable(kind)
    cut = cut_at_borders(mesh, kind)
    assert wrongly_shown(mesh, kind) > 0.02
    assert wrongly_shown(cut, kind) < 4 * LEAST
    assert_printable(cut)
    assert cut.volume() == pytest.approx(mesh.volume(), rel=1e-9)
    assert cut.area() == pytest.approx(mesh.area(), rel=1e-9)
    assert np.array_equal(cut.vertices[: len(mesh.vertices)], mesh.vertices)
    assert len(cut.faces) < 8 * len(mesh.faces)


def test_without_a_border_nothing_is_cut() -> None:
    same = cut_at_borders(bar(), lambda points: np.zeros(len(points), np.int64))
    assert np.array_equal(same.faces, bar().faces)
    assert np.array_equal(same.vertices, bar().vertices)
