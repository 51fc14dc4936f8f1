"""Every family of `lathe/form`, in many variants: one clean, closed, standing body in the wanted size and colours."""

import numpy as np
import pytest
import torch

from ml_worker.engines.form.families.registry import FAMILIES
from ml_worker.engines.form.make import detail, make_wish
from ml_worker.engines.form.materials import make
from ml_worker.engines.form.palette import COLORS
from ml_worker.engines.form.sizing import sides
from ml_worker.engines.form.solid import rows
from ml_worker.mesh.extract import FLUSH, REACH, extract
from ml_worker.mesh.gate import assert_printable
from ml_worker.mesh.lattice import Field, resolution, sample
from ml_worker.mesh.mesh import Mesh
from ml_worker.mesh.normals import corner_normals
from ml_worker.mesh.simplify import as_manifold, simplify
from ml_worker.mesh.solid import Solid
from ml_worker.mesh.tidy import drawn_apart, without_crumbs
from tests.engines.form_reading import READER, solid

VARIANTS = [
    "a chair", "a red wooden chair with four legs", "a windsor chair", "a chair with five legs and no stretcher",
    "a chair with a cushion, two arms and 5 slats", "a three-legged stool", "a bar stool", "an armchair",
    "a table", "a round table with one leg", "an oval table with six legs", "a table with two legs",
    "a desk with 4 drawers", "a coffee table", "a nightstand", "a square table with thick legs",
    "a mug", "a teacup with a saucer", "a mug with two handles", "a handleless round cup with coffee", "a tumbler",
    "a classic vase", "a bottle vase", "a flared ribbed vase", "a straight twisted vase", "an amphora",
    "a vase with five flowers", "a bowl", "a fruit bowl", "a ribbed flared bowl", "a plate",
    "a lamp", "a lamp with a drum shade", "a floor lamp", "a floor lamp with 3 legs", "a desk lamp", "a house",
    "a house with 4 floors, two chimneys and shutters", "a cottage", "a villa", "a log cabin without windows",
    "a car", "a sedan", "a suv", "a sports car with a spoiler", "a pickup", "a van", "a taxi",
    "a tree", "an apple tree", "a fir tree", "a christmas tree", "a palm tree", "a bare tree",
    "a bookshelf", "an empty bookshelf with 2 shelves", "a bookshelf with four legs and two doors",
    "a bookshelf without a back",
]  # fmt: skip


def meshed(body: Solid, fineness: float) -> Mesh:
    """As the pipeline does in draft quality."""
    field = Field(body)
    cells = min(max(resolution(field, 16_000, 56, 160), round(56 * fineness)), 160)
    dense = without_crumbs(extract(field, sample(field, cells)))
    lean = simplify(dense, 12_000, float(np.ptp(dense.vertices, axis=0).max()) * 5e-4).mesh
    return drawn_apart(without_crumbs(lean))


def test_every_family_and_variant_is_among_the_prompts() -> None:
    read = [READER.read(prompt) for prompt in VARIANTS]
    assert {request.family.id for request in read} == set(FAMILIES)


@pytest.mark.parametrize("prompt", VARIANTS)
def test_it_is_one_clean_body_of_the_right_size(prompt: str) -> None:
    request = READER.read(prompt)
    body = solid(prompt)
    mesh = meshed(body, detail(request, make_wish(request, 0)))
    assert_printable(mesh)
    assert len(as_manifold(mesh).decompose()) == 1
    low, high = mesh.bounds()
    step = float((high - low).max()) / 56
    assert low[1] == pytest.approx(0, abs=step / 2)
    assert np.abs(low + high)[[0, 2]].max() < step
    assert np.abs(np.stack([low, high]) - np.asarray(body.bounds)).max() < step
    if not {"flower", "saucer", "handle"} & set(request.counts):
        wanted = np.asarray(sides(request))
        assert (np.abs(high - low - wanted) < 0.2 * wanted.max()).all()


@pytest.mark.parametrize(
    ("prompt", "side", "metres"),
    [
        ("a chair 1 m tall", 1, 1.0), ("a table 2 m wide", 0, 2.0), ("a mug 12 cm tall", 1, 0.12),
        ("a 30 cm tall vase", 1, 0.3), ("a bowl 40 cm wide", 0, 0.4), ("a floor lamp 180 cm tall", 1, 1.8),
        ("a house 10 m wide", 0, 10.0), ("a car 15 cm deep", 2, 0.15), ("a 7 m tall tree", 1, 7.0),
        ("a bookshelf 2.2 m tall", 1, 2.2),
    ],
)  # fmt: skip
def test_a_measured_side_is_met(prompt: str, side: int, metres: float) -> None:
    low, high = np.asarray(solid(prompt).bounds)
    assert high[side] - low[side] == pytest.approx(metres, rel=0.005)


