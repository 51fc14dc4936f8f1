"""The engine `lathe/form` as the worker sees it: from a prompt to files, a report and what was understood."""

import json
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from domain.catalog.builtin import builtin_models
from ml_worker.engines.form import FormEngine
from ml_worker.engines.form.families.registry import FAMILIES
from ml_worker.engines.form.lexicon.reader import load
from ml_worker.engines.form.make import make_solid, make_wish
from ml_worker.engines.port import BadInput, Cancelled, Inputs, Result
from tests.engines.form_reading import READER
from tests.mesh.glb_validator import issues
from tests.mesh.runs import RecordedRun

DRAFT = {"quality": "draft", "texture_size": 512, "formats": ["glb"]}


def made(folder: Path, prompt: str, seed: int = 0, **params: object) -> Result:
    return FormEngine().run(Inputs(prompt=prompt), DRAFT | params, RecordedRun(folder, seed))


def test_it_says_of_itself_what_the_catalog_says() -> None:
    said = FormEngine().describe()
    listed = next(model for model in builtin_models() if model.model == said.id)
    assert (said.version, said.title, said.kinds) == (listed.version, listed.title, listed.kinds)
    assert (said.price, said.typical_seconds) == (listed.price, listed.typical_seconds)
    assert said.params_schema == listed.params_schema
    assert sum(weight for _, weight in said.stages) == pytest.approx(1)


def test_a_prompt_becomes_a_clean_model(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path)
    result = FormEngine().run(Inputs(prompt="a red wooden chair with four legs"), DRAFT, run)
    assert {file.format for file in result.files} == {"glb", "preview"}
    glb = next(file.path for file in result.files if file.format == "glb")
    assert issues(glb)[0]["numErrors"] == 0
    assert result.report["watertight"]
    assert result.report["components"] == 1
    assert result.understood["object"] == "chair"
    assert result.understood["parts"] == {"leg": 4}
    assert result.understood["finishes"] == {"main": {"material": "wood", "color": "#c0261f"}}
    assert result.ignored == ()
    stages = [stage for stage, _ in FormEngine().describe().stages]
    told = [stage for stage, _ in run.told]
    assert sorted(set(told), key=told.index) == stages
    json.dumps([result.understood, result.report])


def test_what_was_not_followed_is_told(tmp_path: Path) -> None:
    result = made(tmp_path, "a blu-ish yelow mug for my grandma with long red dragons")
    assert "for my grandma" in result.ignored
    assert any("dragons" in words for words in result.ignored)
    assert result.understood["corrected"] == {"yelow": "yellow"}


def test_several_objects_come_in_one_model(tmp_path: Path) -> None:
    result = made(tmp_path, "three red mugs")
    assert result.report["components"] == 3
    assert result.understood["count"] == 3


def test_the_longest_side_can_be_set(tmp_path: Path) -> None:
    result = made(tmp_path, "a table", size=0.25)
    low, high = result.report["bounds_mm"]
    assert max(b - a for a, b in zip(low, high, strict=True)) == pytest.approx(250, rel=0.01)


def test_the_same_wish_gives_the_same_bytes(tmp_path: Path) -> None:
    prompts = [made(tmp_path / name, "a vase", seed) for name, seed in (("a", 4), ("b", 4), ("c", 5))]
    first, again, other = (result.files[0].path.read_bytes() for result in prompts)
    assert first == again
    assert first != other


@pytest.mark.parametrize("prompt", [None, "", "  \n "])
def test_nothing_asked_is_refused(tmp_path: Path, prompt: str | None) -> None:
    with pytest.raises(BadInput) as refusal:
        FormEngine().run(Inputs(prompt=prompt), DRAFT, RecordedRun(tmp_path))
    assert refusal.value.code == "not-understood"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("stage", ["understand", "field", "surface", "texture"])
def test_it_stops_when_cancelled(tmp_path: Path, stage: str) -> None:
    run = RecordedRun(tmp_path, cancel_at=stage)
    with pytest.raises(Cancelled):
        FormEngine().run(Inputs(prompt="a bowl"), DRAFT, run)
    assert run.told[-1][0] == stage


def _vocabulary() -> list[str]:
    words = load()
    lists = [words["colors"], words["materials"], words["scales"], words["words"], words["tones"], words["dimensions"]]
    found = [phrase for table in lists for phrases in table.values() for phrase in phrases]
    found += [*words["numbers"], *words["sides"], *words["units"]]
    for family in FAMILIES.values():
        found += [noun for variant in family.variants.values() for noun in variant.nouns]
        found += [noun for feature in family.features for noun in feature.nouns]
        found += [word for values in family.options.values() for choice in values.values() for word in choice]
    return sorted(set(found))


WORDS = st.one_of(
    st.sampled_from(_vocabulary()),
    st.sampled_from(
        [",", "and", "with", "without", "a", "4", "0", "12", "1.5", "99999", "#abc", "#12zz", "-", "x", "no"]
    ),
    st.text(max_size=6),
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(WORDS, max_size=14).map(" ".join))
@example("in chair 4 in x 4 in")
@example("mug 30")
@example("lamp shade")
@example("not chair not")
@example("with with chair without with without no no")
def test_no_words_whatever_break_the_reader(prompt: str) -> None:
    assert _refusal(prompt) in {None, "not-understood", "cannot-make", "language-not-supported"}


def _refusal(prompt: str) -> str | None:
    try:
        make_wish(READER.read(prompt), 0)
    except BadInput as refusal:
        return refusal.code
    return None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), seed=st.integers(0, 2**31 - 1))
def test_whatever_is_understood_can_be_built(data: st.DataObject, seed: int) -> None:
    family = FAMILIES[data.draw(st.sampled_from(sorted(FAMILIES)))]
    noun = data.draw(st.sampled_from([noun for variant in family.variants.values() for noun in variant.nouns]))
    parts = []
    for feature in data.draw(st.lists(st.sampled_from(family.features), max_size=3, unique=True)):
        count = data.draw(st.integers(feature.least, feature.most))
        parts.append(f"{count} {feature.nouns[0]}" if feature.most > 1 else feature.nouns[0])
    choices = [word for values in family.options.values() for choice in values.values() for word in choice]
    looks = data.draw(st.lists(st.sampled_from(choices), max_size=1)) if choices else []
    prompt = f"a {' '.join(looks)} {noun}" + (f" with {', '.join(parts)}" if parts else "")
    if _refusal(prompt) is not None:
        return
    request = READER.read(prompt)
    body = make_solid(request, make_wish(request, seed))
    low, high = (torch.tensor(corner) for corner in body.bounds)
    assert bool((high > low).all())
    points = low + (high - low) * torch.rand(2000, 3, generator=torch.Generator().manual_seed(seed))
    distance = body.distance(points)
    assert bool(torch.isfinite(distance).all())
    assert bool((distance < 0).any())
    assert bool((body.material(points) < len(body.materials)).all())
