"""A history in which everything holds, and pieces of it to break: users, models, tasks, their runs and their files."""

import hashlib
from datetime import datetime
from typing import Any

import msgspec

from adapters.kafka import topics
from adapters.kafka.position import TP
from adapters.kafka.record import encode_headers, encode_value
from adapters.object_store.port import ObjectStore, object_key
from domain.account import events as e
from domain.catalog.events import ModelPublished
from domain.identity.events import UserRegistered
from domain.runs import events as run
from domain.scheduling.events import RunAssigned
from tests.projections.handmade import CREDIT, START, HandmadeLog, cancelled, failed, requested, sealed

WORKER = "worker-1"
MODEL = ModelPublished(
    model="lathe/form",
    version="1.0.0",
    title="Form",
    kinds=("text",),
    params_schema={"type": "object"},
    price=CREDIT,
    typical_seconds=2.0,
)


class History(HandmadeLog):
    """Objects of results lie in `objects` by key; `store_objects` puts them."""

    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[str, bytes] = {}
        self._users = 0

    def end(self, topic: topics.Topic, key: str = "") -> tuple[TP, int]:
        """The partition of `key`, and the offset that is next there."""
        tp = (topic.name, 0 if topic.partitions == 1 else topics.account_partition(key))
        return tp, len(self.log.partitions[tp])

    async def begin(self) -> None:
        await self.append("model/lathe/form", MODEL, topics.CATALOG)

    async def user(self, partition: int, credits: int = 10) -> str:
        """A registered user's account."""
        self._users += 1
        account = self.account_in(partition)
        user = UserRegistered(
            user_id=self._users, account_id=account, username=sealed("name"), username_hmac=f"name-{self._users}"
        )
        await self.append(str(self._users), user, topics.IDENTITY)
        await self.append(account, e.AccountOpened(user_id=self._users, granted=credits * CREDIT))
        return account

    async def request(self, account: str, **fields: Any) -> str:
        """A task, assigned to the worker."""
        task = self.new_id(topics.account_partition(account))
        _, offset = self.end(topics.ACCOUNTS, account)
        await self.append(account, requested(task, **fields))
        await self.assign(account, task, offset)
        return task

    async def assign(self, account: str, task: str, offset: int, attempt: int = 1) -> None:
        given = RunAssigned(
            task_id=task, attempt=attempt, account_id=account, worker_id=WORKER, model="lathe/form",
            topic=topics.ACCOUNTS.name, partition=topics.account_partition(account), offset=offset,
        )  # fmt: skip
        await self.append(WORKER, given, topics.ASSIGNMENTS, task_seq=None)
        self._task_seq[task] -= 1  # it is no event of the task

    async def report(self, account: str, event: msgspec.Struct, **envelope: Any) -> int:
        """A record of lathe.runs; its offset. Workers write without an owner."""
        tp, offset = self.end(topics.RUNS, account)
        headers = encode_headers(self._envelope(event, getattr(event, "task_id", account), **envelope))
        await self.put(tp, account.encode(), encode_value(event), headers)
        return offset

    async def start(self, account: str, task: str, attempt: int = 1) -> None:
        began = run.RunStarted(task_id=task, attempt=attempt, sequence=1, worker_id=WORKER, device="cpu")
        source = await self.report(account, began)
        await self.append(account, e.TaskStarted(task_id=task, attempt=attempt, worker_id=WORKER, source_offset=source))

    async def succeed(self, account: str, task: str, charged: int = CREDIT, released: int = 0) -> str:
        """The run's report and the task's end; the key of its result."""
        content = f"result of {task}".encode()
        sha256 = hashlib.sha256(content).hexdigest()
        output = e.Output(format="glb", media_type="model/gltf-binary", bytes=len(content), sha256=sha256)
        source = await self.report(
            account, run.RunSucceeded(task_id=task, attempt=1, sequence=2, worker_id=WORKER, outputs=(output,))
        )
        done = e.TaskCompleted(
            task_id=task, attempt=1, outputs=(msgspec.structs.replace(output, file_id=self.new_id()),),
            metrics={"field_s": 2.0}, charged=charged, released=released, source_offset=source,
        )  # fmt: skip
        await self.append(account, done)
        self.objects[object_key(account, sha256)] = content
        return object_key(account, sha256)

    async def complete(self, account: str) -> tuple[str, str]:
        """A whole life: (task, key of its result)."""
        task = await self.request(account)
        await self.start(account, task)
        return task, await self.succeed(account, task)

    async def store_objects(self, store: ObjectStore) -> None:
        for key, content in self.objects.items():
            await store.put_bytes(key, content, "model/gltf-binary")


async def some_history(time: datetime = START) -> tuple[History, list[str]]:
    """Three accounts with tasks in every state, in two partitions; everything holds."""
    history = History()
    history.time = time
    await history.begin()
    accounts = [await history.user(p) for p in (3, 3, 7)]
    for account in accounts:
        await history.complete(account)
        await history.append(account, cancelled(await history.request(account)))
        await history.append(account, failed(await history.request(account)))
        running = await history.request(account)
        await history.start(account, running)
        await history.append(account, e.TaskCancelRequested(task_id=running, attempt=1))
        await history.request(account)
        file = e.StoredFile(file_id=history.new_id(), name=sealed("photo.png"), media_type="image/png", bytes=5,
                            sha256=hashlib.sha256(b"photo").hexdigest())  # fmt: skip
        await history.append(account, e.FileStored(file=file))
        history.objects[object_key(account, file.sha256)] = b"photo"
    await history.claim(("lathe.accounts", 3))  # a takeover
    for account in accounts:
        await history.complete(account)
    return history, accounts
