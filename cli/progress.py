"""How a task's progress looks in a terminal, and in a log."""

from types import TracebackType
from typing import Any, Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

WORDS: Final = {
    "queued": "waiting",
    "running": "working",
    "cancelling": "cancelling",
    "completed": "done",
    "failed": "failed",
    "cancelled": "cancelled",
}


class Bar:
    """A bar on the error output; plain lines, one per change of words, where there is no terminal."""

    def __init__(self, task_id: str, *, quiet: bool = False, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._quiet = quiet
        self._task_id = task_id
        self._words = ""
        self._fraction = 0.0
        self._progress: Progress | None = None
        if not quiet and self._console.is_terminal:
            self._progress = Progress(
                TextColumn("{task.description:<24}"),
                BarColumn(bar_width=None),
                TaskProgressColumn(),
                TimeElapsedColumn(),
                console=self._console,
            )
            self._bar = self._progress.add_task("asked", total=1.0)

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
        elif not self._quiet:
            self._console.print(f"task {self._task_id}", markup=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def update(self, kind: str, told: dict[str, Any]) -> None:
        """`kind` and `told` as the live events bring them."""
        words = _words(kind, told) or self._words
        fraction = told.get("progress", self._fraction) if kind == "progress" else self._fraction
        if told.get("status") == "completed":
            fraction = 1.0
        elif told.get("type") == "retried":
            fraction = 0.0
        changed, self._words, self._fraction = words != self._words, words, float(fraction)
        if self._progress is not None:
            self._progress.update(self._bar, completed=self._fraction, description=words)
        elif changed and not self._quiet:
            self._console.print(f"{self._fraction:4.0%}  {words}", markup=False)


def _words(kind: str, told: dict[str, Any]) -> str:
    if kind == "task":
        if told.get("type") == "retried":
            return f"attempt {told.get('attempt')}"
        return WORDS.get(str(told.get("status")), "")
    if told.get("message"):
        return str(told["message"])
    if told.get("queue_position"):
        eta = told.get("eta_s")
        return f"number {told['queue_position']} in line" + (f", about {eta:.0f} s" if eta else "")
    return str(told.get("stage") or "").replace("-", " ")
