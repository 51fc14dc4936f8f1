"""What numbers count in prompts of `lathe/form`, what a prompt does not want, and what is told as ignored."""

import pytest

from ml_worker.engines.form.make import make_wish
from ml_worker.engines.port import BadInput
from tests.engines.form_reading import READER, told

COUNTED = [
    ("three 3-legged stools", {"is": "stool", "count": 3, "#leg": 3}),
    ("three 3-drawer desks", {"is": "desk", "count": 3, "#drawer": 3}),
    ("two 2-door bookshelves", {"is": "bookshelf", "count": 2, "#door": 2}),
    ("three four-legged chairs", {"is": "chair", "count": 3, "#leg": 4}),
    ("three four legged chairs", {"is": "chair", "count": 3, "#leg": 4}),
    ("two three-story houses", {"is": "house", "count": 2, "#floor": 3}),
    ("two red three-legged stools", {"is": "stool", "count": 2, "#leg": 3, "main": "red"}),
    ("two red-roofed houses", {"is": "house", "count": 2, "roof": "red"}),
    ("a white blue-roofed house", {"is": "house", "roof": "blue", "main": "white"}),
    ("red chair, 4 legs", {"is": "chair", "#leg": 4, "main": "red"}),
    ("three wide, white bowls", {"is": "bowl", "count": 3, "main": "white"}),
    ("half a dozen mugs", {"is": "mug", "count": 6}),
    ("a house with a couple of red windows", {"is": "house", "#window": 2, "window": "red"}),
    ("chair, legs: 5", {"is": "chair", "#leg": 5}),
    ("a house, floors: 3, windows: 8", {"is": "house", "#floor": 3, "#window": 8}),
    ("chair; legs: three; seat: black", {"is": "chair", "#leg": 3, "seat": "black"}),
    ("chairs: 4", {"is": "chair", "count": 4}),
    ("mug x 3", {"is": "mug", "count": 3}),
    ("3 200 mm bowls", {"is": "bowl", "count": 3}),
    ("floor lamp with wooden legs", {"is": "floor lamp", "#leg": 3, "leg": "wood"}),
    ("a bookshelf with legs", {"is": "bookshelf", "#leg": 4}),
]

FIGURES = [
    ("table no. 5", {"is": "table", "ignored": ["number 5"]}),
    ("chair #3", {"is": "chair", "ignored": ["number 3"]}),
    ("car 4x4", {"is": "car", "ignored": ["4 x 4"]}),
    ("table 120 x 60", {"is": "table", "ignored": ["120 x 60"]}),
    ("a 60 w lamp", {"is": "table lamp", "ignored": ["60 w"]}),
    ("mug 1 l", {"is": "mug", "ignored": ["1 l"]}),
    ("mug 350 ml", {"is": "mug", "ignored": ["350 ml"]}),
    ("a 350 ml mug", {"is": "mug", "ignored": ["350 ml"]}),
    ("two 350 ml mugs", {"is": "mug", "count": 2, "ignored": ["350 ml"]}),
    ("a 2020 red sedan", {"is": "sedan", "main": "red", "ignored": ["2020"]}),
    ("a 1:18 scale car", {"is": "car", "ignored": ["1:18", "scale"]}),
    ("a six seater table", {"is": "table", "ignored": ["six seater"]}),
    ("a chair, 90 tall, 45 wide", {"is": "chair", "ignored": ["90 tall", "45 wide"]}),
    ("a house with 2nd floor", {"is": "house", "ignored": ["2 nd"]}),
    ("a 1960s chair", {"is": "chair", "ignored": ["1960 s"]}),
    ("mug 30", {"is": "mug", "ignored": ["30"]}),
]

