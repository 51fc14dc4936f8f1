"""`lathe models`: what can be asked for, and what it costs."""

from rich.console import Console
from rich.table import Table

from cli.session import server


def models() -> None:
    """List the models of the server."""
    with server() as api:
        listed = api.call("GET", "/generate/models", anonymous=True).json()["items"]
    table = Table(box=None, header_style="bold")
    for column in ("model", "version", "takes", "credits", "seconds", ""):
        table.add_column(column, no_wrap=column == "model")
    for model in listed:
        table.add_row(
            model["id"],
            model["version"],
            ", ".join(model["kinds"]),
            f"{model['price']:g}",
            f"{model['typical_seconds']:g}",
            model["title"],
        )
    Console(highlight=False).print(table)
