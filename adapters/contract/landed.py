"""The schemas that were ever published: `docs/events/history/<type>/<revision>.schema.json`, 1, 2, 3… per type.

They are files, not Git history, so that a shallow clone or a copy of the sources can check them too. A change of words
only is no new revision.
"""

import io
import json
import subprocess
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

from adapters.contract.compatibility import structure
from adapters.contract.schema import schema_of
from domain.registry import EVENTS

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = ROOT / "docs" / "events"
SUFFIX: Final = ".schema.json"
SAMPLES: Final = ROOT / "tests" / "golden"
Landed = Mapping[str, Mapping[int, dict[str, Any]]]
"""Type → revision → schema."""


class NoSchemas(Exception):
    """There are no landed schemas to compare with; `str(error)` says where they were looked for."""


def present() -> dict[str, dict[str, Any]]:
    """The schema of every event that this code reads, by type. Raises Untold."""
    return {name: schema_of(name, event) for name, event in EVENTS.items()}


def read(folder: Path = FOLDER) -> Landed:
    """All landed schemas below a folder like `docs/events`. Raises NoSchemas."""
    files = ((path.relative_to(folder).as_posix(), path.read_bytes()) for path in sorted(folder.rglob(f"*{SUFFIX}")))
    return _arranged(files, str(folder))


def read_ref(ref: str, root: Path = ROOT) -> Landed:
    """All schemas that had landed at a commit, branch or tag. Raises NoSchemas."""
    command = ["git", "archive", "--format=tar", ref, FOLDER.relative_to(ROOT).as_posix()]
    done = subprocess.run(command, cwd=root, capture_output=True, check=False)
    if done.returncode != 0:
        raise NoSchemas(f"Git has no docs/events at {ref!r}: {done.stderr.decode(errors='replace').strip()}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        found = [
            (PurePosixPath(member.name).relative_to("docs/events").as_posix(), content.read())
            for member in archive.getmembers()
            if member.name.endswith(SUFFIX) and (content := archive.extractfile(member)) is not None
        ]
    return _arranged(found, f"docs/events at {ref}")


def with_revisions(landed: Landed, now: Mapping[str, dict[str, Any]]) -> dict[str, dict[int, dict[str, Any]]]:
    """What has landed once `now` lands: a schema that differs from its newest revision is the next one."""
    found = {name: dict(revisions) for name, revisions in landed.items()}
    for name, schema in now.items():
        revisions = found.setdefault(name, {})
        newest = max(revisions, default=0)
        if newest == 0 or structure(revisions[newest]) != structure(schema):
            revisions[newest + 1] = schema
    return found


def sample_of(name: str, revision: int) -> Path:
    """Where the golden sample of one revision of an event lies."""
    return SAMPLES / name / f"{revision}.json"


def _arranged(files: Iterable[tuple[str, bytes]], where: str) -> Landed:
    """Revisions from `history/`; a folder without it holds one version of each type."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    alone: dict[str, dict[int, dict[str, Any]]] = {}
    for path, content in files:
        match path.removesuffix(SUFFIX).split("/"):
            case ["history", name, revision] if revision.isdigit():
                found.setdefault(name, {})[int(revision)] = json.loads(content)
            case [name]:
                alone[name] = {1: json.loads(content)}
    if not (found or alone):
        raise NoSchemas(f"There are no event schemas in {where}.")
    return found or alone