UNWANTED = [
    ("a chair with neither arms nor back", {"is": "chair", "#arm": 0, "#back": 0}),
    ("a chair with zero arms", {"is": "chair", "#arm": 0}),
    ("a house with zero windows", {"is": "house", "#window": 0}),
    ("a chair with missing back", {"is": "chair", "#back": 0}),
    ("a chair with the back missing", {"is": "chair", "#back": 0}),
    ("a chair but not with arms", {"is": "chair", "#arm": 0}),
    ("a chair that doesn't have arms", {"is": "chair", "#arm": 0}),
    ("chair w/o back", {"is": "chair", "#back": 0}),
    ("a chair with no back, no arms, and black legs", {"is": "chair", "#back": 0, "#arm": 0, "leg": "black"}),
    ("a chair with none of the arms", {"is": "chair", "#arm": 0}),
    ("a chair with the back removed", {"is": "chair", "#back": 0}),
    ("a chair with no arms, a red seat", {"is": "chair", "#arm": 0, "seat": "red"}),
    ("an armchair, no cushion, red", {"is": "armchair", "#cushion": 0, "main": "red"}),
    ("a chair that isn't red", {"is": "chair", "ignored": ["isn't red"]}),
    ("a chair, not red or blue", {"is": "chair", "ignored": ["not red or blue"]}),
    ("a chair, not red but blue", {"is": "chair", "main": "blue", "ignored": ["not red"]}),
    ("a chair not made of wood", {"is": "chair", "ignored": ["not made of wood"]}),
    ("a chair that is not dark red", {"is": "chair", "ignored": ["not dark red"]}),
    ("a chair with not red legs", {"is": "chair", "ignored": ["not red legs"]}),
    ("a non-wooden chair", {"is": "chair", "ignored": ["non wooden"]}),
    ("a chair that has neither", {"is": "chair", "ignored": ["neither"]}),
]

SAID_OF_PARTS = [
    ("a table with hairpin legs", {"is": "table", "ignored": ["hairpin legs"]}),
    ("a house with arched windows", {"is": "house", "ignored": ["arched windows"]}),
    ("a house with round windows", {"is": "house", "ignored": ["round windows"]}),
    ("a house with 3 round windows", {"is": "house", "#window": 3, "ignored": ["round windows"]}),
    ("a house with many windows", {"is": "house", "ignored": ["many windows"]}),
    ("a chair with dark legs", {"is": "chair", "ignored": ["dark legs"]}),
    ("bowl with three lemons", {"is": "bowl", "ignored": ["three lemons"]}),
    ("a bowl with a lemon and two apples", {"is": "bowl", "#apple": 2, "ignored": ["lemon"]}),
    ("a gold rimmed white mug", {"is": "mug", "main": "white", "ignored": ["gold rimmed"]}),
    ("a gold-rimmed mug", {"is": "mug", "ignored": ["gold rimmed"]}),
    ("a chair with a gold trimmed red back", {"is": "chair", "back": "red", "ignored": ["gold trimmed back"]}),
    ("an orange in a bowl", {"is": "bowl", "#orange": 1}),
]

READINGS = [*COUNTED, *FIGURES, *UNWANTED, *SAID_OF_PARTS]


@pytest.mark.parametrize(("prompt", "expected"), READINGS, ids=[prompt for prompt, _ in READINGS])
def test_a_prompt_is_read(prompt: str, expected: dict[str, object]) -> None:
    request = READER.read(prompt)
    make_wish(request, 0)
    assert told(request) == expected


@pytest.mark.parametrize(
    ("prompt", "code", "why"),
    [
        ("1e3 chairs", "cannot-make", "1 to 12 objects"),
        ("-3 chairs", "cannot-make", "1 to 12 objects"),
        ("zero chairs", "cannot-make", "1 to 12 objects"),
        (f"{'9' * 400} chairs", "cannot-make", "whole number"),
        ("two and a half chairs", "cannot-make", "whole number"),
        ("2-3 chairs", "cannot-make", "two numbers"),
        ("no chair", "cannot-make", "leaves nothing to make"),
        ("no red chair", "cannot-make", "leaves nothing to make"),
        ("not a chair", "cannot-make", "leaves nothing to make"),
        ("a table with zero legs", "cannot-make", "0 legs"),
        ("a lemon in a bowl", "not-understood", "lemon"),
        ("three lemons in a bowl", "not-understood", "lemons"),
    ],
)
def test_what_leaves_nothing_sure_is_refused(prompt: str, code: str, why: str) -> None:
    with pytest.raises(BadInput) as refusal:
        READER.read(prompt)
    assert refusal.value.code == code
    assert why in refusal.value.message
