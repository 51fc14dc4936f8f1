"""`lathe ops`: what operators do to the installation itself, beside the API. Each subcommand is one module."""

import typer

from cli.ops.backup import backup, restore
from cli.ops.dead_letters import app as dead_letters
from cli.ops.erasures import app as erasures
from cli.ops.lag import lag
from cli.ops.rebuild import rebuild
from cli.ops.state import state
from cli.ops.verify import verify
from cli.ops.workers import app as workers

app = typer.Typer(help="For operators: the read models, the log, the workers.", no_args_is_help=True)
app.callback()(lambda: None)
app.command()(rebuild)
app.command()(verify)
app.command()(backup)
app.command()(restore)
app.command()(lag)
app.command()(state)
app.add_typer(dead_letters, name="deadletters")
app.add_typer(workers, name="workers")
app.add_typer(erasures, name="erasures")
