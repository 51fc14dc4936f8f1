"""Embree and libigl give the same hits, so a model looks the same on every machine."""

import numpy as np
import pytest
import trimesh

from ml_worker.mesh import rays
from ml_worker.mesh.mesh import Mesh
from ml_worker.mesh.rays import MISS, Rays

pytest.importorskip("embreex", reason="Embree has no build for this system")


@pytest.fixture(scope="module")
def mesh() -> Mesh:
    made = trimesh.creation.annulus(r_min=0.3, r_max=1.0, height=0.5, sections=64).subdivide()
    return Mesh(np.asarray(made.vertices, np.float64), np.asarray(made.faces, np.int32))


@pytest.fixture
def both(mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> tuple[Rays, Rays]:
    embree = Rays(mesh)
    monkeypatch.setattr(rays, "find_spec", lambda name: None)
    tree = Rays(mesh)
    assert type(embree._caster) is not type(tree._caster)
    return embree, tree


def some(count: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(7)
    origins, directions = random.normal(size=(2, count, 3))
    return origins * 2, directions / np.linalg.norm(directions, axis=1, keepdims=True)


def test_the_same_faces_distances_and_weights(both: tuple[Rays, Rays]) -> None:
    embree, tree = (caster.first_hit(*some(20_000)) for caster in both)
    same = embree[0] == tree[0]
    assert same.mean() > 0.999, "but for rays that pass an edge"
    hit = same & (embree[0] != MISS)
    assert hit.sum() > 500
    assert np.allclose(embree[1][hit], tree[1][hit], atol=1e-4)
    assert np.allclose(embree[2][hit], tree[2][hit], atol=1e-2)
    assert not np.isnan(tree[1]).any()


def test_the_same_distances_up_to_a_bound(both: tuple[Rays, Rays]) -> None:
    for far in (0.5, 2.0):
        embree, tree = (caster.distances(*some(20_000), far) for caster in both)
        assert embree.max() == tree.max() == far
        assert np.quantile(np.abs(embree - tree), 0.999) < 1e-4
