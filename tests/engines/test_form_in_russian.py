"""The page tells a Russian person in Russian what `lathe/form` understood: each of its words has one there."""

import re
from pathlib import Path

from ml_worker.engines.form.families.registry import FAMILIES
from ml_worker.engines.form.materials import STUFF

WORDS = Path(__file__).parents[2] / "web" / "src" / "i18n" / "ruWords.ts"


def test_every_word_of_an_answer_is_translated() -> None:
    told = set(STUFF) | set(FAMILIES)
    for family in FAMILIES.values():
        told |= set(family.variants) | {feature.id for feature in family.features} | set(family.options)
        told |= {value for values in family.options.values() for value in values}
    translated = set(re.findall(r"'word\.([^']+)'", WORDS.read_text()))
    assert told - translated == set()
