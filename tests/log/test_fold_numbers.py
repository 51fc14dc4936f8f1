"""Whoever changes what events fold to changes the version of snapshots: an old one would hold the old fold."""

import json

import pytest

from tests.log.folds import FILE, STORIES, found


@pytest.mark.parametrize("topic", STORIES)
def test_another_fold_has_another_number(topic: str) -> None:
    kept, now = json.loads(FILE.read_text())[topic], found()[topic]
    if (kept["fold"], kept["shape"]) == (now["fold"], now["shape"]):
        assert kept["state"] == now["state"], (
            "The same events fold to something else. Raise `fold` of the decider, so that no snapshot of the old fold "
            "is used, and write the new one down: python -m tests.log.folds"
        )
    else:
        assert kept == now, "The state has another shape or number: write it down by python -m tests.log.folds"
