"""Tasks and their lives."""

from typing import Any, Literal

from pydantic import Field

from query_api.schemas.document import Document
from query_api.schemas.page import Page

Status = Literal["queued", "running", "cancelling", "completed", "failed", "cancelled"]
EventType = Literal["requested", "started", "retried", "cancel-requested", "completed", "failed", "cancelled"]


class TaskInput(Document):
    """A file that the task was given."""

    role: str = Field(description="`image`, or the view: front, left, back, right, top, bottom.")
    file_id: str
    url: str


class TaskProblem(Document):
    """Why a task failed."""

    code: str = Field(description="A stable code, like `not-understood`.")
    kind: Literal["bad-input", "permanent", "retryable", "deadline"]
    detail: str | None = Field(description="What the engine says about it.")


class Task(Document):
    """Amounts in credits, times in RFC 3339, durations in seconds."""

    task_id: str
    seq: int = Field(description="How many events the task had: what its ETag begins with, and what If-Match compares.")
    kind: str = Field(description="What it is about: `generate`.")
    status: Status
    progress: float = Field(ge=0, le=1, description="Of the present attempt.")
    stage: str | None = Field(description="A short code of what is done just now.")
    message: str | None = Field(description="The same in words.")
    queue_position: int | None = Field(description="1 = next; null when it is not queued, and just after.")
    eta_s: float | None = Field(description="Seconds until it is done, roughly; null when nobody knows.")
    attempt: int
    model: str
    model_version: str
    prompt: str | None = Field(description="Null without one, and after an erasure.")
    inputs: list[TaskInput]
    params: dict[str, Any] = Field(description="By the model's `params_schema`, defaults filled in.")
    seed: int
    priority: int
    deadline: str | None
    parent: str | None = Field(description="The task this one is a retry or a fork of.")
    price: float
    reserved: float = Field(description="Still held; 0 once the task ended.")
    charged: float
    timings: dict[str, float] = Field(description="Seconds: queued_s, running_s, total_s, and by stage.")
    problem: TaskProblem | None
    reason: str | None = Field(description="Why it was cancelled.")
    preview_url: str | None = Field(description="A picture of the result, or of what is there of it so far.")
    created_at: str
    started_at: str | None
    ended_at: str | None
    updated_at: str


class TaskPage(Page[Task]):
    """Tasks, the newest first."""


class EventOutput(Document):
    """A file that came out of a run."""

    format: str
    file_id: str
    stored_name: str
    url: str
    media_type: str
    bytes: int
    sha256: str


class EventProblem(Document):
    """Why the task failed, by its codes."""

    code: str
    kind: str


class TaskEvent(Document):
    """One event of a task's life. Which of the later members are there depends on `type`."""

    task_id: str
    seq: int = Field(description="1, 2, 3… without holes; the `id` of the SSE message.")
    type: EventType
    status: Status = Field(description="The task's after the event.")
    time: str
    actor: str = Field(description="`user`, `system` or `service/<name>`.")
    attempt: int = 1
    model: str = ""
    model_version: str = ""
    price: float = 0
    reserved: float = 0
    charged: float = 0
    released: float = Field(0, description="What was given back.")
    parent: str = ""
    batch_id: str = Field("", description="Of a task that was asked for with others.")
    reason: str = ""
    outputs: list[EventOutput] = []
    metrics: dict[str, float] = {}
    problem: EventProblem | None = None


class TaskEvents(Document):
    """A task's whole life, or what came after `after`."""

    items: list[TaskEvent]


class Progress(Document):
    """SSE event `progress`: only its newest counts."""

    progress: float = Field(ge=0, le=1, description="Never back within an attempt.")
    stage: str | None
    message: str | None
    attempt: int
    queue_position: int | None
    eta_s: float | None
    preview_url: str | None = Field(description="A picture of what is there so far.")
