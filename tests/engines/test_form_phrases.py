"""Phrases of `lathe/form`'s prompts: which noun a word, a finish or a number is said of."""

import pytest

from ml_worker.engines.form.make import make_wish
from tests.engines.form_reading import READER, told

ADDED = [
    ("a stool with a back", {"is": "stool", "#back": 1}),
    ("a bar stool with a red backrest", {"is": "bar stool", "#back": 1, "back": "red"}),
    ("a tumbler with handle", {"is": "tumbler", "#handle": 1}),
    ("a villa with chimneys", {"is": "villa", "#chimney": 2}),
    ("a round pedestal table", {"is": "table", "#leg": 1, "top=": "round"}),
    ("a table with a marble pedestal", {"is": "table", "#leg": 1, "leg": "marble"}),
    ("a table with pedestal", {"is": "table", "#leg": 1}),
    ("a table with two pedestals", {"is": "table", "#leg": 2}),
]

OF_THE_WHOLE = [
    ("a bookcase with four shelves, made of walnut", {"is": "bookshelf", "#shelf": 4, "main": "walnut"}),
    ("a house with a red roof, made of brick", {"is": "house", "roof": "red", "main": "brick"}),
    ("a house with a red roof, painted white", {"is": "house", "roof": "red", "main": "white"}),
    ("a stool with three legs made of steel", {"is": "stool", "#leg": 3, "leg": "steel"}),
    ("a chair with a seat made of leather, made of oak", {"is": "chair", "seat": "leather", "main": "oak"}),
    ("a house has two floors and is white", {"is": "house", "#floor": 2, "main": "white"}),
    ("a chair that has no arms and is red", {"is": "chair", "#arm": 0, "main": "red"}),
    ("a stool with three legs. It is red.", {"is": "stool", "#leg": 3, "main": "red"}),
    ("a stool with three legs. They are red.", {"is": "stool", "#leg": 3, "leg": "red"}),
    ("two stools with three legs. They are red.", {"is": "stool", "count": 2, "#leg": 3, "main": "red"}),
    ("a chair with legs that are all black", {"is": "chair", "leg": "black"}),
]

THINGS = [
    (
        "a bowl with one apple, one orange, and one lemon",
        {"is": "bowl", "#apple": 1, "#orange": 1, "ignored": ["one lemon"]},
    ),
    ("a vase with a single red rose", {"is": "vase", "#flower": 1, "flower": "red"}),
    ("a vase with one rose", {"is": "vase", "#flower": 1}),
    ("a vase with lavender", {"is": "vase", "#flower": 1}),
    ("a vase with three sunflowers", {"is": "vase", "#flower": 3}),
    ("a rose in a vase", {"is": "vase", "#flower": 1}),
    ("a vase with a rose pattern", {"is": "vase", "ignored": ["rose pattern"]}),
    ("a bowl with an orange rim", {"is": "bowl", "ignored": ["orange rim"]}),
    ("a vase in lavender", {"is": "vase", "main": "lavender"}),
    ("a vase, lavender", {"is": "vase", "main": "lavender"}),
    ("a glass of red wine", {"is": "tumbler", "ignored": ["of red wine"]}),
    ("a glass of orange juice, tall", {"is": "tumbler", "ignored": ["of orange juice"]}),
    ("a chair of red carved oak", {"is": "chair", "main": "red oak", "ignored": ["carved"]}),
    ("a chair of red leathr", {"is": "chair", "main": "red leather", "corrected": {"leathr": "leather"}}),
]

TWO_FINISHES = [
    ("a white and gold teacup", {"is": "teacup", "main": "white", "accent": "gold"}),
    ("a gold and white mug", {"is": "mug", "main": "gold", "accent": "white"}),
    ("a white mug with gold", {"is": "mug", "main": "white", "accent": "gold"}),
    ("a house without a door, black leather", {"is": "house", "#door": 0, "main": "black leather"}),
    ("an oak chair with red legs, white", {"is": "chair", "main": "white oak", "leg": "red"}),
    ("a red and a gold mug", {"is": "mug", "main": "red", "accent": "gold"}),
    ("a chair in oak and black", {"is": "chair", "main": "oak", "accent": "black"}),
    ("a table of metal and light oak", {"is": "table", "main": "metal", "accent": "mixed oak"}),
    ("a wood and black metal table", {"is": "table", "main": "wood", "accent": "black metal"}),
    ("a white and gold ceramic teacup", {"is": "teacup", "main": "white ceramic", "accent": "gold"}),
    ("a red and white wooden chair", {"is": "chair", "main": "red wood", "accent": "white"}),
    ("a white gold mug", {"is": "mug", "main": "white gold"}),
]

