"""A run without a worker: for `lathe engines run`, benchmarks and tests."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ml_worker.stages import Stages


class LocalRun:
    """Implements `ml_worker.engines.port.Run`. `on_progress` gets {progress: 0..1, stage}; nothing cancels it."""

    def __init__(
        self,
        seed: int,
        folder: Path,
        stages: Sequence[tuple[str, float]],
        on_progress: Callable[[dict[str, Any]], None] = lambda _: None,
    ) -> None:
        self.seed = seed
        self.folder = folder
        self._stages = Stages(stages)
        self._on_progress = on_progress

    def check_cancel(self) -> None:
        """Ctrl-C raises KeyboardInterrupt by itself."""

    def progress(self, stage: str, fraction_of_stage: float, preview: Path | None = None) -> None:
        self._stages.reach(stage, fraction_of_stage)
        self._on_progress({"progress": self._stages.fraction, "stage": stage})
