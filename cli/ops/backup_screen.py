"""How a backup or a restore looks: a bar in a terminal, and what came of it."""

from types import TracebackType
from typing import Any, Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

WORDS: Final = {
    "ops": ("keys and sessions", "tables"),
    "log": ("the log", "records"),
    "objects": ("objects", "new ones"),
}


class BackupScreen:
    """`show` takes the lines of `python -m processors.backup`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description:<18}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[words]}"),
            console=console, disable=not console.is_terminal, transient=True,
        )  # fmt: skip
        self._bar = self._progress.add_task("", total=None, words="", start=False, visible=False)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, line: dict[str, Any]) -> None:
        match line["state"]:
            case "made":
                self._say(f"Backed up as of {line['made_at']}: {self._holds(line)}.")
            case "restored":
                self._say(f"Restored as of {line['made_at']}: {self._holds(line)}.")
            case "put":
                self._say(f"{line['objects']:,} objects were missing and are there again.")
            case "refused":
                self._say(f"Nothing was done that counts: {line['why']}")
            case state:
                what, unit = WORDS[state]
                words = f"{line['done']:,} of {line['total']:,} {unit}"
                self._progress.update(
                    self._bar, description=what, completed=line["done"], total=max(line["total"], 1), words=words,
                    visible=True,
                )  # fmt: skip

    def _holds(self, line: dict[str, Any]) -> str:
        return (
            f"{line['records']:,} records, {line['rows']:,} rows of keys, sessions and orders, "
            f"{line['objects']:,} objects ({line['object_bytes'] / 1e6:,.1f} MB)"
        )

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False)
