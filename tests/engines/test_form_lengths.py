"""Lengths in prompts of `lathe/form`: how they are written, and what they are the lengths of."""

import pytest

from ml_worker.engines.form.sizing import sides
from ml_worker.engines.port import BadInput
from tests.engines.form_reading import READER, told

SIDES = ("width", "height", "depth")

OF_A_PART = [
    ("car with 18 inch wheels", ["18 inch wheels"]),
    ("a car with 18 inch black wheels and a red roof", ["18 inch wheels"]),
    ("a car with 18 inch, black wheels", ["18 inch wheels"]),
    ("a car with four 18-inch wheels", ["18 inch wheels"]),
    ("a car with wheels of 18 inches", ["wheels 18 inches"]),
    ("a car, wheels 18 inch", ["wheels 18 inch"]),
    ("table with a 5 cm thick top", ["5 cm thick top"]),
    ("a 5 cm thick top table", ["5 cm thick top"]),
    ("a table with a top 3 cm thick made of oak", ["top 3 cm thick"]),
    ("a table 5 cm thick", ["5 cm thick"]),
    ("house with a door 2 m tall", ["door 2 m tall"]),
    ("a mug with a 2 cm handle", ["2 cm handle"]),
    ("a mug with a 5 cm rim", ["5 cm rim"]),
    ("a mug, 5 cm rim", ["5 cm rim"]),
    ("a chair with a seat of 45 cm", ["seat 45 cm"]),
    ("a chair with legs 40 cm long", ["legs 40 cm long"]),
    ("a chair. the seat is 45 cm high", ["seat 45 cm high"]),
    ("a tree with 2 m of trunk", ["2 m trunk"]),
    ("a table with ½ m legs", ["1/2 m legs"]),
    ("a vase with 3 feet", ["3 feet"]),
    ("chair, seat: 45 cm high", ["seat 45 cm high"]),
    ("a chair w 40 cm legs", ["40 cm legs"]),
    ("a chair 80-90 cm tall", ["80 90 cm tall"]),
]


@pytest.mark.parametrize(("prompt", "ignored"), OF_A_PART, ids=[prompt for prompt, _ in OF_A_PART])
def test_the_length_of_a_part_is_not_that_of_the_whole(prompt: str, ignored: list[str]) -> None:
    request = READER.read(prompt)
    assert request.ignored == ignored
    assert request.measures == {}


OF_BOTH = [
    ("a chair 90 cm tall with seat height 45 cm", {"height": 0.9}, ["seat height 45 cm"]),
    ("a chair 90 cm w black legs", {"height": 0.9}, []),
    ("lamp 40cm, shade 20cm", {"height": 0.4}, ["shade 20 cm"]),
    ("a table, top 3 cm thick, 75 cm high", {"height": 0.75}, ["top 3 cm thick"]),
    ("a table with four legs, 75 cm tall", {"height": 0.75}, []),
    ("a chair with a red seat, 90 cm tall", {"height": 0.9}, []),
    ("a chair with a height of 1 m and a red seat", {"height": 1.0}, []),
    ("a table with a 30 cm height and two drawers", {"height": 0.3}, []),
    ("a 120 cm wide four-drawer desk", {"width": 1.2}, []),
    ("a house 10 m wide two floors", {"width": 10.0}, []),
    ("two 30 cm vases", {"height": 0.3}, []),
]


@pytest.mark.parametrize(("prompt", "size", "ignored"), OF_BOTH, ids=[prompt for prompt, _, _ in OF_BOTH])
def test_the_length_of_the_whole_is_told_from_that_of_a_part(
    prompt: str, size: dict[str, float], ignored: list[str]
) -> None:
    request = READER.read(prompt)
    assert request.ignored == ignored
    measured = dict(zip(SIDES, sides(request), strict=True))
    assert {side: measured[side] for side in size} == pytest.approx(size)


