"""An export, from reader to output, commit by commit."""

from collections.abc import Callable, Mapping

from adapters.kafka.analysis import EventReader, Selection
from adapters.kafka.analysis.bookmark import Place
from cli.events.ledger import Done, Ledger
from cli.events.outputs import Output


async def export_events(
    reader: EventReader,
    output: Output,
    ledger: Ledger,
    asked: Mapping[str, str],
    chosen: Selection,
    *,
    commit_bytes: int,
    advanced: Callable[[int], None] = lambda records: None,
) -> int:
    """Write everything up to the ends that stood when the reader began; returns how many events this run brought.

    A commit comes after each `commit_bytes` of rows, before compression: that is what a killed export reads again.
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
    begun = reader.positions
    positions = dict(begun)

    def commit() -> None:
        mark = output.prepare()
        ledger.commit(Done(dict(asked), chosen, Place.of(reader.identity, positions), events, mark))
        output.publish()

    async for batch in reader:
        for read in batch.events:
            output.add(read)
            events += 1
            positions[(read.record.topic, read.record.partition)] = read.after
            if output.waiting >= commit_bytes:
                commit()
        positions = dict(batch.positions)
        advanced(batch.records)
    if positions != begun:
        commit()
    return events - before
