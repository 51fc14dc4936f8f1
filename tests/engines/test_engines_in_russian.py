"""The page tells a Russian person in Russian what an engine understood: each of its words has one there."""

import re
from pathlib import Path
from typing import Final

from ml_worker.engines.form.families.registry import FAMILIES
from ml_worker.engines.form.materials import STUFF
from ml_worker.engines.relief.engine import WAYS

CATALOGUES: Final = Path(__file__).parents[2] / "web" / "src" / "i18n"
FEATURES: Final = {feature.id for family in FAMILIES.values() for feature in family.features}


def translated(kind: str) -> set[str]:
    texts = "".join((CATALOGUES / name).read_text() for name in ("ru.ts", "ruWords.ts"))
    return set(re.findall(rf"'{kind}\.([^']+)'", texts))


def test_every_word_of_an_answer_is_translated() -> None:
    told = set(STUFF) | set(FAMILIES) | FEATURES
    for family in FAMILIES.values():
        told |= set(family.variants) | set(family.options)
        told |= {value for values in family.options.values() for value in values}
    assert told - translated("word") == set()


def test_every_part_that_a_finish_may_be_of_is_translated() -> None:
    assert (FEATURES | {"main", "accent"}) - translated("word") - translated("finish") == set()


def test_every_way_of_cutting_out_is_translated() -> None:
    assert WAYS.keys() | {"plate"} == translated("separation")
