"""A run that remembers what it was told."""

from pathlib import Path

from ml_worker.engines.port import Cancelled


class RecordedRun:
    def __init__(self, folder: Path, seed: int = 0, cancel_at: str | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.seed = seed
        self.folder = folder
        self.deadline = None
        self.cancel_at = cancel_at
        self.told: list[tuple[str, float]] = []
        self.shown: list[tuple[str, bytes]] = []
        """(stage, picture)."""
        self.checks = 0

    def check_cancel(self) -> None:
        self.checks += 1
        if self.told and self.told[-1][0] == self.cancel_at:
            raise Cancelled

    def progress(self, stage: str, fraction_of_stage: float, preview: Path | None = None) -> None:
        self.told.append((stage, fraction_of_stage))
        if preview is not None:
            self.shown.append((stage, preview.read_bytes()))

    def save_stage(self, name: str, content: bytes) -> None:
        """Nothing is kept."""

    def load_stage(self, name: str) -> bytes | None:
        return None
