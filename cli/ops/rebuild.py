"""`lathe ops rebuild`: the processors' own command in a process of its own, and how it looks in a terminal."""

from typing import Annotated

import typer

from cli.ops.carrying_out import carry_out
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
    raise typer.Exit(carry_out("processors.rebuild", arguments, RebuildScreen, environment(), as_json))