@pytest.mark.parametrize(
    ("prompt", "color"),
    [
        ("a crimson chair", "crimson"), ("a teal table", "teal"), ("a blue mug", "blue"), ("a lilac vase", "lilac"),
        ("a mint bowl", "mint"), ("a navy desk lamp", "navy"), ("a house with a purple roof", "purple"),
        ("a yellow car", "yellow"), ("a tree with orange leaves", "orange"), ("a white bookshelf", "white"),
        ("a chair with black legs", "black"), ("a christmas tree with pink baubles", "pink"),
        ("a lemon tree", "yellow"), ("a bowl with 3 oranges", "orange"),
    ],
)  # fmt: skip
def test_the_asked_colour_is_on_the_surface(prompt: str, color: str) -> None:
    body = solid(prompt)
    points = on_surface(body)
    seen = {body.materials[i].color for i in set(body.material(points).tolist())}
    assert COLORS[color] in seen


def on_surface(body: Solid) -> torch.Tensor:
    """(N, 3) points on the surface, all over it."""
    low, high = (torch.tensor(corner) for corner in body.bounds)
    points = low + (high - low) * torch.rand(1500, 3, generator=torch.Generator().manual_seed(1))
    step = float((high - low).max()) * 1e-3
    for _ in range(8):
        shifts = [torch.tensor(axis) * step for axis in ((1.0, 0, 0), (0, 1.0, 0), (0, 0, 1.0))]
        slope = torch.stack([body.distance(points + s) - body.distance(points - s) for s in shifts], dim=1)
        slope = torch.nn.functional.normalize(slope, dim=1)
        points = points - slope * body.distance(points)[:, None]
    return points[body.distance(points).abs() < step]


def test_a_material_gives_its_own_looks_unless_it_is_dyed() -> None:
    assert make("gold").metallic == 1.0
    assert make("oak").pattern == "wood"
    assert make("metal", COLORS["red"]).metallic == 0.0
    assert make("oak", COLORS["red"]).color == COLORS["red"]


@pytest.mark.parametrize(
    "prompt", ["a mug", "a teacup", "a round mug with thick walls", "a tapered mug with two handles"]
)
def test_a_mug_is_round_inside_where_its_handles_begin(prompt: str) -> None:
    body = solid(prompt)
    low, high = body.bounds
    axis = 0.0 if "two" in prompt else low[0] + (high[2] - low[2]) / 2
    turn, up = torch.meshgrid(torch.linspace(0, 2 * torch.pi, 73), torch.linspace(0.5, 0.93, 40), indexing="ij")
    away = torch.zeros_like(turn)
    for _ in range(60):
        points = torch.stack([axis + away * turn.cos(), up * high[1], away * turn.sin()], dim=2)
        away += body.distance(points.reshape(-1, 3)).view(turn.shape)
    assert away.min() > 0.5 * high[2]
    assert (away.amax(dim=0) - away.amin(dim=0)).max() < 2e-3 * high[2]


def test_long_faces_below_a_round_rim_are_not_parted_from_it() -> None:
    body = solid("a handleless teacup")
    field = Field(body)
    lattice = sample(field, 93)
    lean = simplify(extract(field, lattice, FLUSH), 12_000, 2.5e-4 * 2 * body.bounds[1][0]).mesh
    _, group = corner_normals(lean, field, lattice.step * REACH)
    upper = lean.faces.ravel()[lean.vertices[lean.faces.ravel(), 1] > 0.5 * body.bounds[1][1]]
    shared = {(vertex, number) for vertex, number in zip(lean.faces.ravel().tolist(), group.tolist(), strict=True)}
    normals = np.bincount([vertex for vertex, _ in shared])
    assert len(upper) > 3_000
    assert (normals[upper] == 1).all()


@pytest.mark.parametrize("count", range(1, 13))
def test_several_objects_stand_apart(count: int) -> None:
    one = solid("a mug")
    places = rows(one, count)
    width, _, depth = one.bounds[1]
    assert len(places) == count
    for number, (x, z) in enumerate(places):
        assert all(abs(x - u) > 2 * width or abs(z - v) > 2 * depth for u, v in places[:number])
    assert max(x for x, _ in places) == pytest.approx(-min(x for x, _ in places))
    assert max(z for _, z in places) == pytest.approx(-min(z for _, z in places))


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_the_seed_decides_and_nothing_else(family: str) -> None:
    points = torch.rand(2000, 3, generator=torch.Generator().manual_seed(3)) - torch.tensor([0.5, 0.0, 0.5])
    scale = max(FAMILIES[family].size)
    first, again, other = (solid(f"a {family}", seed).distance(points * scale) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("fruits", ["an orange", "2 oranges", "3 apples", "5 apples"])
@pytest.mark.parametrize("bowl", ["bowl", "ribbed flared bowl", "plate"])
def test_a_few_fruits_rest_on_the_floor_of_the_bowl(bowl: str, fruits: str) -> None:
    body = solid(f"a {bowl} with {fruits}")
    assert len(as_manifold(meshed(body, 1.0)).decompose()) == 1
    radius, height, _ = solid(f"a {bowl}").bounds[1]
    angle = torch.linspace(0, 2 * torch.pi, 73)
    out = 0.0 if fruits == "5 apples" else 0.4 * radius
    around = torch.stack([angle.sin() * out, 0 * angle + 0.55 * height, angle.cos() * out], dim=1)
    assert bowl == "plate" or (body.distance(around) > 0.02 * radius).any()
