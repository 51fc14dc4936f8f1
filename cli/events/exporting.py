"""An export, from reader to output, commit by commit."""

from collections.abc import Callable, Mapping
from typing import Final

from adapters.kafka.analysis import EventReader, Selection
from adapters.kafka.analysis.bookmark import Place
from adapters.kafka.position import TP, Position
from cli.events.ledger import Done, Ledger
from cli.events.outputs import Output

COMMIT_BYTES: Final = 64_000_000
"""Of rows before compression: what is held at most, and what a killed export reads again at most."""


async def export_events(
    reader: EventReader,
    output: Output,
    ledger: Ledger,
    asked: Mapping[str, str],
    chosen: Selection,
    *,
    commit_bytes: int = COMMIT_BYTES,
    advanced: Callable[[int], None] = lambda records: None,
) -> int:
    """Write everything up to the ends that stood when the reader began; returns how many events this run brought.

    Raises Misused where the output is in the way or not what it was; LogUnavailable, LogTruncated, OSError: what was
    committed stays, and the next run goes on behind it.
    """
    if ledger.done is None:
        output.begin()
        ledger.begin(chosen)
    else:
        output.recover(ledger.done.mark)
    before = ledger.done.events if ledger.done else 0
    events = before
    positions: dict[TP, Position] = {}

    def commit() -> None:
        mark = output.prepare()
        ledger.commit(Done(dict(asked), chosen, Place.of(reader.identity, positions), events, mark))
        output.publish()

    async for batch in reader:
        for read in batch.events:
            output.add(read)
        events += len(batch.events)
        positions = batch.positions
        if output.waiting >= commit_bytes:
            commit()
        advanced(batch.records)
    if positions:
        commit()
    return events - before
