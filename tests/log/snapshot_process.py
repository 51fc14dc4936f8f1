"""An owner in a process of its own, to be killed while it writes a snapshot: its log is a file, its store is S3.

`python -m tests.log.snapshot_process <log file> <S3 url> <access key> <secret key>`. It prints `writing` whenever a
snapshot goes to the store, and goes on deciding until it is killed.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from adapters.commands.client import CommandClient
from adapters.kafka.cluster import LogIdentity
from adapters.kafka.host import Host
from adapters.kafka.memory import MemoryLog
from adapters.kafka.port import NewRecord
from adapters.kafka.position import TP
from adapters.kafka.snapshots import Snapshots
from adapters.object_store.s3 import S3Store
from domain.envelope import Envelope
from tests.log.ledger import Ledger, LedgerState
from tests.log.test_owner import AT, TOPIC, adjusted, context, opened

EVERY = 5
BALLAST = 8_000_000
"""Bytes, so that writing a snapshot takes its time."""
IDENTITY = LogIdentity("cluster", {TOPIC.name: "topic"})
_Written = tuple[TP, list[NewRecord]]


class HeavyState(LedgerState):
    ballast: bytes = b""


class HeavyLedger(Ledger):
    """A ledger whose state is large."""

    def initial(self) -> HeavyState:
        return HeavyState()

    def evolve(self, state: LedgerState, key: str, event: msgspec.Struct, envelope: Envelope) -> None:
        super().evolve(state, key, event, envelope)
        if isinstance(state, HeavyState) and not state.ballast:
            state.ballast = bytes(BALLAST)


class FiledLog(MemoryLog):
    """Keeps its records in a file, which is read when it is made. What a killed process was writing is cut off."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    async def load(self) -> None:
        for line in self._path.read_bytes().splitlines(keepends=True) if self._path.exists() else ():
            if line.endswith(b"\n"):
                tp, records = msgspec.json.decode(line, type=_Written)
                await super().put(tp, records)

    async def put(self, tp: TP, records: Sequence[NewRecord]) -> int:
        if tp == AT:
            with self._path.open("ab") as file:
                file.write(msgspec.json.encode((tp, list(records))) + b"\n")
        return await super().put(tp, records)


class ToldStore(S3Store):
    async def put_bytes(self, key: str, content: bytes, media_type: str) -> None:
        print("writing", flush=True)
        await super().put_bytes(key, content, media_type)


async def identify() -> LogIdentity:
    return IDENTITY


async def main(path: Path, url: str, access_key: str, secret_key: str) -> None:
    log, store = FiledLog(path), ToldStore(url, access_key, secret_key)
    await log.load()
    host = Host(
        log,
        {TOPIC: HeavyLedger()},
        address="http://here",
        source="test",
        group=None,
        snapshots=Snapshots(store, log, identify, EVERY),
    )
    client = CommandClient(host.directory, b"key", host)
    await host.start()
    if len(log.partitions[AT]) < 2:
        await client.send(TOPIC, 0, opened(granted=1_000_000), context())
    while True:
        await client.send(TOPIC, 0, adjusted(-1), context())
        await asyncio.sleep(0.01)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))
