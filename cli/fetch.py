"""`lathe fetch`: download what the embedded stack needs, without starting it."""

import typer

from cli.stack.errors import StackError
from cli.stack.jars import default_repository, ensure_jars


def fetch() -> None:
    """Download the Kafka broker, so that a later start (or a test run) needs no network."""
    try:
        ensure_jars(default_repository(), _report)
    except StackError as problem:
        typer.echo(problem, err=True)
        raise typer.Exit(1) from None


def _report(done: int, total: int) -> None:
    typer.echo(f"\rkafka: {done / 1e6:.0f} of {total / 1e6:.0f} MB", nl=done == total)
