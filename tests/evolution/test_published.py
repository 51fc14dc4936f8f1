"""What is published of the events is what the code says, whole, and breaks no reader of anything published before."""

import subprocess
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator, meta

from adapters.contract.channels import Untold
from adapters.contract.gate import breaking, findings
from adapters.contract.landed import FOLDER, ROOT, SUFFIX, present, read
from adapters.contract.publishing import texts
from adapters.contract.schema import schema_of
from adapters.kafka import topics
from domain.account import events as account
from domain.personal import Sealed
from domain.registry import EVENTS
from domain.upcasting import UPCASTERS


def test_it_is_up_to_date() -> None:
    for path, text in texts(read()).items():
        assert path.exists(), f"{path.name} is missing; run: python -m docs.events"
        assert path.read_text() == text, f"{path.name} is stale; run: python -m docs.events"


def test_nothing_that_was_published_is_broken() -> None:
    assert [str(found) for found in breaking(findings(read(), present(), UPCASTERS.keys()))] == []


def test_revisions_have_no_holes() -> None:
    for name, revisions in read().items():
        assert sorted(revisions) == list(range(1, len(revisions) + 1)), name


def test_no_revision_of_a_release_was_changed_or_taken_away() -> None:
    """Where Git knows a release; a shallow clone cannot tell."""
    release = git("describe", "--tags", "--abbrev=0")
    if release:
        assert (
            git("diff", "--name-only", "--diff-filter=MD", release, "--", f"{FOLDER.relative_to(ROOT)}/history") == ""
        )


def git(*arguments: str) -> str:
    """What it says; nothing if it has no answer."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


@pytest.mark.parametrize("name", EVENTS)
def test_a_schema_is_valid_and_tells_all(name: str) -> None:
    schema = present()[name]
    meta.validate(schema)
    Draft202012Validator(schema)
    assert schema["$id"] == f"/events/{name}{SUFFIX}"
    assert set(schema["x-topics"]) <= {topic.name for topic in topics.ALL}
    for struct in (schema, *schema.get("$defs", {}).values()):
        assert struct["description"], f"{struct['title']} has no docstring"


def test_sealed_fields_are_marked_as_personal() -> None:
    requested = schema_of("lathe.task.requested.v1", account.TaskRequested)
    assert requested["properties"]["prompt"]["x-personal"] is True
    assert requested["$defs"]["StoredFile"]["properties"]["name"]["x-personal"] is True
    marked = sum(str(schema).count("'x-personal': True") for schema in present().values())
    assert marked == str(present()).count(f"#/$defs/{Sealed.__name__}'") > 5


def test_numbers_have_units() -> None:
    properties: dict[str, Any] = present()["lathe.task.completed.v1"]["properties"]
    assert properties["charged"]["x-unit"] == "micro-credits"

    class Measured(account.Event, frozen=True, kw_only=True):
        """An event with a number of which nothing is known."""

        weight: float

    with pytest.raises(Untold, match=r"no unit for Measured\.weight"):
        schema_of("lathe.measured.v1", Measured)


def test_an_event_of_an_unknown_module_needs_a_topic() -> None:
    class Stray(account.Event, frozen=True, kw_only=True):
        """Its module is this test."""

    with pytest.raises(Untold, match="in which topic"):
        schema_of("lathe.stray.v1", Stray)
