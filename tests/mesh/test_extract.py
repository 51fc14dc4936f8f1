from math import pi

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_worker.engines.port import Cancelled, Permanent
from ml_worker.mesh.extract import extract
from ml_worker.mesh.gate import assert_printable
from ml_worker.mesh.lattice import Field, resolution, sample
from ml_worker.mesh.mesh import Mesh
from ml_worker.mesh.report import genus, shells
from tests.mesh.solids import Distance, Parts, ball, block, box, ring, rod, sphere, stool, torus, without


def surface(solid: Parts, cells: int) -> Mesh:
    field = Field(solid)
    return extract(field, sample(field, cells))


@pytest.mark.parametrize(
    ("solid", "volume", "area"),
    [
        (sphere(), 4 / 3 * pi * 0.5**3, pi),
        (box(), 1e-4, 2 * (0.1 * 0.05 + 0.1 * 0.02 + 0.05 * 0.02)),
        (torus(), 2 * pi**2 * 0.4 * 0.1**2, 4 * pi**2 * 0.4 * 0.1),
    ],
    ids=["sphere", "box", "torus"],
)
def test_volume_and_area_are_those_of_the_exact_shape(solid: Parts, volume: float, area: float) -> None:
    mesh = surface(solid, 64)
    assert_printable(mesh)
    assert mesh.volume() == pytest.approx(volume, rel=0.005)
    assert mesh.area() == pytest.approx(area, rel=0.005)


def test_corners_and_edges_of_a_box_are_exact() -> None:
    mesh = surface(box(), 48)
    corners = np.array([[x, y, z] for x in (-0.05, 0.05) for y in (0, 0.05) for z in (-0.01, 0.01)])
    nearest = np.linalg.norm(mesh.vertices[:, None] - corners, axis=2).min(axis=0)
    assert nearest.max() < 2e-6
    assert np.allclose(mesh.bounds(), [[-0.05, 0, -0.01], [0.05, 0.05, 0.01]], atol=2e-6)


def test_a_round_rim_is_crisp() -> None:
    solid = Parts(
        (without(block((0, 0.5, 0), (0.5, 0.5, 0.5)), rod((0, 0.9, 0), 0.3, 0.3)),), ((-0.5, 0, -0.5), (0.5, 1, 0.5))
    )
    mesh = surface(solid, 64)
    step = 1 / 64
    off = np.stack([np.hypot(mesh.vertices[:, 0], mesh.vertices[:, 2]) - 0.3, mesh.vertices[:, 1] - 1], axis=1)
    at = np.floor((np.arctan2(mesh.vertices[:, 2], mesh.vertices[:, 0]) / (2 * pi) + 0.5) * 60).astype(int)
    nearest = np.array([np.abs(off[at == sector]).max(axis=1).min() for sector in range(60)])
    assert nearest.max() < 0.04 * step  # in every sector of the circle a vertex sits on the very rim


@pytest.mark.parametrize("holes", [0, 1, 3])
def test_genus_counts_the_holes(holes: int) -> None:
    plate = block((0, 0.05, 0), (0.5, 0.05, 0.15))
    drilled = without(plate, *(rod((-0.3 + 0.3 * n, 0.05, 0), 0.08, 0.2) for n in range(holes)))
    mesh = surface(Parts((drilled,), ((-0.5, 0, -0.15), (0.5, 0.1, 0.15))), 64)
    assert (genus(mesh), shells(mesh)) == (holes, 1)


centres = st.tuples(*[st.floats(-0.3, 0.3).map(lambda x: round(x, 3))] * 3)
sizes = st.floats(0.06, 0.3).map(lambda x: round(x, 3))


@st.composite
def shapes(draw: st.DrawFn) -> Distance:
    kind, centre, size = draw(st.sampled_from(["ball", "block", "rod", "ring"])), draw(centres), draw(sizes)
    match kind:
        case "ball":
            return ball(centre, size)
        case "block":
            return block(centre, (size, draw(sizes), draw(sizes)))
        case "rod":
            return rod(centre, size, draw(sizes))
        case _:
            return ring(centre, size, size / 3)


@given(added=st.lists(shapes(), min_size=1, max_size=4), taken=st.lists(shapes(), max_size=3))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
def test_any_sum_and_difference_of_shapes_comes_out_closed_and_manifold(
    added: list[Distance], taken: list[Distance]
) -> None:
    whole = Parts(tuple(without(part, *taken) for part in added), ((-0.7,) * 3, (0.7,) * 3))
    try:
        mesh = surface(whole, 36)
    except Permanent as refusal:
        if refusal.code != "empty":  # everything was taken away
            raise
        return
    tiny = Mesh(mesh.vertices.astype(np.float32).astype(np.float64), mesh.faces)
    edges = np.sort(tiny.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    _, count = np.unique(edges, axis=0, return_counts=True)
    assert (count == 2).all()
    assert tiny.volume() > 0


def test_only_the_neighbourhood_of_the_surface_is_sampled() -> None:
    field = Field(stool())
    sample(field, 192)
    assert field.queries < 192**3 * 0.12


def test_spindly_things_get_finer_steps_than_round_ones() -> None:
    wires = tuple(rod((x, 0.5, z), 0.01, 0.5) for x in (-0.1, 0.1) for z in (-0.1, 0.1))
    spindly = Parts(wires, ((-0.11, 0, -0.11), (0.11, 1, 0.11)))
    assert resolution(Field(spindly), 45_000, 64, 400) > 1.5 * resolution(Field(sphere()), 45_000, 64, 400)


def test_a_field_that_overstates_distances_still_closes() -> None:
    honest = sphere()
    lying = Parts((lambda p: honest.distance(p) * 2.5,), honest.bounds)
    mesh = surface(lying, 64)
    assert_printable(mesh)
    assert mesh.volume() == pytest.approx(4 / 3 * pi * 0.5**3, rel=0.005)


def test_bounds_that_are_a_little_too_small_are_widened() -> None:
    mesh = surface(Parts((ball((0, 0, 0), 0.5),), ((-0.46,) * 3, (0.46,) * 3)), 48)
    assert_printable(mesh)
    assert np.allclose(mesh.bounds(), [[-0.5] * 3, [0.5] * 3], atol=2e-3)


@pytest.mark.parametrize(
    ("distance", "code"),
    [
        (lambda p: p[:, 1], "field-unbounded"),
        (lambda p: p.norm(dim=1) + 1, "empty"),
        (lambda p: torch.full((len(p),), float("nan")), "field-invalid"),
    ],
    ids=["half space", "nothing", "not a number"],
)
def test_fields_that_are_no_solid_are_refused(distance: Distance, code: str) -> None:
    with pytest.raises(Permanent) as refusal:
        surface(Parts((distance,), ((-0.5,) * 3, (0.5,) * 3)), 32)
    assert refusal.value.code == code


def test_cancellation_is_looked_for_between_chunks() -> None:
    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        sample(Field(sphere(), watch=stop), 64)
