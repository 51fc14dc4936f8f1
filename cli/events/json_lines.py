"""An export as one growing file of JSON lines, each a CloudEvent."""

import os
from pathlib import Path

from adapters.kafka.analysis import ReadEvent
from adapters.kafka.analysis.bookmark import write_synced
from adapters.kafka.analysis.cloudevent import json_line
from cli.client.failures import Misused


class JsonLines:
    """Appends to `path`; the ledger is `<path>.export.json`. What lies after the mark does not count."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: list[bytes] = []
        self._end = 0
        self.waiting = 0

    @property
    def ledger(self) -> Path:
        return self._path.with_name(f"{self._path.name}.export.json")

    def begin(self) -> None:
        if self._path.exists() and self._path.stat().st_size:
            raise Misused(f"{self._path} exists, and {self.ledger.name} does not: it is no export to go on with. "
                          "Name another output.")  # fmt: skip

    def recover(self, mark: int) -> None:
        there = self._path.stat().st_size if self._path.exists() else 0
        if there < mark:
            raise Misused(f"{self._path} has {there} bytes of the {mark} that were exported: put it back, or name "
                          "another output.")  # fmt: skip
        if there > mark:
            os.truncate(self._path, mark)
        self._end = mark

    def add(self, read: ReadEvent) -> None:
        line = json_line(read)
        self._lines.append(line)
        self.waiting += len(line)

    def prepare(self) -> int:
        write_synced(self._path, os.O_APPEND, b"".join(self._lines))
        return self._end + self.waiting

    def publish(self) -> None:
        self._end += self.waiting
        self._lines.clear()
        self.waiting = 0
