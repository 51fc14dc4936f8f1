"""`python -m ml_worker.command`. Each subcommand is one module with one function, and one line here."""

import typer

from ml_worker.command.check import check
from ml_worker.command.listing import list_engines
from ml_worker.command.new import new
from ml_worker.command.run import run

app = typer.Typer(
    name="lathe engines",
    help="Engines of this machine, without a server.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("list")(list_engines)
app.command("run")(run)
app.command("check")(check)
app.command("new")(new)

if __name__ == "__main__":
    app(prog_name="lathe engines")
