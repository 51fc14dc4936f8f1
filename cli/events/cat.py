"""`lathe events cat`: the log up to now, as JSON lines."""

import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from adapters.kafka.analysis import Selection, read_events
from adapters.kafka.analysis.cloudevent import json_line
from adapters.kafka.position import TP
from cli.events import options
from cli.events.bar import Bar
from cli.events.failing import bootstrap_servers, failing_clearly


def cat(
    topic: options.Topics = None,
    types: options.Types = None,
    since: options.Since = None,
    until: options.Until = None,
    account: options.Account = None,
    task: options.Task = None,
    from_position: options.FromPosition = None,
) -> None:
    """Print the events that stand in the log now, one CloudEvent in JSON a line, then end.

    The order is the log's within a partition. Personal fields stay sealed. Exit codes: 2 bad option, 75 broker away.
    """
    with failing_clearly():
        chosen = options.selection(
            topic=topic, types=types, since=since, until=until, account=account, task=task, now=datetime.now(UTC)
        )
        begin = options.offsets(from_position, chosen)
        asyncio.run(_print(bootstrap_servers(), chosen, begin))


async def _print(bootstrap: str, chosen: Selection, begin: Mapping[TP, int]) -> None:
    out = sys.stdout.buffer
    async with read_events(bootstrap, chosen, offsets=begin) as reader:
        with Bar("reading", reader.left) as bar:
            async for batch in reader:
                out.writelines(map(json_line, batch.events))
                bar.advance(batch.records)
        out.flush()
