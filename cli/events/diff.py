"""`lathe events diff`: what the events of this code mean to readers of anything published before."""

import json
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from adapters.contract.channels import Untold
from adapters.contract.gate import Finding, breaking, findings
from adapters.contract.landed import FOLDER, Landed, NoSchemas, present, read, read_ref
from cli.client.failures import Misused
from cli.events.failing import failing_clearly
from domain.upcasting import UPCASTERS


def diff(
    against: Annotated[
        str | None,
        typer.Option(
            metavar="REF|FOLDER",
            help="A Git commit, branch or tag, or a folder of schemas. Default: all that was ever published.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of lines.")] = False,
) -> None:
    """Compare the events of this code with those published before, and say in words what breaks whom.

    backward: this code cannot read old records. forward: older readers cannot read new records. Exit code 1: something
    breaks (docs/how-to/change-an-event.md says what to do).
    """
    with failing_clearly():
        landed = _landed(against)
        try:
            found = findings(landed, present(), UPCASTERS.keys())
        except Untold as error:
            raise Misused(str(error)) from None
        if as_json:
            typer.echo(json.dumps({"breaks": bool(breaking(found)), "findings": msgspec.to_builtins(found)}, indent=2))
        else:
            _show(found, landed, Console(highlight=False, soft_wrap=True))
        raise typer.Exit(1 if breaking(found) else 0)


def _landed(against: str | None) -> Landed:
    try:
        if against is None:
            return read(FOLDER)
        return read(Path(against)) if Path(against).is_dir() else read_ref(against)
    except NoSchemas as error:
        raise Misused(str(error)) from None


def _show(found: list[Finding], landed: Landed, console: Console) -> None:
    for finding in found:
        breaks = finding.breaks != "nothing"
        console.print(f"[{'bold red' if breaks else 'green'}]{finding.breaks if breaks else 'fine':<8}[/]  ", end="")
        console.print(str(finding), markup=False)
    revisions = sum(len(of_type) for of_type in landed.values())
    told = f"{len(breaking(found))} breaking" if breaking(found) else "no reader breaks"
    console.print(f"{len(landed)} events in {revisions} revisions compared: {told}")
