"""Prompts of `lathe/form` and how they must be read."""

import pytest

from ml_worker.engines.form.sizing import sides
from tests.engines.form_reading import READER, told

READINGS = [
    ("a red wooden chair with four legs", {"is": "chair", "#leg": 4, "main": "red wood"}),
    ("a blue mug", {"is": "mug", "main": "blue"}),
    ("Three red mugs", {"is": "mug", "count": 3, "main": "red"}),
    ("a pair of white mugs", {"is": "mug", "count": 2, "main": "white"}),
    ("a dozen blue mugs", {"is": "mug", "count": 12, "main": "blue"}),
    ("two blue chairs and nothing else", {"is": "chair", "count": 2, "main": "blue", "ignored": ["nothing", "else"]}),
    ("chair", {"is": "chair"}),
    ("CHAIR!!!", {"is": "chair"}),
    ("a chair, please", {"is": "chair"}),
    ("I want a chair", {"is": "chair"}),
    ("please make me a 3d model of a chair", {"is": "chair"}),
    (
        "could you create a beautiful red chair for my kitchen",
        {"is": "chair", "main": "red", "ignored": ["for my kitchen"]},
    ),
    ("a three-legged stool", {"is": "stool", "#leg": 3}),
    ("a stool with 3 legs", {"is": "stool", "#leg": 3}),
    ("bar stool with a black leather seat", {"is": "bar stool", "seat": "black leather"}),
    ("a chair with a red seat and black legs", {"is": "chair", "seat": "red", "leg": "black"}),
    (
        "a chair with red seat, black legs and a white back",
        {"is": "chair", "seat": "red", "leg": "black", "back": "white"},
    ),
    ("a chair without a back", {"is": "chair", "#back": 0}),
    ("an armless oak chair", {"is": "chair", "#arm": 0, "main": "oak"}),
    ("a backless chair", {"is": "chair", "#back": 0}),
    ("a chair with armrests", {"is": "chair", "#arm": 2}),
    ("a chair with no arms but a cushion", {"is": "chair", "#arm": 0, "#cushion": 1}),
    ("armchair with a green velvet cushion", {"is": "armchair", "#cushion": 1, "cushion": "green velvet"}),
    ("a dark oak chair", {"is": "chair", "main": "mixed oak"}),
    ("a light blue chair", {"is": "chair", "main": "mixed"}),
    ("a pastel pink chair", {"is": "chair", "main": "mixed"}),
    ("a #ff8800 mug", {"is": "mug", "main": "mixed"}),
    ("a chair made of walnut", {"is": "chair", "main": "walnut"}),
    ("a chair made out of solid oak", {"is": "chair", "main": "oak"}),
    ("a metal chair with a leather seat", {"is": "chair", "main": "metal", "seat": "leather"}),
    ("a red and white mug", {"is": "mug", "main": "red", "accent": "white"}),
    ("a red, white mug", {"is": "mug", "main": "red", "accent": "white"}),
    ("a wood and metal table", {"is": "table", "main": "wood", "accent": "metal"}),
    ("a round oak table", {"is": "table", "top=": "round", "main": "oak"}),
    ("a round table with one leg", {"is": "table", "#leg": 1, "top=": "round"}),
    ("a square table with a marble top", {"is": "table", "top=": "square", "top": "marble"}),
    ("an oval dining table with six legs", {"is": "table", "#leg": 6, "top=": "oval"}),
    ("a coffee table with a shelf", {"is": "coffee table", "#shelf": 1}),
    ("a desk with 2 drawers", {"is": "desk", "#drawer": 2}),
    ("a desk with three red drawers and brass knobs", {"is": "desk", "#drawer": 3, "drawer": "red", "knob": "brass"}),
    ("a table 2 m wide", {"is": "table"}),
    ("a 120x60 cm table", {"is": "table"}),
    ("a table 120 x 60 x 75 cm", {"is": "table"}),
    ("a table 75 cm tall and 1.5 m wide", {"is": "table"}),
    ("a small round bistro table", {"is": "round table", "top=": "round"}),
    ("a long narrow table", {"is": "table"}),
    ("a mug 12 cm tall", {"is": "mug"}),
    ("a 30 cm vase", {"is": "vase"}),
    ("a vase with a height of 30 cm", {"is": "vase"}),
    ("a 10 inch tall vase", {"is": "vase"}),
    ("a tall thin vase", {"is": "vase"}),
    ("a huge white vase", {"is": "vase", "main": "white"}),
    ("a tiny house", {"is": "house"}),
    ("a mug without a handle", {"is": "mug", "#handle": 0}),
    ("a handleless cup", {"is": "mug", "#handle": 0}),
    ("a cup with two handles", {"is": "mug", "#handle": 2}),
    ("a mug with white stripes", {"is": "mug", "#stripe": 3, "stripe": "white"}),
    ("a mug with 4 white stripes", {"is": "mug", "#stripe": 4, "stripe": "white"}),
    ("a red mug with white dots", {"is": "mug", "#dot": 1, "main": "red", "dot": "white"}),
    ("a mug full of coffee", {"is": "mug", "#coffee": 1}),
    ("a cup of tea", {"is": "mug", "#tea": 1}),
    ("a teacup with a saucer", {"is": "teacup", "#saucer": 1}),
    ("a glass of water", {"is": "tumbler", "#water": 1}),
    ("a blue mug with a yellow inside", {"is": "mug", "main": "blue", "inside": "yellow"}),
    ("a mug with a black handle", {"is": "mug", "#handle": 1, "handle": "black"}),
    ("a ribbed green vase", {"is": "vase", "surface=": "ribbed", "main": "green"}),
    ("a twisted ceramic vase", {"is": "vase", "surface=": "twisted", "main": "ceramic"}),
    ("a vase with five red tulips", {"is": "vase", "#flower": 5, "flower": "red"}),
    ("a terracotta amphora", {"is": "amphora", "main": "terracotta"}),
    ("a vase with flowers", {"is": "vase", "#flower": 5}),
    ("a wooden bowl", {"is": "bowl", "main": "wood"}),
    ("a bowl of fruit", {"is": "fruit bowl"}),
    ("a fruit bowl with 7 apples", {"is": "fruit bowl", "#fruit": 7}),
    ("a white plate", {"is": "plate", "main": "white"}),
    ("a shallow bowl", {"is": "bowl"}),
    ("a table lamp with a white shade and a blue base", {"is": "table lamp", "shade": "white", "base": "blue"}),
    ("a brass floor lamp", {"is": "floor lamp", "main": "brass"}),
    ("a red desk lamp", {"is": "desk lamp", "main": "red"}),
    ("a lamp with a drum shade", {"is": "table lamp", "shade=": "drum"}),
    ("a brick house with a red roof", {"is": "house", "main": "brick", "roof": "red"}),
    (
        "a white house with a blue door and two chimneys",
        {"is": "house", "#chimney": 2, "main": "white", "door": "blue"},
    ),
    ("a house without a chimney", {"is": "house", "#chimney": 0}),
    ("a three-storey house with green shutters", {"is": "house", "#floor": 3, "#shutter": 1, "shutter": "green"}),
    ("a house with 8 windows", {"is": "house", "#window": 8}),
    ("a cottage with a chimney", {"is": "cottage", "#chimney": 1}),
    ("a modern house", {"is": "villa"}),
    ("a yellow car", {"is": "car", "main": "yellow"}),
    ("a blue car with black wheels", {"is": "car", "main": "blue", "wheel": "black"}),
    ("a red sports car with a spoiler", {"is": "sports car", "#spoiler": 1, "main": "red"}),
    ("a white van", {"is": "van", "main": "white"}),
    ("a taxi", {"is": "taxi"}),
    ("a car with a black roof", {"is": "car", "roof": "black"}),
    ("a tree with orange leaves", {"is": "tree", "leaf": "orange"}),
    ("an oak tree", {"is": "tree"}),
    ("an apple tree with 12 apples", {"is": "apple tree", "#fruit": 12}),
    ("a christmas tree", {"is": "christmas tree"}),
    ("a christmas tree with red baubles", {"is": "christmas tree", "#bauble": 26, "bauble": "red"}),
    ("a palm tree", {"is": "palm"}),
    ("a bare tree", {"is": "bare tree"}),
    ("a pine tree", {"is": "fir"}),
    ("a pine table", {"is": "table", "main": "pine"}),
    ("a bookshelf with 5 shelves", {"is": "bookshelf", "#shelf": 5}),
    ("an empty bookshelf", {"is": "bookshelf", "fill=": "empty"}),
    ("a bookcase without books", {"is": "bookshelf", "#book": 0}),
    ("a white bookshelf with red books", {"is": "bookshelf", "main": "white", "book": "red"}),
    ("a walnut bookshelf with two doors", {"is": "bookshelf", "#door": 2, "main": "walnut"}),
    ("a woden chair", {"is": "chair", "main": "wood", "corrected": {"woden": "wooden"}}),
    ("a yelow mug", {"is": "mug", "main": "yellow", "corrected": {"yelow": "yellow"}}),
    ("chiar", {"is": "chair", "corrected": {"chiar": "chair"}}),
    ("a chair for kids", {"is": "chair", "ignored": ["for kids"]}),
    ("a chair on a beach", {"is": "chair", "ignored": ["on a beach"]}),
    ("a chair in the style of IKEA", {"is": "chair", "ignored": ["in the style of ikea"]}),
    ("a chair like a throne, blue", {"is": "chair", "main": "blue", "ignored": ["like a throne"]}),
    ("a chair that looks like a cat", {"is": "chair", "ignored": ["that looks like a cat"]}),
    ("a chair with long red dragons and black legs", {"is": "chair", "leg": "black", "ignored": ["long red dragons"]}),
    ("a not red chair", {"is": "chair", "ignored": ["not red"]}),
    ("mugs", {"is": "mug"}),
    ("a green house", {"is": "house", "main": "green"}),
    ("a glass table", {"is": "table", "main": "glass"}),
    ("a gold mug", {"is": "mug", "main": "gold"}),
    ("a silver car", {"is": "car", "main": "silver"}),
    ("a cherry chair", {"is": "chair", "main": "cherry"}),
    ("a chair with thin legs", {"is": "chair", "leg=": "thin"}),
    ("a mug, blue outside", {"is": "mug", "main": "blue", "ignored": ["outside"]}),
    ("two thin gold lamps", {"is": "table lamp", "count": 2, "main": "gold"}),
    ("an orange chair with an orange cushion", {"is": "chair", "#cushion": 1, "main": "orange", "cushion": "orange"}),
    ("a chair without arms and back", {"is": "chair", "#arm": 0, "#back": 0}),
    ("a round table 1 m wide", {"is": "table", "top=": "round"}),
    ("a table with thin legs", {"is": "table", "leg=": "thin"}),
    ("a modern brick house", {"is": "house", "style=": "modern", "main": "brick"}),
    ("a cherry tree with pink blossoms", {"is": "tree", "#flower": 45, "flower": "pink"}),
    ("a tree with green leaves and red apples", {"is": "tree", "#fruit": 26, "leaf": "green", "fruit": "red"}),
    ("a mug that is red", {"is": "mug", "main": "red"}),
    ("a chair which has a red seat", {"is": "chair", "seat": "red"}),
    ("a table with 4 legs, 2 drawers and a shelf", {"is": "table", "#leg": 4, "#drawer": 2, "#shelf": 1}),
    ("a mug with a handle", {"is": "mug", "#handle": 1}),
    ("a chair with 1 arm", {"is": "chair", "#arm": 1}),
    ("a very big red chair", {"is": "chair", "main": "red"}),
    ("half-dozen red mugs", {"is": "mug", "count": 6, "main": "red"}),
    ("4 chairs", {"is": "chair", "count": 4}),
    ("a set of 4 wooden chairs", {"is": "chair", "count": 4, "main": "wood"}),
    ("set of six mugs with blue stripes", {"is": "mug", "count": 6, "#stripe": 3, "stripe": "blue"}),
    ("a mug, 9 cm high and 8 cm wide", {"is": "mug"}),
    ("lamp, 1 metre tall", {"is": "table lamp"}),
    ("a lamp 3 feet tall", {"is": "table lamp"}),
    ("a 6 foot bookshelf", {"is": "bookshelf"}),
    ("a birch bookshelf with 6 shelves and no back", {"is": "bookshelf", "#shelf": 6, "#back": 0, "main": "birch"}),
    ("a black and white house", {"is": "house", "main": "black", "accent": "white"}),
    ("a brown wooden bowl 20cm in diameter", {"is": "bowl", "main": "brown wood"}),
    ("a chair made of metal with a seat made of leather", {"is": "chair", "main": "metal", "seat": "leather"}),
    ("a grey sofa-like chair", {"is": "chair", "main": "grey", "ignored": ["sofa", "like"]}),
    (
        "a chair with legs made of steel and a seat of red leather",
        {"is": "chair", "leg": "steel", "seat": "red leather"},
    ),
    ("a reddish chair", {"is": "chair", "main": "red"}),
    ("a chair colored blue", {"is": "chair", "main": "blue"}),
    ("a chair painted dark green", {"is": "chair", "main": "mixed"}),
    ("a white coffee cup with a golden handle", {"is": "mug", "#handle": 1, "main": "white", "handle": "gold"}),
    ("an antique chair", {"is": "chair"}),
    ("a 3d printable vase", {"is": "vase"}),
    ("a six-sided chair", {"is": "chair", "ignored": ["six sided"]}),
    ("four legs chair", {"is": "chair", "#leg": 4}),
]


