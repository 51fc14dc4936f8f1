"""How large what `lathe/form` makes comes out: the lengths asked for are those of the finished object."""

import numpy as np
import pytest

from ml_worker.engines.form.answer import understood
from ml_worker.engines.form.make import make_solid, make_wish
from ml_worker.engines.form.sizing import SIDES, sides
from tests.engines.form_reading import READER, solid


def size_of(prompt: str) -> dict[str, float]:
    low, high = np.asarray(solid(prompt).bounds)
    return dict(zip(SIDES, (high - low).tolist(), strict=True))


@pytest.mark.parametrize(
    ("prompt", "asked"),
    [
        ("a car 185 cm wide, 410 cm deep and 148 cm tall", {"width": 1.85, "depth": 4.1, "height": 1.48}),
        ("a pickup 198 cm wide, 530 cm deep and 184 cm tall", {"width": 1.98, "depth": 5.3, "height": 1.84}),
        ("a car 10 m long and 2 m wide", {"depth": 10.0, "width": 2.0}),
        ("a tumbler 10.6 cm wide and 11 cm tall", {"width": 0.106, "height": 0.11}),
        ("a desk lamp 26.6 cm wide and 42 cm tall", {"width": 0.266, "height": 0.42}),
        ("a bare tree 2 m tall and 3 m wide", {"width": 3.0, "height": 2.0}),
        ("a windsor chair 45 cm wide, 48 cm deep and 90 cm tall", {"width": 0.45, "depth": 0.48, "height": 0.9}),
        ("a fir 8 m tall and 2 m wide", {"height": 8.0, "width": 2.0}),
        ("a house 10 m wide, 8 m deep and 7 m tall", {"width": 10.0, "depth": 8.0, "height": 7.0}),
        ("a vase 20 cm wide and 40 cm tall with two handles", {"width": 0.2, "height": 0.4}),
    ],
)
def test_every_measured_side_is_met(prompt: str, asked: dict[str, float]) -> None:
    got = size_of(prompt)
    assert {side: got[side] for side in asked} == pytest.approx(asked, rel=0.02)


def test_a_side_that_cannot_be_met_is_told() -> None:
    request = READER.read("a desk lamp 60 cm tall and 32 cm deep")
    make_solid(request, make_wish(request, 0))
    assert any("depth came out as" in note for note in request.notes)


def test_flowers_stand_above_the_asked_height_of_their_vase() -> None:
    assert size_of("a vase 30 cm tall and 17 cm wide with a flower")["height"] > 0.4


@pytest.mark.parametrize("prompt", ["a mug 20 cm tall and 10 cm wide", "a vase with a flower", "a house"])
def test_the_answer_tells_the_size_of_what_was_made(prompt: str) -> None:
    request = READER.read(prompt)
    body = make_solid(request, make_wish(request, 0))
    low, high = np.asarray(body.bounds)
    told = understood(request, body)["size_m"]
    assert list(told.values()) == pytest.approx((high - low).tolist(), abs=1e-4)


@pytest.mark.parametrize(
    ("prompt", "height"),
    [
        ("a table 2 m long", 0.74), ("a table 4 m long", 0.74), ("a table 2 m x 1 m", 0.74), ("a desk 2 m wide", 0.75),
        ("a bookshelf 2 m wide", 1.8), ("a chair 60 cm wide", 0.9), ("a round table 60 cm wide", 0.74 * 0.909),
    ],
)  # fmt: skip
def test_a_longer_table_is_no_taller(prompt: str, height: float) -> None:
    assert sides(READER.read(prompt))[1] == pytest.approx(height, rel=0.1)


def test_a_small_table_is_small_in_height_too() -> None:
    assert sides(READER.read("a table 20 cm long"))[1] < 0.25


def test_a_chair_without_a_back_has_its_seat_where_chairs_have_it() -> None:
    assert size_of("a chair without a back")["height"] == pytest.approx(0.46, abs=0.01)
    assert size_of("a chair 60 cm tall without a back")["height"] == pytest.approx(0.6, abs=0.01)
    assert size_of("a bar stool")["height"] == pytest.approx(0.74, abs=0.02)


def test_the_stretchers_of_a_chair_without_a_back_end_at_its_legs() -> None:
    joined, plain = size_of("a chair without a back"), size_of("a chair without a back and stretchers")
    assert joined["depth"] == pytest.approx(plain["depth"], abs=1e-3)


def test_the_diameter_of_a_mug_is_that_of_its_body() -> None:
    assert size_of("a mug 10 cm high with a diameter of 8 cm")["depth"] == pytest.approx(0.08, rel=0.01)


@pytest.mark.parametrize("prompt", ["a mug 6 cm tall, 15 cm wide", "a wide mug", "a mug 20 cm tall and 10 cm wide"])
def test_the_handle_of_a_mug_grows_with_its_body(prompt: str) -> None:
    got = size_of(prompt)
    assert got["width"] / got["depth"] == pytest.approx(0.118 / 0.084, rel=0.05)


def test_a_mug_without_a_handle_is_as_wide_as_deep() -> None:
    width, _, depth = sides(READER.read("a teacup without a handle"))
    assert width == depth == pytest.approx(0.096)


def test_a_round_coffee_table_is_round() -> None:
    width, _, depth = sides(READER.read("a round coffee table"))
    assert width == depth
