"""`lathe down`: stop the `lathe up` that runs on this state folder."""

import os
import signal
import time
from contextlib import suppress

import typer

from adapters.settings import SettingsError, load_settings
from cli.stack.errors import StackError
from cli.stack.home import Home, running_pid
from cli.stack.supervisor import Supervisor

PATIENCE_SECONDS = 90.0
KILL_SECONDS = 10.0


def down() -> None:
    """Stop the running stack and wait until it has stopped. Exit code 1: it could not be stopped, or only by force."""
    try:
        home = Home(load_settings().home.expanduser().absolute())
        pid = running_pid(home)
        if pid is None:
            left = Supervisor([], home).end_leftovers()
            typer.echo(f"Ended what a killed one had left: {', '.join(left)}" if left else "Lathe does not run.")
            return
        _send(pid, signal.SIGTERM)
        if not _has_ended(home, pid, PATIENCE_SECONDS):
            _send(pid, signal.SIGKILL)
            _has_ended(home, pid, KILL_SECONDS)
            Supervisor([], home).end_leftovers()
            raise StackError(f"Lathe did not stop within {PATIENCE_SECONDS:g} s and was killed.")
    except (SettingsError, StackError) as problem:
        typer.echo(problem, err=True)
        raise typer.Exit(1) from None
    typer.echo("Lathe has stopped.")


def _send(pid: int, number: signal.Signals) -> None:
    """Raises StackError."""
    try:
        with suppress(ProcessLookupError):  # it has ended by itself
            os.kill(pid, number)
    except PermissionError:
        raise StackError(f"You may not stop Lathe: its process {pid} is another user's.") from None


def _has_ended(home: Home, pid: int, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while running_pid(home) == pid:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
