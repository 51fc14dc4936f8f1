"""The `lathe` command. Each subcommand is one module with one function, and one line here."""

import typer

from cli.doctor.command import doctor
from cli.down import down
from cli.engines import engines
from cli.events.group import events
from cli.fetch import fetch
from cli.generate import follow, generate
from cli.models import models
from cli.ops import app as ops
from cli.session import login, logout, register
from cli.up import up

app = typer.Typer(help="From a prompt or a photo to a 3D model.", no_args_is_help=True, pretty_exceptions_enable=False)
app.command()(up)
app.command()(down)
app.command()(doctor)
app.command()(fetch)
app.command()(generate)
app.command()(follow)
app.command()(models)
app.command()(login)
app.command()(register)
app.command()(logout)
app.add_typer(ops, name="ops")
app.add_typer(events, name="events")
app.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})(engines)

if __name__ == "__main__":
    app()
