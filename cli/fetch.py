"""`lathe fetch`: download what the embedded stack needs, without starting it."""

import typer
from rich.console import Console

from cli.stack import broker_cache
from cli.stack.errors import StackError
from cli.stack.jars import default_repository, ensure_jars
from cli.stack.screen import Screen


def fetch() -> None:
    """Download the Kafka broker, so that a later start (or a test run) needs no network, and prepare its fast start."""
    try:
        ensure_jars(default_repository(), Screen(Console()).download)
    except StackError as problem:
        typer.echo(problem, err=True)
        raise typer.Exit(1) from None
    broker_cache.main()
