"""Reading the read models back as plain values, to compare them with a fold of the same log."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from adapters.kafka.cluster import LogIdentity
from adapters.kafka.follower import Entry
from adapters.kafka.record import Undecodable
from adapters.postgres.read.partitions import PARTITIONS
from adapters.postgres.read.tables import SCHEMA, metadata
from domain.account.decider import AccountDecider
from domain.account.names import result_name
from domain.account.state import Account, Accounts, File, Task
from processors.projections import leadership, offsets
from processors.projections.parking import parked_streams
from processors.projections.registry import READ_MODELS
from processors.projections.writing import Writer

CLUSTER = "cluster-1"


def identity_of(cluster: str = CLUSTER) -> LogIdentity:
    return LogIdentity(cluster, {topic.name: f"id of {topic.name}" for topic in READ_MODELS})


async def emptied(url: str) -> Any:
    """The projector's connection to read models that were emptied."""
    connection = await leadership.connect(url, SCHEMA)
    await connection.execute(f"TRUNCATE {', '.join(metadata.tables)}, ops.dead_letter_orders")
    return connection


async def writer_on(connection: Any) -> Writer:
    """A writer that goes on from what is committed."""
    stands = await offsets.load(connection, PARTITIONS, identity_of())
    positions = {tp: stand.position.offset for tp, stand in stands.items()}
    return Writer(connection, positions, await parked_streams(connection))


def fold(entries: Sequence[Entry]) -> Accounts:
    """The pure fold of all accounts."""
    decider = AccountDecider(tasks=None, files=None)
    state = decider.initial()
    for entry in entries:
        if entry.kind != "event" or entry.record.topic != "lathe.accounts":
            continue
        assert entry.decoded is not None
        assert not isinstance(entry.decoded, Undecodable)
        assert entry.record.key is not None
        envelope, event = entry.decoded
        decider.evolve(state, entry.record.key.decode(), event, envelope)
    return state


async def read_accounts(connection: Any) -> dict[str, Any]:
    """What PostgreSQL holds, shaped like `expected`."""
    found: dict[str, Any] = {}
    for row in await connection.fetch("SELECT * FROM accounts"):
        money = ("balance", "reserved", "granted", "charged", "forfeited")
        found[row["account_id"]] = {
            "user_id": row["user_id"],
            "closed": row["status"] == "closed",
            "opened_at": row["opened_at"],
            "wallet": {name: row[name] for name in money},
            "files": {},
            "tasks": {},
        }
    for row in await connection.fetch("SELECT * FROM files"):
        kept = ("media_type", "bytes", "sha256", "created_at", "width", "height", "task_id", "format")
        found[row["account_id"]]["files"][row["file_id"]] = {"name": json.loads(row["name"])} | {
            name: row[name] for name in kept
        }
    for row in await connection.fetch("SELECT * FROM tasks"):
        task = ("status", "seq", "attempt", "kind", "model", "model_version", "price", "reserved", "charged", "seed",
                "priority", "deadline", "parent", "prompt_length", "reason", "created_at", "started_at",
                "ended_at")  # fmt: skip
        found[row["account_id"]]["tasks"][row["task_id"]] = {name: row[name] for name in task} | {
            "params": json.loads(row["params"]),
            "prompt": json.loads(row["prompt"] or "null"),
            "inputs": json.loads(row["inputs"]),
            "outputs": [[o["format"], o["file_id"]] for o in json.loads(row["outputs"] or "[]")],
            "problem": json.loads(row["problem"] or "null"),
        }
    return found


def expected(state: Accounts) -> dict[str, Any]:
    return {account_id: _account(account) for account_id, account in state.accounts.items()}


def _account(account: Account) -> dict[str, Any]:
    return {
        "user_id": account.user_id,
        "closed": account.closed,
        "opened_at": account.opened_at,
        "wallet": msgspec.structs.asdict(account.wallet),
        "files": {file_id: _file(file) for file_id, file in account.files.items()},
        "tasks": {task_id: _task(task) for task_id, task in account.tasks.items()},
    }


def _file(file: File) -> dict[str, Any]:
    name = msgspec.to_builtins(file.name)
    if file.name is None:
        name = result_name(file.task_id or "", file.media_type, file.format or "")
    values = msgspec.structs.asdict(file)
    del values["offset"]
    return values | {"name": name}


def _task(task: Task) -> dict[str, Any]:
    values = msgspec.structs.asdict(task)
    for place in ("batch_id", "requested", "ended"):
        del values[place]
    return values | {
        "prompt": None if task.prompt is None else msgspec.to_builtins(task.prompt),
        "inputs": [msgspec.to_builtins(item) for item in task.inputs],
        "status": task.status.value,
        "params": json.loads(task.params),
        "outputs": [list(output) for output in task.outputs],
        "problem": None if task.problem is None else msgspec.to_builtins(task.problem),
    }
