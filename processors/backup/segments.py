"""Records in a file: each as msgpack [timestamp, key, value, [[header, value], …]], one after the other, in zlib."""

import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from adapters.kafka.record import Record
from processors.backup.manifest import BadBackup, Segment, digest

CHUNK: Final = 1 << 20
LEVEL: Final = 1
"""Of compression: a broker's log of JSON gets to a fifth, and it costs less than reading does."""
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder().decode
_LENGTH: Final = 4

Stored = tuple[int, bytes | None, bytes | None, list[tuple[str, bytes]]]
"""(timestamp in ms, key, value, headers)."""


class SegmentWriter:
    """Writes one new file. Whether it counts is for the manifest to say."""

    def __init__(self, folder: Path, file: str, first: int) -> None:
        self._folder, self._name, self._first = folder, file, first
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb")
        self._packer = zlib.compressobj(LEVEL)
        self.records = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, record: Record) -> None:
        packed = _encode((record.timestamp, record.key, record.value, record.headers))
        self._file.write(self._packer.compress(len(packed).to_bytes(_LENGTH) + packed))
        self.records += 1

    def end(self) -> Segment:
        """On the disk from now on. Raises OSError."""
        self._file.write(self._packer.flush())
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return Segment(self._name, self._first, self.records, digest(self._folder / self._name))


def read_segment(path: Path) -> Iterator[Stored]:
    """In order. Raises BadBackup."""
    unpacker, left = zlib.decompressobj(), b""
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                left += unpacker.decompress(chunk)
                at = 0
                while len(left) - at >= _LENGTH:
                    end = at + _LENGTH + int.from_bytes(left[at : at + _LENGTH])
                    if end > len(left):
                        break
                    yield _stored(_decode(left[at + _LENGTH : end]))
                    at = end
                left = left[at:]
    except (zlib.error, msgspec.MsgspecError, OSError) as error:
        raise BadBackup(f"{path} cannot be read: {error}") from error
    if left:
        raise BadBackup(f"{path} ends in the middle of a record.")


def _stored(packed: Any) -> Stored:
    timestamp, key, value, headers = packed
    return timestamp, key, value, [(name, content) for name, content in headers]
