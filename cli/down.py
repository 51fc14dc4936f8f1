"""`lathe down`: stop the `lathe up` that runs on this state folder."""

import os
import signal
import time

import typer

from adapters.settings import SettingsError, load_settings
from cli.stack.home import Home, open_home, running_pid
from cli.stack.supervisor import Supervisor

PATIENCE_SECONDS = 90.0


def down() -> None:
    """Stop the running stack and wait until it has stopped."""
    try:
        home = Home(load_settings().home.expanduser().absolute())
    except SettingsError as problem:
        typer.echo(problem, err=True)
        raise typer.Exit(1) from None
    pid = running_pid(home)
    if pid is None:
        leftovers = Supervisor([], open_home(home.path)).end_leftovers() if home.path.exists() else []
        typer.echo(f"Ended what a killed one had left: {', '.join(leftovers)}" if leftovers else "Lathe does not run.")
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while running_pid(home) == pid:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            Supervisor([], home).end_leftovers()
            break
        time.sleep(0.1)
    typer.echo("Lathe has stopped.")
