"""The commands of `lathe events`. Each is one module with one function, and one line here."""

import typer

from cli.events.cat import cat
from cli.events.diff import diff
from cli.events.export import export
from cli.events.schema import schema
from cli.events.tail import tail

events = typer.Typer(help="The event log: read it, follow it, export it.", no_args_is_help=True)
events.command()(tail)
events.command()(cat)
events.command()(export)
events.command()(schema)
events.command()(diff)
