"""Reading the event log for analysis: what counts by the read rule, chosen, in order, and resumable.

    async with read_events("localhost:9092", Selection(types=("lathe.task.completed.*",))) as reader:
        async for batch in reader:
            for read in batch.events:
                print(read.record.offset, read.envelope, read.event)

Void records are never seen. Nothing is written to the log, no consumer group is joined, so nobody is disturbed. A
`Bookmark` keeps the place from one run to the next.
"""

from adapters.kafka.analysis.bookmark import Bookmark, WrongBookmark
from adapters.kafka.analysis.reader import Batch, EventReader, read_events
from adapters.kafka.analysis.selection import Selection
from adapters.kafka.analysis.told import ReadEvent

__all__ = ["Batch", "Bookmark", "EventReader", "ReadEvent", "Selection", "WrongBookmark", "read_events"]
