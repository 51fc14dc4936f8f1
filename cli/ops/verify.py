"""`lathe ops verify`: the processors' own check in a process of its own, and how it looks in a terminal."""

from collections.abc import Mapping
from typing import Annotated, Literal

import typer

from cli.ops.carrying_out import carry_out
from cli.ops.place import environment
from cli.ops.verify_screen import VerifyScreen

Objects = Annotated[
    Literal["hash", "size", "none"],
    typer.Option(help="How closely to look at objects: read each as a whole, compare lengths, or not at all."),
]


def verify(
    objects: Objects = "hash",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, as it goes.")] = False,
) -> None:
    """Check that everything the log promises holds, and that read models and objects are what the log says.

    Reads the log once from its first record; nothing is changed, and everybody goes on meanwhile. Of what is broken the
    first place is named, what it means, and what to do. Exit codes: 0 all holds, 1 something is broken, 75 something
    did not answer.
    """
    raise typer.Exit(run_verify(objects, environment(), as_json))


def run_verify(objects: str, around: Mapping[str, str], as_json: bool) -> int:
    """Its exit code."""
    return carry_out("processors.verify", ["--objects", objects], VerifyScreen, around, as_json)
