"""What a backup holds. The folder's `manifest.json` is written last, as a whole: without it nothing counts."""

import hashlib
import itertools
from pathlib import Path
from typing import Final

import msgspec

from adapters.kafka.analysis.bookmark import replace
from adapters.kafka.position import TP, Position

VERSION: Final = 1
NAME: Final = "manifest.json"
OPS: Final = "ops/[0-9]*T[0-9]*Z"
COPIES: Final = ("log/lathe.*/[0-9]*/*.z", f"{OPS}/*.copy")
"""What backups write beside it, objects apart. Narrow: a folder may hold other things, too."""


class BadBackup(Exception):
    """The folder is no backup, a damaged one, or one of something else. The message is for people."""


class Segment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Records of a partition from `first` on; `sha256` of the file."""

    file: str
    first: int
    records: int
    sha256: str


class Partition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`end`: where a reader stands after its last record."""

    topic: str
    number: int
    end: Position
    segments: tuple[Segment, ...] = ()

    @property
    def tp(self) -> TP:
        return self.topic, self.number


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table of the schema `ops`, in PostgreSQL's text format."""

    name: str
    columns: tuple[str, ...]
    file: str
    rows: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    made_at: str
    cluster_id: str
    topic_ids: dict[str, str]
    master_fingerprint: str | None
    """Of the key that wraps the accounts' keys, hex: it is not in the backup unless that was asked for."""
    ops_revision: str
    partitions: tuple[Partition, ...]
    tables: tuple[Table, ...]
    objects: int
    object_bytes: int
    version: int = VERSION

    @property
    def records(self) -> int:
        return sum(segment.records for partition in self.partitions for segment in partition.segments)

    @property
    def files(self) -> frozenset[str]:
        """Those whose hashes it holds."""
        segments = (segment.file for partition in self.partitions for segment in partition.segments)
        return frozenset((*segments, *(table.file for table in self.tables)))


def load(folder: Path) -> Manifest | None:
    """None when there is none yet. Raises BadBackup."""
    try:
        manifest = msgspec.json.decode((folder / NAME).read_bytes(), type=Manifest)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, ValueError, OSError) as error:
        raise BadBackup(f"{folder / NAME} cannot be read: {error}") from error
    if manifest.version != VERSION:
        raise BadBackup(f"{folder} was made by another version of Lathe ({manifest.version}, this one: {VERSION}).")
    return manifest


def save(folder: Path, manifest: Manifest) -> None:
    """Raises OSError."""
    replace(folder / NAME, msgspec.json.format(msgspec.json.encode(manifest), indent=1))


def sweep(folder: Path, manifest: Manifest | None) -> None:
    """Delete the copies that the manifest does not name: of a backup that did not end, and of `ops` in the one before.
    People who were erased since may have keys there. Raises OSError."""
    named = manifest.files if manifest is not None else frozenset()
    for path in itertools.chain.from_iterable(folder.glob(pattern) for pattern in COPIES):
        if str(path.relative_to(folder)) not in named:
            path.unlink()
    for place in folder.glob(OPS):
        if not any(place.iterdir()):
            place.rmdir()


def digest(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check(folder: Path, file: str, sha256: str) -> Path:
    """The file, if it is what the manifest says. Raises BadBackup."""
    path = folder / file
    try:
        found = digest(path)
    except OSError as error:
        raise BadBackup(f"{path} cannot be read: {error}") from error
    if found != sha256:
        raise BadBackup(f"{path} was changed or damaged: its hash is not the one of the manifest.")
    return path