@pytest.mark.parametrize(("prompt", "expected"), READINGS, ids=[prompt for prompt, _ in READINGS])
def test_a_prompt_is_read(prompt: str, expected: dict[str, object]) -> None:
    assert told(READER.read(prompt)) == expected


SIZES = [
    ("a table 2 m wide", {"width": 2.0}),
    ("a 120x60 cm table", {"width": 1.2, "depth": 0.6}),
    ("a table 120 x 60 x 75 cm", {"width": 1.2, "depth": 0.6, "height": 0.75}),
    ("a table 75 cm tall and 1.5 m wide", {"height": 0.75, "width": 1.5}),
    ("a mug 12 cm tall", {"height": 0.12}),
    ("a 30 cm vase", {"height": 0.3}),
    ("a vase with a height of 30 cm", {"height": 0.3}),
    ('a 10" tall vase', {"height": 0.254}),
    ("a 10 inch tall vase", {"height": 0.254}),
    ("a lamp 3 feet tall", {"height": 0.9144}),
    ("a bowl 20cm in diameter", {"width": 0.2, "depth": 0.2}),
    ("a round table 1 m wide", {"width": 1.0, "depth": 1.0}),
    ("a 6 foot bookshelf", {"height": 1.8288}),
    ("a 1,5 m tall lamp", {"height": 1.5}),
    ("a huge white vase", {"height": 0.51}),
    ("a tiny house", {"height": 3.6}),
    ("a tall vase", {"height": 0.39, "width": 0.17}),
    ("a long narrow table", {"width": 1.89, "depth": 0.6}),
]


@pytest.mark.parametrize(("prompt", "expected"), SIZES, ids=[prompt for prompt, _ in SIZES])
def test_a_size_is_read(prompt: str, expected: dict[str, float]) -> None:
    size = dict(zip(("width", "height", "depth"), sides(READER.read(prompt)), strict=True))
    assert {side: size[side] for side in expected} == pytest.approx(expected)


def test_one_measured_side_drags_the_others_along() -> None:
    usual, large = sides(READER.read("a mug")), sides(READER.read("a mug 19 cm tall"))
    assert [b / a for a, b in zip(usual, large, strict=True)] == pytest.approx([2.0] * 3)


def test_a_tone_changes_the_colour() -> None:
    plain, light, dark = (READER.read(f"a {tone}blue mug").finishes["main"].color for tone in ("", "light ", "dark "))
    assert plain is not None
    assert light is not None
    assert dark is not None
    assert sum(dark) < sum(plain) < sum(light)


def test_hexadecimal_colours_are_exact() -> None:
    assert READER.read("a #ff8000 mug").finishes["main"].color == pytest.approx((1.0, 128 / 255, 0.0))
    assert READER.read("a #f00 mug").finishes["main"].color == pytest.approx((1.0, 0.0, 0.0))
