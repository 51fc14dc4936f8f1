"""A partition's log of tasks that were requested with an idempotency key, started, and completed with three results."""

import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from adapters.kafka.claims import claim_record
from adapters.kafka.port import NewRecord
from adapters.kafka.position import TP
from adapters.kafka.readrule import event_headers
from adapters.kafka.record import encode_headers, encode_value, type_of
from adapters.kafka.topics import ACCOUNTS, account_partition
from domain.account import events as e
from domain.envelope import Envelope
from domain.ids import derived_id, uuid7
from domain.personal import Sealed

PARTITION: Final = 5
AT: Final[TP] = (ACCOUNTS.name, PARTITION)
EVENTS_A_TASK: Final = 3
ACCOUNTS_IN_ALL: Final = 500
PRICE: Final = 1_000_000
RESULTS: Final = (("glb", "model/gltf-binary"), ("preview", "image/png"), ("report", "application/json"))
PROMPT: Final = "v1:" + "c2VhbGVk" * 12
"""As long as a sealed sentence."""


class Finished:
    """Writes the log record by record. `tasks`, spread over so many seconds up to now."""

    def __init__(self, tasks: int, spread_s: float) -> None:
        self._tasks = tasks
        self._random = random.Random(tasks)
        self._time = datetime.now(UTC) - timedelta(seconds=spread_s)
        self._pause = timedelta(seconds=spread_s / (tasks * EVENTS_A_TASK))
        self._epoch = self._seq = 0
        self._versions: dict[str, int] = {}

    def records(self) -> Iterator[NewRecord]:
        """The whole log, from the first owner's claim on."""
        accounts = [self._account() for _ in range(ACCOUNTS_IN_ALL)]
        yield self._claim()
        for number, account_id in enumerate(accounts):
            opened = e.AccountOpened(user_id=number + 1, granted=self._tasks * PRICE)
            yield self._event(account_id, opened, account_id)
        for number in range(self._tasks):
            yield from self._task(accounts[number % ACCOUNTS_IN_ALL], number)

    def claimed(self, epoch: int) -> NewRecord:
        """A claim of the writer, after another owner's of that epoch."""
        self._epoch = epoch
        return self._claim()

    def _task(self, account_id: str, number: int) -> Iterator[NewRecord]:
        task_id = self._id()
        requested = e.TaskRequested(
            task_id=task_id,
            kind="generate",
            model="lathe/form",
            model_version="1.0.0",
            price=PRICE,
            reserved=PRICE,
            prompt=Sealed(enc=PROMPT),
            prompt_length=60,
            params={"formats": ["glb"], "quality": "standard", "target_faces": 20_000, "texture_size": 1024},
            seed=number,
        )
        keys = {name: self._random.randbytes(16).hex() for name in ("idempotency_key", "idempotency_digest")}
        yield self._event(account_id, requested, task_id, task_seq=1, **keys)
        started = e.TaskStarted(task_id=task_id, attempt=1, worker_id="worker-1", source_offset=2 * number)
        yield self._event(account_id, started, task_id, task_seq=2)
        run_event = self._id()
        completed = e.TaskCompleted(
            task_id=task_id,
            attempt=1,
            outputs=tuple(
                e.Output(
                    format=form,
                    file_id=derived_id(run_event, i, PARTITION),
                    media_type=media_type,
                    bytes=123_456,
                    sha256=self._random.randbytes(32).hex(),
                )
                for i, (form, media_type) in enumerate(RESULTS)
            ),
            metrics={"field_s": 0.5, "surface_s": 0.7, "faces": 20_000},
            charged=PRICE,
            released=0,
            source_offset=2 * number + 1,
        )
        yield self._event(account_id, completed, task_id, task_seq=3)

    def _event(self, account_id: str, event: msgspec.Struct, subject: str, **fields: int | str) -> NewRecord:
        self._time += self._pause
        self._seq += 1
        version = self._versions[account_id] = self._versions.get(account_id, 0) + 1
        envelope = Envelope(
            id=self._id(),
            type=type_of(event),
            source="lathe/command_api",
            time=self._time,
            subject=subject,
            actor=f"user/{account_id}",
            correlation_id=self._id(),
            command_id=self._id(),
            stream_version=version,
            **fields,  # type: ignore[arg-type]  # mypy takes them for any field
        )
        headers = encode_headers(envelope) + event_headers(self._epoch, self._seq)
        return NewRecord(account_id.encode(), encode_value(event), headers, int(self._time.timestamp() * 1000))

    def _claim(self) -> NewRecord:
        self._epoch, self._seq = self._epoch + 1, 0
        return claim_record(AT, self._epoch, f"writer-{self._epoch}", "http://writer")

    def _account(self) -> str:
        while True:
            account_id = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
            if account_partition(account_id) == PARTITION:
                return account_id

    def _id(self) -> str:
        return uuid7(int(self._time.timestamp() * 1000), self._random.randbytes(10), PARTITION)
