"""`lathe engines`: the worker's own command, in a process of its own. The rest of the command line needs no torch."""

import os
import sys
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
def engines(
    arguments: Annotated[
        list[str] | None, typer.Argument(help="`list`, `run`, `check` or `new`; each has its own --help.")
    ] = None,
) -> None:
    """Engines of this machine, without a server: `list`, `run lathe/form "a mug"`, `check acme/pebble`, `new`."""
    command = [sys.executable, "-m", "ml_worker.command", *(arguments or ["--help"])]
    os.execv(sys.executable, command)  # noqa: S606 - this Python; signals and the exit code are its own
