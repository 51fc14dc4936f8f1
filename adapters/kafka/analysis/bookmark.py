"""A place in the log, kept in a file: positions with the state of the read rule, and which log they belong to."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from adapters.kafka.cluster import LogIdentity
from adapters.kafka.position import TP, Position
from adapters.whole_files import sync_folder

VERSION: Final = 1


class WrongBookmark(Exception):
    """The file is not a bookmark, or one of another log. The message is for people."""


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands in the file. Names of positions are `<topic>/<partition>`."""

    cluster_id: str
    topic_ids: dict[str, str]
    positions: dict[str, Position]
    version: int = VERSION

    @classmethod
    def of(cls, identity: LogIdentity, positions: Mapping[TP, Position]) -> "Place":
        named = {f"{topic}/{partition}": position for (topic, partition), position in sorted(positions.items())}
        return cls(identity.cluster_id, identity.topic_ids, named)

    def in_log(self, identity: LogIdentity) -> dict[TP, Position]:
        """Its positions. Raises WrongBookmark when they belong to another log than `identity`."""
        if self.version != VERSION:
            raise WrongBookmark(f"It was written by another version of Lathe ({self.version}, this one: {VERSION}).")
        others = [
            name for name, topic_id in self.topic_ids.items() if identity.topic_ids.get(name, topic_id) != topic_id
        ]
        if self.cluster_id != identity.cluster_id or others:
            what = f"the topics {', '.join(others)} were made anew" if others else "it is another cluster"
            raise WrongBookmark(f"It belongs to another log than this one ({what}): offsets mean nothing here.")
        found = {}
        for name, position in self.positions.items():
            topic, _, partition = name.rpartition("/")
            found[(topic, int(partition))] = position
        return found


class Bookmark:
    """The file at `path`. Saved as a whole or not at all, also when the process is killed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self, identity: LogIdentity) -> dict[TP, Position] | None:
        """Positions to go on from; None when there is no file yet. Raises WrongBookmark."""
        try:
            place = msgspec.json.decode(self._path.read_bytes(), type=Place)
            return place.in_log(identity)
        except FileNotFoundError:
            return None
        except (msgspec.MsgspecError, ValueError) as error:
            raise WrongBookmark(f"{self._path} is not a place in a log: {error}") from error
        except WrongBookmark as wrong:
            raise WrongBookmark(f"{self._path}: {wrong}") from None

    def save(self, positions: Mapping[TP, Position], identity: LogIdentity) -> None:
        """Raises OSError."""
        replace(self._path, msgspec.json.format(msgspec.json.encode(Place.of(identity, positions)), indent=1))


def replace(path: Path, content: bytes) -> None:
    """Give the file this content, as a whole or not at all. Raises OSError."""
    beside = path.with_name(f".{path.name}.tmp")
    write_synced(beside, os.O_TRUNC, content)
    beside.replace(path)
    sync_folder(path.parent)


def write_synced(path: Path, how: int, content: bytes) -> None:
    """Write to a file, made if need be, until it is on the disk. `how`: os.O_TRUNC or os.O_APPEND. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o644)
    try:
        written = 0
        while written < len(content):
            written += os.write(descriptor, content[written:])
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
