"""A log in memory, written by hand: owners' claims and events with right (or deliberately wrong) headers."""

import uuid
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from adapters.kafka import topics
from adapters.kafka.follower import Entry, read
from adapters.kafka.memory import MemoryLog
from adapters.kafka.port import NewRecord
from adapters.kafka.position import TP, Position
from adapters.kafka.readrule import claim_headers, event_headers
from adapters.kafka.record import encode_headers, encode_value, type_of
from domain.account import events as e
from domain.envelope import Envelope
from domain.ids import uuid7
from domain.ownership import OwnershipClaimed
from domain.personal import Sealed

START = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
CREDIT = 1_000_000


class HandmadeLog:
    """What owners would have written. Sequence numbers and versions count by themselves unless they are given."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.time = START
        self._epoch: dict[TP, int] = defaultdict(int)
        self._seq: dict[TP, int] = defaultdict(int)
        self._version: dict[tuple[str, str], int] = defaultdict(int)
        self._task_seq: dict[str, int] = defaultdict(int)
        self._ids = 0

    def new_id(self, partition: int = 0) -> str:
        self._ids += 1
        return uuid7(int(START.timestamp() * 1000) + self._ids, self._ids.to_bytes(10), partition)

    def account_in(self, partition: int) -> str:
        """An account id whose partition is `partition`."""
        while topics.account_partition(account_id := str(uuid.uuid4())) != partition:
            pass
        return account_id

    async def claim(self, tp: TP) -> None:
        self._epoch[tp] += 1
        self._seq[tp] = 0
        epoch = self._epoch[tp]
        nonce = f"nonce-{epoch}"
        event = OwnershipClaimed(epoch=epoch, nonce=nonce, address="http://owner")
        headers = encode_headers(self._envelope(event, f"{tp[0]}/{tp[1]}")) + claim_headers(epoch, nonce)
        await self.put(tp, b"owner/%d" % tp[1], encode_value(event), headers)

    async def append(
        self, key: str, event: msgspec.Struct, topic: topics.Topic = topics.ACCOUNTS, **fields: Any
    ) -> str:
        """Append an event by the present owner; returns its ce_id. `fields` override what stands in the envelope.

        `value`, `seq`: replace the JSON, or the owner sequence.
        """
        tp = (topic.name, 0 if topic.partitions == 1 else topics.account_partition(key))
        if not self._epoch[tp]:
            await self.claim(tp)
        self._seq[tp] += 1
        self._version[(topic.name, key)] += 1
        task_id = getattr(event, "task_id", None)
        if task_id is not None:
            self._task_seq[task_id] += 1
            fields = {"task_seq": self._task_seq[task_id]} | fields
        if isinstance(event, e.BatchRequested):
            self._task_seq |= dict.fromkeys((item.task_id for item in event.items), 1)
            fields = {"task_seq": 1} | fields
        value = fields.pop("value", None)
        seq = fields.pop("seq", self._seq[tp])
        envelope = self._envelope(
            event, task_id or key, **({"stream_version": self._version[(topic.name, key)]} | fields)
        )
        headers = encode_headers(envelope) + event_headers(self._epoch[tp], seq)
        await self.put(tp, key.encode(), encode_value(event) if value is None else value, headers)
        return envelope.id

    async def put(self, tp: TP, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]) -> None:
        """Append a record as it is."""
        record: Any = NewRecord(b"", b"", headers, int(self.time.timestamp() * 1000))
        await self.log.put(tp, [msgspec.structs.replace(record, key=key, value=value)])

    def _envelope(self, event: msgspec.Struct, subject: str, **fields: Any) -> Envelope:
        self.time += timedelta(milliseconds=250)
        given: dict[str, Any] = {
            "id": self.new_id(),
            "type": type_of(event),
            "source": "lathe/test",
            "time": self.time,
            "subject": subject,
            "actor": f"user/{subject}",
            "correlation_id": "by-hand",
        }
        return Envelope(**(given | fields))

    def entries(self, start: dict[TP, Position] | None = None) -> list[Entry]:
        """All records from `start` on, judged by the read rule, partition by partition."""
        found = []
        for tp, records in self.log.partitions.items():
            position = (start or {}).get(tp, Position())
            for record in records[position.offset :]:
                found.append(read(position, record))
                position = found[-1].after
        return found


def sealed(text: str) -> Sealed:
    return Sealed(enc=f"v1:{text}")


def file(file_id: str, name: str = "photo.png") -> e.StoredFile:
    return e.StoredFile(file_id=file_id, name=sealed(name), media_type="image/png", bytes=1234, sha256="ab" * 32)


def requested(task_id: str, price: int = CREDIT, **fields: Any) -> e.TaskRequested:
    given: dict[str, Any] = {
        "task_id": task_id,
        "kind": "generate",
        "model": "lathe/form",
        "model_version": "1.0.0",
        "price": price,
        "reserved": price,
        "prompt": sealed("a chair"),
        "prompt_length": 7,
        "params": {"formats": ["glb"]},
        "seed": 42,
    }
    return e.TaskRequested(**(given | fields))


def batch(batch_id: str, *task_ids: str, source: e.StoredFile | None = None) -> e.BatchRequested:
    """A batch whose even items have their prompts inside, the odd ones in an object; all take `source`."""
    files = () if source is None else (
        e.BatchFile(file_id=source.file_id, sha256=source.sha256, media_type=source.media_type, bytes=source.bytes),
    )  # fmt: skip
    items = tuple(
        e.BatchItem(
            task_id=task_id,
            model="lathe/form",
            model_version="1.0.0",
            price=CREDIT,
            prompt=None if i % 2 else sealed(f"a chair {i}"),
            prompt_length=9,
            inputs=tuple(("image", n) for n in range(len(files))),
            params={"formats": ["glb"]},
            seed=i,
        )
        for i, task_id in enumerate(task_ids)
    )
    return e.BatchRequested(
        batch_id=batch_id,
        kind="generate",
        reserved=CREDIT * len(items),
        items=items,
        files=files,
        prompts_sha256="ef" * 32,
    )


def started(task_id: str, attempt: int = 1) -> e.TaskStarted:
    return e.TaskStarted(task_id=task_id, attempt=attempt, worker_id="worker-1", source_offset=0)


def completed(task_id: str, file_id: str, charged: int = CREDIT, attempt: int = 1) -> e.TaskCompleted:
    output = e.Output(format="glb", file_id=file_id, media_type="model/gltf-binary", bytes=99, sha256="cd" * 32)
    return e.TaskCompleted(
        task_id=task_id,
        attempt=attempt,
        outputs=(output,),
        metrics={"field_s": 0.5},
        charged=charged,
        released=0,
        source_offset=1,
    )


def failed(task_id: str, released: int = CREDIT, attempt: int = 1) -> e.TaskFailed:
    problem = e.Problem(code="engine-failed", kind="permanent")
    return e.TaskFailed(task_id=task_id, attempt=attempt, problem=problem, released=released)


def cancelled(task_id: str, charged: int = 0, released: int = CREDIT, attempt: int = 1) -> e.TaskCancelled:
    return e.TaskCancelled(task_id=task_id, attempt=attempt, reason="client", charged=charged, released=released)
