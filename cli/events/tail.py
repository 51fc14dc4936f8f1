"""`lathe events tail`: what is being decided, as it happens."""

import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

import typer

from adapters.kafka.analysis import Selection, read_events
from adapters.kafka.analysis.cloudevent import json_line
from adapters.kafka.position import TP
from cli.events import options
from cli.events.failing import bootstrap_servers, failing_clearly


def tail(
    topic: options.Topics = None,
    types: options.Types = None,
    since: options.Since = None,
    account: options.Account = None,
    task: options.Task = None,
    from_position: options.FromPosition = None,
    count: Annotated[
        int | None, typer.Option("--count", "-n", min=1, help="End after so many events. Default: go on until Ctrl-C.")
    ] = None,
) -> None:
    """Print events as they come, one CloudEvent in JSON a line; from now on, or from --since or --from-position.

    While the broker is away it waits. Exit codes: 2 bad option, 75 broker away at the start, 130 Ctrl-C.
    """
    with failing_clearly():
        chosen = options.selection(
            topic=topic, types=types, since=since, until=None, account=account, task=task, now=datetime.now(UTC)
        )
        begin = options.offsets(from_position, chosen)
        asyncio.run(_print(bootstrap_servers(), chosen, begin, count))


async def _print(bootstrap: str, chosen: Selection, begin: Mapping[TP, int], count: int | None) -> None:
    out = sys.stdout.buffer
    async with read_events(bootstrap, chosen, offsets=begin, at_end=chosen.since is None, follow=True) as reader:
        async for batch in reader:
            events = batch.events if count is None else batch.events[:count]
            out.writelines(map(json_line, events))
            out.flush()
            if count is not None:
                count -= len(events)
                if count == 0:
                    return