WRITTEN = [
    ("a table 2m x 1m", {"width": 2.0, "depth": 1.0}),
    ('table 48" x 24" x 30"', {"width": 1.2192, "depth": 0.6096, "height": 0.762}),
    ("table 120cm*60cm", {"width": 1.2, "depth": 0.6}),
    ("a house 10 m x 8 m", {"width": 10.0, "depth": 8.0}),
    ("a house 8 m x 10 m", {"width": 8.0, "depth": 10.0}),
    ("a table 1.20m x 80cm", {"width": 1.2, "depth": 0.8}),
    ("a table 2 x 1 m", {"width": 2.0, "depth": 1.0}),
    ("a table 5'x3'", {"width": 1.524, "depth": 0.9144}),
    ("a table of size 120x60 cm", {"width": 1.2, "depth": 0.6}),
    ("a table 120 cm wide x 60 cm deep x 75 cm high", {"width": 1.2, "depth": 0.6, "height": 0.75}),
    ("a 50cm x 50cm x 45cm stool", {"width": 0.5, "depth": 0.5, "height": 0.45}),
    ("table W120 D60 H75 cm", {"width": 1.2, "depth": 0.6, "height": 0.75}),
    ("table W 120, D 60, H 75 cm", {"width": 1.2, "depth": 0.6, "height": 0.75}),
    ("table 120W x 60D x 75H cm", {"width": 1.2, "depth": 0.6, "height": 0.75}),
    ('table 48"W x 24"D x 30"H', {"width": 1.2192, "depth": 0.6096, "height": 0.762}),
    ("table W48 D24 H30 in", {"width": 1.2192, "depth": 0.6096, "height": 0.762}),
    ("bookshelf 45w x 90h cm", {"width": 0.45, "height": 0.9}),
    ("a chair (h: 90 cm, w: 45 cm)", {"height": 0.9, "width": 0.45}),
    ("a H75cm table", {"height": 0.75}),
    ("a vase Ø 20 cm, 40 cm tall", {"depth": 0.2, "height": 0.4}),
    ("a vase d 20 cm h 40 cm", {"depth": 0.2, "height": 0.4}),
    ("a vase ⌀20cm", {"depth": 0.2}),
    ("a bookshelf 2 m by 1 m", {"height": 2.0, "width": 1.0}),
    ("a bookshelf 2 m x 1 m x 40 cm", {"height": 2.0, "width": 1.0, "depth": 0.4}),
    ("a table 30in x 60in", {"width": 1.524, "depth": 0.762}),
    ("a car, 4.2 x 1.8 m", {"depth": 4.2, "width": 1.8}),
    ("a table 1/2 m tall", {"height": 0.5}),
    ("a table 1½ m wide", {"width": 1.5}),
    ("a table 1 1/2 m wide", {"width": 1.5}),
    ("a table half a metre tall", {"height": 0.5}),
    ("a table three quarters of a meter tall", {"height": 0.75}),
    ("a table a metre wide", {"width": 1.0}),
    ("a table a metre and a half wide", {"width": 1.5}),
    ("a table 2 and a half metres wide", {"width": 2.5}),
    ("a table 1 m 20 cm wide", {"width": 1.2}),
    ("a table 2 meters and 10 centimeters wide", {"width": 2.1}),
    ("a lamp 1m20 tall", {"height": 1.2}),
    ("a lamp 3 ft 6 in tall", {"height": 1.0668}),
    ("a bookshelf 5 feet 6 inches", {"height": 1.6764}),
    ("a lamp 5 feet 6 inches tall", {"height": 1.6764}),
    ("a bookshelf 5'6\" tall", {"height": 1.6764}),
    ("a bookshelf 5′6″ tall", {"height": 1.6764}),
    ("a lamp 3' tall", {"height": 0.9144}),
    ("a table 1,200 mm wide", {"width": 1.2}),
    ("a table 1 000 mm wide", {"width": 1.0}),
    ("a twenty-five centimetre tall vase", {"height": 0.25}),
    ("a lamp one hundred and twenty cm tall", {"height": 1.2}),
    ("a chair height: 90 cm, width: 45 cm", {"height": 0.9, "width": 0.45}),
    ("a bowl with a radius of 10 cm", {"width": 0.2, "depth": 0.2}),
    ("a car 4 m long", {"depth": 4.0}),
    ("a car 5 m long and 2 m wide", {"depth": 5.0, "width": 2.0}),
    ("a long car", {"depth": 5.535, "width": 1.85}),
    ("a table 2 m long and 1 m wide", {"width": 2.0, "depth": 1.0}),
    ("a table 1 m wide and 2 m long", {"width": 2.0, "depth": 1.0}),
    ("a long vase", {"height": 0.405, "width": 0.17}),
    ("a deep bowl", {"height": 0.13, "width": 0.24}),
    ("bowl with a depth of 10 cm", {"height": 0.1, "width": 0.24}),
    ("a deep bookshelf", {"depth": 0.39}),
]


@pytest.mark.parametrize(("prompt", "size"), WRITTEN, ids=[prompt for prompt, _ in WRITTEN])
def test_a_length_is_read_however_it_is_written(prompt: str, size: dict[str, float]) -> None:
    request = READER.read(prompt)
    assert request.ignored == []
    assert request.count == 1
    assert request.counts == {}
    measured = dict(zip(SIDES, sides(request), strict=True))
    assert {side: measured[side] for side in size} == pytest.approx(size)


@pytest.mark.parametrize(
    ("prompt", "why"),
    [
        ("a chair 90 cm, 45 cm", "say which is wide, deep or tall"),
        ("a table 2 m long, 1 m wide and 2 m deep", "contradicts"),
        ("a table 0 x 4 m", "more than zero"),
        ("a table 1 x 2 x 3 x 4 m", "more than three sides"),
        (f"a chair {'9' * 400} m tall", "100 m"),
    ],
)
def test_lengths_that_do_not_go_together_are_refused(prompt: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        sides(READER.read(prompt))


def test_feet_are_lengths_or_what_a_stool_stands_on() -> None:
    assert told(READER.read("a stool with 3 feet")) == {"is": "stool", "#leg": 3}
    assert READER.read("a 3 foot stool").measures == pytest.approx({"longest": 0.9144})
