"""The `lathe` command. Each subcommand is one module with one function or app, and one line here."""

from typing import Final

import typer

from cli.lazily import group_of

COMMANDS: Final = {
    "up": "cli.up:up",
    "down": "cli.down:down",
    "doctor": "cli.doctor.command:doctor",
    "fetch": "cli.fetch:fetch",
    "generate": "cli.generate:generate",
    "follow": "cli.generate:follow",
    "models": "cli.models:models",
    "login": "cli.session:login",
    "register": "cli.session:register",
    "logout": "cli.session:logout",
    "ops": "cli.ops:app",
    "events": "cli.events.group:events",
    "engines": "cli.engines:app",
}

app = typer.Typer(
    help="From a prompt or a photo to a 3D model.",
    cls=group_of(COMMANDS),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.callback()(lambda: None)

if __name__ == "__main__":
    app()
