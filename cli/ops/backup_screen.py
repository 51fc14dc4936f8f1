"""How a backup or a restore looks: a bar in a terminal, and what came of it."""

from typing import Any, Final

from rich.console import Console

from cli.ops.carrying_out import BarScreen

WORDS: Final = {
    "ops": ("keys and sessions", "tables"),
    "log": ("the log", "records"),
    "objects": ("objects", "new ones"),
}


class BackupScreen(BarScreen):
    """`show` takes the lines of `python -m processors.backup`."""

    def __init__(self, console: Console) -> None:
        super().__init__(console, 18)

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
                self._move(what, line, words)

    def _holds(self, line: dict[str, Any]) -> str:
        return (
            f"{line['records']:,} records, {line['rows']:,} rows of keys, sessions and orders, "
            f"{line['objects']:,} objects ({line['object_bytes'] / 1e6:,.1f} MB)"
        )
