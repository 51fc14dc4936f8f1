"""The `lathe` command. Each subcommand is one module with one function, and one line here."""

import typer

from cli.down import down
from cli.fetch import fetch
from cli.up import up

app = typer.Typer(help="From a prompt or a photo to a 3D model.", no_args_is_help=True, pretty_exceptions_enable=False)
app.command()(up)
app.command()(down)
app.command()(fetch)

if __name__ == "__main__":
    app()
