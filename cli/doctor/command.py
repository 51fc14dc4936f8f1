"""The command itself: examine, print, and tell by the exit code."""

import asyncio
import json
from dataclasses import asdict
from typing import Annotated, Final

import typer
from rich.console import Console

from adapters.settings import SettingsError, load_settings
from cli.doctor.finding import Finding, Level, fail
from cli.doctor.place import find_place

COLOURS: Final = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of lines.")] = False,
) -> None:
    """Check the machine, the state, Kafka, PostgreSQL, S3, the services and the workers; say what to do.

    Changes nothing, and works while the stack is up, down or half broken. Exit code 1: something fails.
    """
    from cli.doctor.examination import examine  # here, because other commands need not wait for all these clients

    try:
        findings = asyncio.run(examine(find_place(load_settings())))
    except SettingsError as problem:
        findings = [
            fail("settings", line, "Correct it in the environment or in .env.") for line in str(problem).splitlines()
        ]
    if as_json:
        worst = max((finding.level for finding in findings), key=list(Level).index, default=Level.OK)
        typer.echo(json.dumps({"level": worst, "findings": [asdict(finding) for finding in findings]}, indent=2))
    else:
        show(findings, Console(highlight=False, soft_wrap=True))
    raise typer.Exit(1 if any(finding.level is Level.FAIL for finding in findings) else 0)


def show(findings: list[Finding], console: Console) -> None:
    """A line for each finding, what to do below it, and the sum at the end."""
    for finding in findings:
        colour = COLOURS[finding.level]
        console.print(f"[{colour}]{finding.level:<4}[/]  {finding.area:<11} ", end="")
        console.print(finding.what, markup=False)
        if finding.do:
            console.print(f"                   → {finding.do}", markup=False)
    counts = {level: sum(finding.level is level for finding in findings) for level in Level}
    console.print(f"{counts[Level.OK]} ok, {counts[Level.WARN]} to look at, {counts[Level.FAIL]} failing")
