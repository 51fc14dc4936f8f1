"""A run without a worker: for `lathe engines run`, the conformance suite, benchmarks and tests."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ml_worker.answers import progressed
from ml_worker.checkpoints import Checkpoints
from ml_worker.engines.port import Cancelled
from ml_worker.stages import Stages


class LocalRun:
    """Implements `ml_worker.engines.port.Run`. `on_progress` gets {progress: 0..1, stage}.

    `checkpoints`: where saved stages are kept (None: in `folder`, and gone with it).
    """

    def __init__(
        self,
        seed: int,
        folder: Path,
        stages: Sequence[tuple[str, float]],
        on_progress: Callable[[dict[str, Any]], None] = lambda _: None,
        *,
        deadline: datetime | None = None,
        checkpoints: Path | None = None,
    ) -> None:
        self.seed = seed
        self.folder = folder
        self.deadline = deadline
        self._stages = Stages(stages)
        self._on_progress = on_progress
        self._checkpoints = Checkpoints(checkpoints or folder / ".stages")

    def check_cancel(self) -> None:
        """Ctrl-C raises KeyboardInterrupt by itself; a deadline ends a run here too."""
        if self.deadline is not None and datetime.now(UTC) >= self.deadline:
            raise Cancelled

    def progress(self, stage: str, fraction_of_stage: float, preview: Path | None = None) -> None:
        told = progressed(0, self._stages, stage, fraction_of_stage, preview)
        self._on_progress({"progress": told.fraction, "stage": told.stage})

    def save_stage(self, name: str, content: bytes) -> None:
        self._checkpoints.save(name, content)

    def load_stage(self, name: str) -> bytes | None:
        return self._checkpoints.load(name)
