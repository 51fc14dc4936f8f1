"""`lathe ops`: what operators do to the installation itself, beside the API. Each subcommand is one module."""

import typer

from cli.ops.rebuild import rebuild
from cli.ops.verify import verify

app = typer.Typer(help="For operators: the read models, the log, the workers.", no_args_is_help=True)
app.callback()(lambda: None)
app.command()(rebuild)
app.command()(verify)
