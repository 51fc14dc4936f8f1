"""Commands of the processors in a process of their own, and how they look: a bar in a terminal, or JSON lines."""

import json
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

INTERRUPTED: Final = 130


class BarScreen(ABC):
    """A bar that is hidden until it is first updated. `width`: of its description; `transient`: gone in the end."""

    def __init__(self, console: Console, width: int, *, transient: bool = True) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn(f"{{task.description:<{width}}}"), BarColumn(), TaskProgressColumn(),
            TextColumn("{task.fields[words]}"), console=console, disable=not console.is_terminal, transient=transient,
        )  # fmt: skip
        self._bar = self._progress.add_task("", total=None, words="", start=False, visible=False)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    @abstractmethod
    def show(self, line: dict[str, Any]) -> None:
        """One line of the command."""

    def _move(self, what: str, line: dict[str, Any], words: str) -> None:
        self._progress.update(
            self._bar, description=what, completed=line["done"], total=max(line["total"], 1), words=words, visible=True
        )

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False)


def carry_out(
    module: str,
    arguments: Sequence[str],
    screen: Callable[[Console], BarScreen],
    around: Mapping[str, str],
    as_json: bool,
) -> int:
    """Run `python -m module` and show its lines on `screen(console)`, or print them as they are. Its exit code."""
    command = [sys.executable, "-m", module, *arguments]
    # In a group of its own, where Ctrl-C does not reach it: it is told to end below, also while it still imports.
    with subprocess.Popen(command, env=dict(around), stdout=subprocess.PIPE, text=True, process_group=0) as process:
        try:
            if as_json:
                return _relay(process, lambda line: typer.echo(json.dumps(line)))
            with screen(Console(highlight=False, soft_wrap=True)) as shown:
                return _relay(process, shown.show)
        finally:
            if process.poll() is None:
                process.terminate()


def _relay(process: "subprocess.Popen[str]", show: Callable[[dict[str, Any]], None]) -> int:
    """Show each line until its end: the exit code. Ctrl-C ends the command, and its last word is still shown."""
    assert process.stdout is not None
    said = False
    try:
        for line in process.stdout:
            show(json.loads(line))
    except KeyboardInterrupt:
        process.terminate()
        for line in process.stdout:
            last = json.loads(line)
            said = last["state"] == "refused"
            show(last)
        if not said:
            show({"state": "refused", "why": "it was interrupted before it began"})
        process.wait()
        return INTERRUPTED
    return process.wait()
