"""`lathe engines list`."""

import typer

from adapters.telemetry.stdout import stdout_apart
from ml_worker.command.options import Names, Remote
from ml_worker.engines.registry import ALL, EngineMissing, described, sources


def list_engines(names: Names = ALL, remote: Remote = None) -> None:
    """Name the engines that can be used here, where they come from, and why others cannot be used."""
    results = stdout_apart(2)  # for them alone: what an engine prints is none
    for source in sources(names.split(","), remote):
        try:
            _, told = described(source)
        except EngineMissing as missing:
            typer.echo(f"{source.name}: cannot be used: {missing}", file=results)
        else:
            kinds = ", ".join(told.kinds)
            typer.echo(f"{told.id} {told.version}: {told.title} (takes {kinds}; {source.origin})", file=results)