IN_AND_OUT = [
    ("a mug, white inside and blue outside", {"is": "mug", "main": "blue", "inside": "white"}),
    ("a mug, red inside", {"is": "mug", "inside": "red"}),
    ("a mug that is blue and red inside", {"is": "mug", "main": "blue", "inside": "red"}),
    ("a mug blue on the outside and red on the inside", {"is": "mug", "main": "blue", "inside": "red"}),
    ("a mug with a blue exterior and a white interior", {"is": "mug", "main": "blue", "inside": "white"}),
    ("a house white on the outside", {"is": "house", "main": "white"}),
    ("a chair, red on the seat", {"is": "chair", "seat": "red"}),
    ("a red chair outside", {"is": "chair", "main": "red", "ignored": ["outside"]}),
    ("a red mug, inside a box", {"is": "mug", "main": "red", "ignored": ["inside a box"]}),
    ("a chair on the beach", {"is": "chair", "ignored": ["on the beach"]}),
]

IN_A_COLOUR = [
    ("a mug in a deep blue", {"is": "mug", "main": "mixed"}),
    ("a chair in a red colour", {"is": "chair", "main": "red"}),
    ("a mug in a nice shade of blue with white dots", {"is": "mug", "#dot": 1, "main": "blue", "dot": "white"}),
    ("a chair in a walnut finish", {"is": "chair", "main": "walnut"}),
    ("a chair in a blue room", {"is": "chair", "ignored": ["in a blue room"]}),
    ("a chair in a wood", {"is": "chair", "ignored": ["in a wood"]}),
    ("a car in the snow", {"is": "car", "ignored": ["in the snow"]}),
]

SHARED = [
    (
        "a chair with black legs and seat, and white back",
        {"is": "chair", "leg": "black", "seat": "black", "back": "white"},
    ),
    ("a house with blue windows and doors", {"is": "house", "window": "blue", "door": "blue"}),
    ("a chair, red legs and seat", {"is": "chair", "leg": "red", "seat": "red"}),
    ("a chair with a red back and a seat", {"is": "chair", "back": "red"}),
    ("a red chair with legs and seat", {"is": "chair", "main": "red"}),
    ("a chair with red legs and thin arms", {"is": "chair", "#arm": 2, "leg": "red", "ignored": ["thin"]}),
]

NAMED = [
    ("a rustic farmhouse dining table", {"is": "table", "style=": "classic"}),
    ("a farmhouse oak table", {"is": "table", "style=": "classic", "main": "oak"}),
    ("a farmhouse", {"is": "house"}),
    ("a high stool", {"is": "stool"}),
    ("a bookself with 4 shelfs", {"is": "bookshelf", "#shelf": 4, "corrected": {"bookself": "bookshelf"}}),
    ("a house made of red bricks", {"is": "house", "main": "red brick"}),
    ("a bowl of stones", {"is": "bowl", "ignored": ["stones"]}),
    ("a bookshelf with 20 red books", {"is": "bookshelf", "book": "red", "ignored": ["20"]}),
    ("a bookshelf with zero books", {"is": "bookshelf", "#book": 0}),
    ("a taxi without a sign", {"is": "taxi", "#sign": 0}),
    ("the table should have black legs", {"is": "table", "leg": "black"}),
    ("a table whose legs are black", {"is": "table", "leg": "black"}),
    ("the chair must be red", {"is": "chair", "main": "red"}),
    ("a chair less than 1 m tall", {"is": "chair", "ignored": ["less than 1 m tall"]}),
    ("a chair with more than four legs", {"is": "chair", "ignored": ["more than four legs"]}),
]

READINGS = [*ADDED, *OF_THE_WHOLE, *THINGS, *TWO_FINISHES, *IN_AND_OUT, *IN_A_COLOUR, *SHARED, *NAMED]


@pytest.mark.parametrize(("prompt", "expected"), READINGS, ids=[prompt for prompt, _ in READINGS])
def test_a_phrase_is_read(prompt: str, expected: dict[str, object]) -> None:
    request = READER.read(prompt)
    make_wish(request, 0)
    assert told(request) == expected


def test_a_length_before_high_is_a_height() -> None:
    assert READER.read("a 90 cm high chair").measures == pytest.approx({"height": 0.9})
    assert READER.read("a 75cm high stool with a footrest").measures == pytest.approx({"height": 0.75})


def test_a_size_after_and_is_belongs_to_the_whole() -> None:
    request = READER.read("a chair that has four legs and is 110 cm tall")
    assert request.measures == pytest.approx({"height": 1.1})
    assert request.ignored == []
