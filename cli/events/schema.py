"""`lathe events schema`: what an event holds, as a table or as JSON Schema."""

import difflib
import json
from collections import defaultdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from adapters.contract.fields import fields_of
from adapters.contract.landed import NoSchemas, present, read
from cli.client.failures import Misused
from cli.events.failing import failing_clearly


def schema(
    event: Annotated[str | None, typer.Argument(metavar="[TYPE]", help="For example lathe.task.requested.v1.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Schema (2020-12) instead of tables.")] = False,
) -> None:
    """Show the events and their fields: types, units, and what is personal. Needs no running Lathe."""
    with failing_clearly():
        known = _known()
        if event is not None and event not in known:
            near = difflib.get_close_matches(event, known, n=3, cutoff=0.4)
            raise Misused(f"There is no event {event!r}. {_or(near)}")
        if as_json:
            typer.echo(json.dumps(known if event is None else known[event], indent=2, ensure_ascii=False))
        elif event is None:
            _list(known, Console(highlight=False))
        else:
            _show(event, known[event], Console(highlight=False))


def _known() -> dict[str, dict[str, Any]]:
    """What is read today, and old versions that are upcast, where the history of the schemas is at hand."""
    try:
        landed = {name: revisions[max(revisions)] for name, revisions in read().items()}
    except NoSchemas:
        landed = {}
    return dict(sorted((landed | present()).items()))


def _or(near: list[str]) -> str:
    return f"Did you mean {' or '.join(near)}?" if near else "`lathe events schema` lists them."


def _list(known: dict[str, dict[str, Any]], console: Console) -> None:
    """By topic; what stands in several has a heading of its own."""
    by_topic: dict[str, list[str]] = defaultdict(list)
    for name, schema in known.items():
        by_topic[", ".join(schema["x-topics"])].append(name)
    width = max(map(len, known), default=0)
    for topics, names in sorted(by_topic.items()):
        console.print(topics, style="bold", markup=False)
        for name in names:
            line = f"  {name:<{width}}  {known[name]['description']}"
            console.print(line, markup=False, no_wrap=True, overflow="ellipsis")


def _show(name: str, schema: dict[str, Any], console: Console) -> None:
    console.print(f"[bold]{name}[/]  in {', '.join(schema['x-topics'])}")
    console.print(schema["description"], markup=False)
    table = Table(box=None, header_style="bold")
    for column in ("field", "type", "", "meaning"):
        table.add_column(column, no_wrap=column == "field")
    for field in fields_of(schema):
        notes = ("" if field.required else "optional", field.unit, "personal" if field.personal else "")
        table.add_row(
            field.path, field.type.removesuffix(" or null"), ", ".join(filter(None, notes)), escape(field.description)
        )
    if table.row_count:
        console.print(table)
