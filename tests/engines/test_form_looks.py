"""What is seen of an object of `lathe/form`: how many of each part, where they are, and in what colours."""

import pytest
import torch

from ml_worker.engines.form.make import make_wish
from ml_worker.engines.form.palette import COLORS
from ml_worker.engines.port import BadInput
from tests.engines.form_reading import READER, solid
from tests.engines.test_form_families import on_surface


def inside(prompt: str, *places: tuple[float, float, float]) -> list[bool]:
    """Is there something at each place? Places are shares of the bounds: of half the width and depth, of the height."""
    body = solid(prompt)
    width, height, depth = body.bounds[1]
    points = torch.tensor([(x * width, y * height, z * depth) for x, y, z in places])
    return [distance < 0 for distance in body.distance(points).tolist()]


CORNER = (0.97, 0.98, 0.96)


@pytest.mark.parametrize("prompt", ["a rectangular table with six legs", "a table with 6 legs", "a table with 8 legs"])
def test_an_even_number_of_legs_stands_in_two_rows_under_a_rectangular_top(prompt: str) -> None:
    middle = 0.0 if "8" not in prompt else 0.3
    assert inside(prompt, CORNER, (middle, 0.1, 0.86), (-middle, 0.1, -0.86)) == [True] * 3
    assert inside("a table", CORNER, (middle, 0.1, 0.86), (-middle, 0.1, -0.86)) == [True, False, False]


@pytest.mark.parametrize("prompt", ["a rectangular table with 5 legs", "a square table with 3 legs"])
def test_a_table_keeps_the_shape_that_was_asked_for(prompt: str) -> None:
    with pytest.raises(BadInput, match="only a round or an oval one"):
        make_wish(READER.read(prompt), 0)


def test_a_seat_keeps_the_shape_that_was_asked_for() -> None:
    with pytest.raises(BadInput, match="square seat"):
        make_wish(READER.read("a square chair with 6 legs"), 0)


@pytest.mark.parametrize(
    ("prompt", "note"),
    [
        ("a table with 3 legs", "its top is oval"),
        ("a chair with 5 legs", "its seat is round"),
        ("a stool on 3 legs", ""),
    ],
)
def test_a_shape_that_nobody_asked_for_is_told(prompt: str, note: str) -> None:
    request = READER.read(prompt)
    make_wish(request, 0)
    assert note in "".join(request.notes)
    assert bool(request.notes) == bool(note)


def test_a_flat_roof_leaves_room_for_windows() -> None:
    make_wish(READER.read("a two-storey house with a flat roof and 5 windows"), 0)
    with pytest.raises(BadInput, match="room for 5 windows"):
        make_wish(READER.read("a two-storey house with a flat roof and 6 windows"), 0)


@pytest.mark.parametrize("prompt", ["a white mug with polka dots", "a striped white mug without a handle"])
def test_a_pattern_is_only_outside_and_in_navy_on_white(prompt: str) -> None:
    assert patterned(prompt, 0.0, 0.85) == 0
    assert patterned(prompt, 0.9, 2.0) > 20


def test_the_stripes_of_a_bowl_are_only_outside() -> None:
    # At the upper half of a bowl the inner side of the wall is that much nearer to the axis.
    assert patterned("a striped white bowl", 0.0, 0.82, above=0.5) == 0
    assert patterned("a striped white bowl", 0.86, 2.0, above=0.5) > 5


def patterned(prompt: str, least: float, most: float, above: float = 0.1) -> int:
    """How many places on the surface, so far from the axis (as a share of half the depth), are navy."""
    body = solid(prompt)
    points = on_surface(body)
    centre = body.bounds[0][0] + body.bounds[1][2]
    away = torch.hypot(points[:, 0] - centre, points[:, 2]) / body.bounds[1][2]
    points = points[(away > least) & (away < most) & (points[:, 1] > above * body.bounds[1][1])]
    return sum(body.materials[i].color == COLORS["navy"] for i in body.material(points).tolist())


@pytest.mark.parametrize("prompt", ["a snowy pine tree", "a snowy tree", "a snowy bare tree", "a snowy palm"])
def test_snow_lies_on_a_tree_where_it_looks_up(prompt: str) -> None:
    body = solid(prompt)
    points = on_surface(body)
    seen = torch.tensor([body.materials[i].name == "snow" for i in body.material(points).tolist()])
    step = 1e-3 * body.bounds[1][1]
    up = torch.tensor([0.0, step, 0.0])
    rise = (body.distance(points + up) - body.distance(points - up)) / (2 * step)
    assert 0.02 < seen.float().mean() < 0.9
    assert rise[seen].median() > 0.3
    assert (rise[seen] < -0.2).float().mean() < 0.05


def test_a_blossoming_tree_is_full_of_pink_blossom() -> None:
    request = READER.read("a cherry blossom tree")
    wish = make_wish(request, 0)
    assert wish.count("flower") == 60
    assert wish.finish("leaf", "leaves", follow="color").color == COLORS["pink"]


@pytest.mark.parametrize("prompt", ["a leather armchair", "a green velvet chair", "a leather stool"])
def test_soft_stuff_is_where_one_sits_and_wood_bears_it(prompt: str) -> None:
    patterns = {material.name: material.pattern for material in solid(prompt).materials}
    assert patterns["seat"] in ("leather", "fabric")
    assert patterns["leg"] == "wood"
    assert patterns.get("cushion", patterns["seat"]) == patterns["seat"]


def test_many_drawers_of_a_narrow_table_are_in_two_rows() -> None:
    fronts = [(0.4, 0.85, 0.85), (0.4, 0.66, 0.85)]
    assert inside("a nightstand with 4 drawers", *fronts) == [True, True]
    assert inside("a nightstand with 2 drawers", *fronts) == [True, False]


def test_doors_of_a_bookshelf_part_and_have_knobs_to_see() -> None:
    body = solid("a bookshelf with two doors")
    knobs = [i for i, material in enumerate(body.materials) if material.name == "knob"]
    width, _, depth = body.bounds[1]
    points = torch.rand(40_000, 3) * torch.tensor([0.2 * width, 0.6, 0.1]) + torch.tensor([-0.1 * width, 0, depth])
    points -= torch.tensor([0.0, 0.0, 0.1])
    held = (body.distance(points) < 0) & torch.isin(body.material(points), torch.tensor(knobs))
    low, high = points[held].amin(dim=0), points[held].amax(dim=0)
    assert (high - low)[1] > 0.018
    gap = torch.tensor([[0.0, 0.2, z] for z in torch.linspace(depth - 0.045, depth, 60).tolist()])
    leaf = gap + torch.tensor([0.02, 0.0, 0.0])
    assert (body.distance(leaf) < 0).sum() > (body.distance(gap) < 0).sum() + 8


def test_a_toy_car_is_a_toy() -> None:
    assert solid("a toy car").bounds[1][2] * 2 == pytest.approx(0.15, abs=0.01)
