"""What an export writes to. Two: JSON lines in one file (`json_lines.py`), Parquet files in a folder (`parquet.py`)."""

from pathlib import Path
from typing import Protocol

from adapters.kafka.analysis import ReadEvent


class Output(Protocol):
    """Rows are added, then prepared (durable, not counted yet), then, once the ledger counts them, published."""

    @property
    def ledger(self) -> Path:
        """The file that says what counts."""
        ...

    @property
    def waiting(self) -> int:
        """Bytes added since the last publication."""
        ...

    def begin(self) -> None:
        """A new output. Raises Misused where something is in the way, OSError."""
        ...

    def recover(self, mark: int) -> None:
        """Back to what counts. Raises Misused when less than that is there, OSError."""
        ...

    def add(self, read: ReadEvent) -> None: ...

    def prepare(self) -> int:
        """Make it durable. Returns the mark that will count it."""
        ...

    def publish(self) -> None: ...
