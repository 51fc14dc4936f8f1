"""`lathe ops rebuild`: the processors' own command in a process of its own, and how it looks in a terminal."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.ops.place import environment
from cli.ops.rebuild_screen import RebuildScreen


def rebuild(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be done, and change nothing.")] = False,
    no_swap: Annotated[bool, typer.Option("--no-swap", help="Build and compare; the next call swaps.")] = False,
    accept_differences: Annotated[
        bool, typer.Option("--accept-differences", help="Swap, whatever the comparison says: the old ones were wrong.")
    ] = False,
    drop: Annotated[str | None, typer.Option(metavar="SCHEMA", help="Drop a read schema that does not serve.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, as it goes.")] = False,
) -> None:
    """Build the read models anew from the log beside the live ones, compare the two, and let the new ones serve.

    Queries and commands go on meanwhile. Broken off, even by kill -9, it goes on with the next call. The read models
    that served before stay until they are dropped: `--drop read_v1`.
    """
    flags = {"--dry-run": dry_run, "--no-swap": no_swap, "--accept-differences": accept_differences}
    arguments = [name for name, given in flags.items() if given] + (["--drop", drop] if drop else [])
    command = [sys.executable, "-m", "processors.rebuild", *arguments]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        try:
            if as_json:
                for line in _lines(process):
                    typer.echo(json.dumps(line))
            else:
                with RebuildScreen(Console(highlight=False, soft_wrap=True)) as screen:
                    for line in _lines(process):
                        screen.show(line)
        finally:
            if process.poll() is None:
                process.terminate()
    raise typer.Exit(process.returncode)


def _lines(process: "subprocess.Popen[str]") -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)
    process.wait()
