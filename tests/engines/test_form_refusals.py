"""What `lathe/form` must refuse, and how."""

import pytest

from ml_worker.engines.form.families.registry import FAMILIES
from ml_worker.engines.form.make import make_wish
from ml_worker.engines.port import BadInput
from tests.engines.form_reading import READER

UNKNOWN = [
    "a dragon", "chairman portrait", "a cat", "chain", "a cap", "a sword", "a teapot", "a birdhouse", "a wheelchair",
    "a wheel chair", "a periodic table", "a pool table", "a car seat", "a toilet bowl", "a family tree", "a chair leg",
    "a high chair", "two high chairs", "a dragon with a table", "a stable with 4 shelves",
    "three red spheres on a table", "a cat under the old oak table", "a rabbit in a big blue bowl",
    "a house key", "a dog house", "a cup holder", "a toy soldier", "une chaise rouge", "ein roter Stuhl", "", "   ",
    "!!!", "blue", "wooden", "with four legs", "asdfghjkl", "🪑",
]  # fmt: skip

IMPOSSIBLE = [
    ("a chair with 40 legs", "3 to 8"),
    ("a chair with two legs", "3 to 8"),
    ("a mug with 3 handles", "1 to 2 or none"),
    ("a house with 5 floors", "1 to 4"),
    ("a house with 100 windows", "1 to 30"),
    ("a chair without a seat", "without its seat"),
    ("a table without a top", "without its top"),
    ("a round square table", "contradict"),
    ("a tall short lamp", "contradicts"),
    ("a chair with 3 legs and 4 legs", "both 3 and 4"),
    ("a chair with a red seat and a blue seat", "one too many"),
    ("a red blue green mug", "one too many"),
    ("a christmas tree with red and gold baubles", "one finish"),
    ("2.5 chairs", "whole number"),
    ("13 mugs", "1 to 12"),
    ("0 chairs", "1 to 12"),
    ("a thousand chairs", "1 to 12"),
    ("mug 0 cm tall", "more than zero"),
    ("a chair 1 km tall", "100 m"),
    ("a chair 1 mm tall", "1 cm"),
    ("a table 2 m tall and 10 cm wide", "at most"),
    ("a mug 12 cm tall and 20 cm tall", "contradicts"),
    ("a mug on a table", "one kind of object"),
    ("a red chair and a blue table", "one kind of object"),
    ("two chairs, one red and one blue", "all alike"),
    ("two red mugs and one blue mug", "all alike"),
    ("a cup of coffee in a mug", "one kind of object"),
    ("a farmhouse and a table", "one kind of object"),
    ("a tree house", "one kind of object"),
    ("a round table with drawers", "drawers only"),
    ("a table with one leg and a shelf", "lower shelf"),
    ("a bookshelf with 3 legs", "four legs"),
    ("a table lamp with legs", "floor lamp"),
    ("a palm tree with a star", "fir"),
    ("a bare tree with apples", "broad-leaved"),
    ("an apple tree with oranges", "not both"),
    ("a bowl with 6 apples and 6 oranges", "room for 9"),
    ("a stool with armrests", "arms only"),
    ("a cottage with 12 windows", "room for"),
    ("a car with two doors", "4 to 5"),
]


@pytest.mark.parametrize("prompt", UNKNOWN)
def test_what_is_no_known_object_is_refused_with_the_list(prompt: str) -> None:
    with pytest.raises(BadInput) as refusal:
        READER.read(prompt)
    assert refusal.value.code == "not-understood"
    assert all(family in refusal.value.message for family in FAMILIES)


@pytest.mark.parametrize(("prompt", "why"), IMPOSSIBLE, ids=[prompt for prompt, _ in IMPOSSIBLE])
def test_what_cannot_be_made_is_refused_with_the_range(prompt: str, why: str) -> None:
    with pytest.raises(BadInput) as refusal:
        make_wish(READER.read(prompt), 0)
    assert refusal.value.code == "cannot-make"
    assert why in refusal.value.message


@pytest.mark.parametrize("prompt", ["красный стул", "赤い椅子", "كرسي أحمر", "κόκκινη καρέκλα"])
def test_another_script_is_told_which_language_works(prompt: str) -> None:
    with pytest.raises(BadInput) as refusal:
        READER.read(prompt)
    assert refusal.value.code == "language-not-supported"
    assert "English" in refusal.value.message


def test_a_near_miss_is_suggested() -> None:
    with pytest.raises(BadInput, match='Did you mean "chair"'):
        READER.read("a chais")
