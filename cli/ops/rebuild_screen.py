"""How a rebuild looks: a bar in a terminal, plain lines where there is none, and what came of it."""

import time
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from cli.ops.carrying_out import BarScreen

WORDS: Final = {"building": "building", "comparing": "comparing", "failed": "failed"}
LINE_EVERY_S: Final = 5.0
MICRO: Final = 1_000_000


class RebuildScreen(BarScreen):
    """`show` takes the lines of `python -m processors.rebuild`."""

    def __init__(self, console: Console) -> None:
        super().__init__(console, 10, transient=False)
        self._said = 0.0
        self._state = ""

    def show(self, line: dict[str, Any]) -> None:
        match line["state"]:
            case "planned":
                self._plan(line)
            case "begun":
                how = "Going on with" if line["resumes"] else "Building"
                self._say(f"{how} {line['target']} beside {line['live']}, which serves.")
            case "compared":
                self._compared(line)
            case "built":
                self._say(f"{line['target']} is built and compared. The next call lets it serve.")
            case "swapped":
                self._say(f"{line['live']} serves now. {line['before']} stays until you drop it:")
                self._say(f"    lathe ops rebuild --drop {line['before']}")
            case "dropped":
                self._say(f"{line['schema']} is dropped.")
            case "refused":
                self._say(f"What serves is as it was: {line['why']}.")
            case _:
                self._moved(line)

    def _moved(self, line: dict[str, Any]) -> None:
        state, done, total = WORDS.get(line["state"], line["state"]), line["done"], line["total"]
        eta = "" if line["eta_s"] is None else f", {_span(line['eta_s'])} left"
        words = f"{done:,} of {total:,} records, {line['rate']:,}/s{eta}"
        self._move(state, line, words)
        now = time.monotonic()
        if not self._console.is_terminal and (state != self._state or now - self._said >= LINE_EVERY_S):
            self._said = now
            self._say(f"{state}: {words}")
        self._state = state

    def _plan(self, line: dict[str, Any]) -> None:
        left = line["total"] - line["done"]
        how = "would be gone on with" if line["resumes"] else "would be built"
        self._say(f"{line['target']} {how} beside {line['live']}, which serves ({line['bytes'] / 1e6:,.1f} MB).")
        self._say(f"{left:,} of {line['total']:,} records are to be folded. Nothing was changed.")

    def _compared(self, line: dict[str, Any]) -> None:
        table = Table("table", "serves", "built", "")
        for found in line["tables"]:
            table.add_row(found["table"], f"{found['live_rows']:,}", f"{found['rows']:,}",
                          "same" if found["same"] else "[bold red]different[/]")  # fmt: skip
        self._console.print(table)
        money = ", ".join(f"{name} {_credits(amount)}" for name, amount in line["money"].items())
        wrong = line["unbalanced"]
        balanced = f"{wrong:,} accounts do not balance" if wrong else "all accounts balance"
        self._say(f"Credits: {money}; {balanced}.")


def _credits(micro: int) -> str:
    return f"{micro / MICRO:,.6f}".rstrip("0").rstrip(".")


def _span(seconds: float) -> str:
    """A duration for people."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
