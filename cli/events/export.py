"""`lathe events export`: events into Parquet or JSON lines, once each, however often it is run or killed."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from adapters.kafka.analysis import Selection, read_events
from adapters.kafka.position import TP
from cli.client.failures import Failure, Misused
from cli.events import options
from cli.events.bar import Bar
from cli.events.exporting import export_events
from cli.events.failing import bootstrap_servers, failing_clearly
from cli.events.ledger import Ledger, alone
from cli.events.outputs import Output


def export(
    output: Annotated[Path, typer.Argument(help="A folder for Parquet, or a file that ends in .jsonl.")],
    form: Annotated[
        str | None, typer.Option("--format", help="parquet or jsonl; default: jsonl where the output ends in .jsonl.")
    ] = None,
    topic: options.Topics = None,
    types: options.Types = None,
    since: options.Since = None,
    until: options.Until = None,
    account: options.Account = None,
    task: options.Task = None,
    from_position: options.FromPosition = None,
    part_mb: Annotated[
        int, typer.Option(min=1, max=1024, help="Megabytes of rows held at most: one Parquet file, before compression.")
    ] = 64,
) -> None:
    """Write the events that stand in the log now. Run it again and it adds what came since: no gap, nothing twice.

    That holds when it was killed as well. The place is kept beside the output (`_export.json`, `*.export.json`).
    Personal fields stay sealed. Exit codes: 2 bad option, 75 broker away.
    """
    with failing_clearly():
        target = _output(output, form)
        given = {"since": since, "until": until, "account": account, "task": task}
        lists = {"topic": topic, "type": types, "from-position": from_position}
        asked = {name: value for name, value in given.items() if value is not None}
        asked |= {name: " ".join(sorted(values)) for name, values in lists.items() if values}
        chosen = options.selection(
            topic=topic, types=types, since=since, until=until, account=account, task=task, now=datetime.now(UTC)
        )
        begin = options.offsets(from_position, chosen)
        bootstrap = bootstrap_servers()
        try:
            target.ledger.parent.mkdir(parents=True, exist_ok=True)
            with alone(target.ledger.with_suffix(".lock")):
                asyncio.run(_export(bootstrap, target, Ledger(target.ledger, asked), asked, chosen, begin, part_mb))
        except OSError as error:
            raise Failure(
                f"{error.filename or output}: {error.strerror}. What was written counts; repeat the command to go on."
            ) from None


async def _export(
    bootstrap: str,
    target: Output,
    ledger: Ledger,
    asked: Mapping[str, str],
    chosen: Selection,
    begin: Mapping[TP, int],
    part_mb: int,
) -> None:
    selection = ledger.done.selection if ledger.done else chosen
    async with read_events(bootstrap, selection, bookmark=ledger, offsets=begin) as reader:
        with Bar("exporting", reader.left) as bar:
            size = part_mb * 1_000_000
            events = await export_events(
                reader, target, ledger, asked, selection, commit_bytes=size, advanced=bar.advance
            )
    total = ledger.done.events if ledger.done else events
    typer.echo(f"{events} events added, {total} in all. The next run goes on from here.")


def _output(path: Path, form: str | None) -> Output:
    """Raises Misused."""
    if form not in (None, "parquet", "jsonl"):
        raise Misused(f"--format: {form!r} is neither parquet nor jsonl.")
    if form == "jsonl" or (form is None and path.suffix in (".jsonl", ".ndjson")):
        if path.is_dir():
            raise Misused(f"{path} is a folder; JSON lines go into a file.")
        from cli.events.json_lines import JsonLines

        return JsonLines(path)
    if path.exists() and not path.is_dir():
        raise Misused(f"{path} is a file; Parquet goes into a folder. For JSON lines end its name in .jsonl.")
    from cli.events.parquet import Parquet  # here, because other commands need not wait for DuckDB

    return Parquet(path)
