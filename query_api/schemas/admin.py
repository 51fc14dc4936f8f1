"""What operators see: lag, queue, workers, dead letters, rebuilds. No names and no texts of anybody."""

from typing import Any, Literal

from pydantic import Field

from adapters.http.dead_letters import DeadLetterOrder
from query_api.schemas.document import Document
from query_api.schemas.page import Page


class ReaderLag(Document):
    """One reader of one partition of the log."""

    projection: str = Field(
        description="`read` (the read models), `live` (streams of this process), `reactors` or `webhooks`."
    )
    topic: str
    partition: int
    position: int = Field(description="The next offset it reads.")
    end: int = Field(description="The log's end.")
    behind: int
    parked: int = Field(description="Records that it set aside.")


class LagPage(Page[ReaderLag]):
    """All readers, by projection, topic and partition."""


class ModelQueue(Document):
    """Tasks under way that want one model."""

    model: str
    queued: int
    running: int
    cancelling: int
    oldest_queued_at: str | None
    workers: int = Field(description="Live workers that have it.")


class AccountQueue(Document):
    """Tasks under way of one account."""

    account_id: str
    queued: int
    running: int
    cancelling: int
    oldest_queued_at: str | None


class Queue(Document):
    """All tasks under way."""

    queued: int
    running: int
    cancelling: int
    by_model: list[ModelQueue] = Field(description="Those with the most first.")
    by_account: list[AccountQueue] = Field(description="Those with the most first; 100 at most.")


class WorkerEngine(Document):
    """An engine that a worker has."""

    id: str
    version: str
    loaded: bool


class HeldRun(Document):
    """A run that a worker holds."""

    task_id: str
    attempt: int


class Worker(Document):
    """A worker that beat within the last 10 s."""

    worker_id: str
    host: str
    device: str
    slots: int = Field(description="Runs it can take at once.")
    engines: list[WorkerEngine]
    running: list[HeldRun]
    draining: bool = Field(description="It finishes what it has and takes nothing new.")
    started_at: str
    heard_at: str = Field(description="Its last heartbeat.")


class WorkerPage(Page[Worker]):
    """Live workers, by host and start."""


class DeadLetter(Document):
    """A record that is parked, because it cannot be folded or stands behind one that cannot."""

    id: str = Field(description="`<topic>:<partition>@<offset>`.", examples=["lathe.accounts:3@1234"])
    topic: str
    partition: int
    offset: int
    key: str | None = Field(description="Its stream: an account's id, a user's number, a model.")
    role: Literal["poison", "behind"] = Field(description="poison: it cannot be folded itself.")
    why: str
    event_id: str | None
    event_type: str | None
    bytes: int
    parked_at: str


class DeadLetterPage(Page[DeadLetter]):
    """Parked records in the order of the log."""


class DeadLetterDetails(Document):
    """One record with its headers and what was decided about it. Personal fields stay sealed."""

    id: str
    parked: bool = Field(description="False: an order ended it; the record is told no more.")
    record: DeadLetter | None
    headers: dict[str, str]
    value: Any = Field(description="The event as JSON; null when it is none.")
    behind: int = Field(description="Records that wait behind it.")
    orders: list[DeadLetterOrder] = Field(description="The newest first.")


class Rebuild(Document):
    """Read models that are built anew beside the live ones."""

    schema_: str = Field(alias="schema")
    state: Literal["building", "comparing", "swapped", "failed"]
    done: float = Field(ge=0, le=1)
    eta_s: float | None
    started_at: str


class RebuildPage(Page[Rebuild]):
    """Rebuilds, the newest first."""
