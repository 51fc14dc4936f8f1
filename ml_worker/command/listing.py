"""`lathe engines list`."""

import typer

from ml_worker.command.options import Names, Remote
from ml_worker.engines.registry import ALL, EngineMissing, described, sources


def list_engines(names: Names = ALL, remote: Remote = None) -> None:
    """Name the engines that can be used here, where they come from, and why others cannot be used."""
    for source in sources(names.split(","), remote):
        try:
            _, told = described(source)
        except EngineMissing as missing:
            typer.echo(f"{source.name}: cannot be used: {missing}")
        else:
            typer.echo(f"{told.id} {told.version}: {told.title} (takes {', '.join(told.kinds)}; {source.origin})")
