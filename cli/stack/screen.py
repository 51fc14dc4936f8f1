"""Shows the state of the stack: one live table in a terminal, plain lines where there is none."""

import time
from pathlib import Path
from typing import Final

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cli.stack.slot import Slot, State

COLOURS: Final = {
    State.WAITING: "dim",
    State.STARTING: "yellow",
    State.READY: "green",
    State.DONE: "green",
    State.DOWN: "red",
    State.STOPPED: "dim",
}
REFRESH_SECONDS: Final = 0.25
LAST_LINE_BYTES: Final = 400
PROBLEM_LINES: Final = 4
"""Of each part's problem, in the table's place; without a terminal, and in the part's log, stands more."""


class Screen:
    """Told of every change by the supervisor; draws only what a person needs."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._slots: list[Slot] = []
        self._live: Live | None = None
        self._lines: list[str] = []
        self._said: dict[str, str] = {}
        self._next_look = 0.0
        self._download_said = -1

    def say(self, line: str) -> None:
        """A line that stays. Said again, it is not repeated."""
        if line in self._lines:
            return
        self._lines.append(line)
        if self._live is None:
            self._print(line)

    def _print(self, text: str) -> None:
        """As it is: what parts say is no markup of ours."""
        self.console.out(text, highlight=False)

    def show(self, slots: list[Slot]) -> None:
        """Begin with the table of these parts, if this is a terminal."""
        self._slots = slots
        if self.console.is_terminal:
            self._lines = []  # what was said so far stands above the table
            self._live = Live(self._drawn(), console=self.console, auto_refresh=False, transient=False)
            self._live.start()

    def close(self) -> None:
        if self._live is not None:
            self._live.update(self._drawn(), refresh=True)
            self._live.stop()
            self._live = None

    def download(self, done: int, total: int) -> None:
        """Bytes of the broker's download: a line for every tenth of it."""
        tenth = 10 * done // total
        if tenth != self._download_said:
            self._download_said = tenth
            self.say(f"kafka: {done / 1e6:.0f} of {total / 1e6:.0f} MB downloaded")

    def changed(self, slot: Slot) -> None:
        """A part has a new state."""
        if self._live is None:
            reason = f": {slot.problem}" if slot.state is State.DOWN and slot.problem else ""
            self._print(f"{slot.part.name} {slot.state}{reason}")

    def tick(self) -> None:
        """Redraw, and follow what running tasks say."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + REFRESH_SECONDS
        for slot in self._slots:
            if slot.part.is_task and slot.state is State.STARTING:
                self._follow(slot)
        if self._live is not None:
            self._live.update(self._drawn(), refresh=True)

    def _follow(self, slot: Slot) -> None:
        line = last_line(slot.log)
        if line and line != self._said.get(slot.part.name):
            self._said[slot.part.name] = line
            if self._live is None:
                self._print(f"{slot.part.name}: {line}")

    def _drawn(self) -> Group:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for column in ("part", "state", "process", "restarts", ""):
            table.add_column(column, header_style="dim", overflow="ellipsis", no_wrap=True)
        for slot in self._slots:
            remark = self._said.get(slot.part.name) if slot.state is State.STARTING else None
            table.add_row(
                slot.part.name,
                Text(slot.state, style=COLOURS[slot.state]),
                str(slot.pid or ""),
                str(slot.restarts or ""),
                Text(remark or "", style="dim"),
            )
        problems = [slot.problem for slot in self._slots if slot.state is State.DOWN and slot.problem]
        return Group(table, *(Text(line) for line in self._lines), *(Text(_shortened(each)) for each in problems))


def _shortened(problem: str) -> str:
    """What happened, the last that the part said, and where its log is."""
    first, *rest = problem.splitlines()
    return "\n".join([first, *rest[-PROBLEM_LINES:]])


def last_line(log: Path) -> str:
    """The last line of a log that is not empty."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - LAST_LINE_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
