"""A run that remembers everything an engine did with it, and can end it at any moment."""

import time
from datetime import datetime
from pathlib import Path

import msgspec

from ml_worker.answers import progressed
from ml_worker.checkpoints import Checkpoints
from ml_worker.engines.port import Cancelled
from ml_worker.stages import Stages


class Told(msgspec.Struct, frozen=True):
    """One call of `progress`."""

    stage: str
    fraction: float
    preview: Path | None


class WatchedRun:
    """Implements `ml_worker.engines.port.Run`. `clock` seconds are monotonic.

    `cancel_at`: the number of the `check_cancel` (1, 2, 3…) that cancels the run; `deadline` ends it by time.
    """

    def __init__(
        self,
        seed: int,
        folder: Path,
        checkpoints: Path,
        *,
        cancel_at: int | None = None,
        cancel_after_save: bool = False,
        ends_after_s: float | None = None,
        deadline: datetime | None = None,
    ) -> None:
        self.seed, self.folder, self.deadline = seed, folder, deadline
        self._checkpoints = Checkpoints(checkpoints)
        self._cancel_at, self._cancel_after_save = cancel_at, cancel_after_save
        self.began = time.monotonic()
        self._ends = None if ends_after_s is None else self.began + ends_after_s
        self.cancelled_at: float | None = None
        """When the engine could first have known that it must stop."""
        self.told: list[Told] = []
        self.checks = 0
        self.saved: list[str] = []
        self.loaded: list[str] = []

    def check_cancel(self) -> None:
        self.checks += 1
        now = time.monotonic()
        if self.cancelled_at is None:
            if self._ends is not None and now >= self._ends:
                self.cancelled_at = self._ends
            elif self.checks == self._cancel_at or (self._cancel_after_save and self.saved):
                self.cancelled_at = now
        if self.cancelled_at is not None:
            raise Cancelled

    def progress(self, stage: str, fraction_of_stage: float, preview: Path | None = None) -> None:
        progressed(0, Stages(()), stage, fraction_of_stage, preview)
        self.told.append(Told(stage, float(fraction_of_stage), preview))

    def save_stage(self, name: str, content: bytes) -> None:
        self._checkpoints.save(name, content)
        self.saved.append(name)

    def load_stage(self, name: str) -> bytes | None:
        found = self._checkpoints.load(name)
        if found is not None:
            self.loaded.append(name)
        return found
