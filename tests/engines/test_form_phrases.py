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

READINGS = [*ADDED]


@pytest.mark.parametrize(("prompt", "expected"), READINGS, ids=[prompt for prompt, _ in READINGS])
def test_a_phrase_is_read(prompt: str, expected: dict[str, object]) -> None:
    request = READER.read(prompt)
    make_wish(request, 0)
    assert told(request) == expected
