"""The files that tell the world what the events are, and the samples that prove it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.contract import asyncapi
from adapters.contract.landed import FOLDER, SUFFIX, Landed, present, sample_of, with_revisions


def texts(landed: Landed) -> dict[Path, str]:
    """The files as they should stand in the repository, given what has landed.

    An old version that is only upcast keeps its schema: records of it name it in `ce_dataschema`.
    """
    now = present()
    published = with_revisions(landed, now)
    found: dict[Path, str] = {}
    for name, revisions in sorted(published.items()):
        newest = now.get(name, revisions[max(revisions)])
        found[FOLDER / f"{name}{SUFFIX}"] = _text(newest)
        for revision, schema in revisions.items():
            found[FOLDER / "history" / name / f"{revision}{SUFFIX}"] = _text(schema)
    found[asyncapi.PATH] = asyncapi.text(published, now)
    return found


def without_sample(landed: Landed) -> list[Path]:
    """The golden samples that are missing."""
    wanted = [sample_of(name, revision) for name, revisions in sorted(landed.items()) for revision in revisions]
    return [path for path in wanted if not path.exists()]


def _text(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
