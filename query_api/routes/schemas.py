"""What the documents look like, for the specification. The handlers make them from rows, without validation."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field


class ProblemDocument(BaseModel):
    """RFC 9457 `application/problem+json`."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["/problems/not-found"])
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[dict[str, Any]] = []


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/ProblemDocument"}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}


Problems: Final[dict[int | str, dict[str, Any]]] = {
    401: _problem("No valid access token"),
    404: _problem("Missing, or somebody else's"),
    422: _problem("A parameter is wrong"),
    503: _problem("A part of the service is away; see Retry-After"),
}
MoreProblems: Final[dict[int | str, dict[str, Any]]] = {
    409: _problem("Not possible in this state"),
    410: _problem("There will be no result: failed or cancelled"),
}


class TaskInput(BaseModel):
    role: str
    file_id: str
    url: str


class TaskProblem(BaseModel):
    """Why a task failed: a stable code, its kind, and what the engine says about it."""

    code: str
    kind: str
    detail: str | None


class Task(BaseModel):
    """Amounts in credits, times in RFC 3339, durations in seconds."""

    task_id: str
    kind: str
    status: str = Field(description="queued, running, cancelling, completed, failed or cancelled")
    progress: float = Field(ge=0, le=1)
    stage: str | None
    message: str | None
    queue_position: int | None = Field(description="1 = next")
    eta_s: float | None
    attempt: int
    model: str
    model_version: str
    prompt: str | None
    inputs: list[TaskInput]
    params: dict[str, Any]
    seed: int
    priority: int
    deadline: str | None
    parent: str | None = Field(description="The task this one is a retry or a fork of")
    price: float
    reserved: float = Field(description="Still held; 0 once the task ended")
    charged: float
    timings: dict[str, float]
    problem: TaskProblem | None
    reason: str | None = Field(description="Why it was cancelled")
    preview_url: str | None
    created_at: str
    started_at: str | None
    ended_at: str | None
    updated_at: str

    model_config = ConfigDict(protected_namespaces=())


class TaskPage(BaseModel):
    items: list[Task]
    total: int
    limit: int
    offset: int
    next: str | None = Field(description="`cursor` of the following page")


class TaskEvent(BaseModel):
    """One event of a task's life; further members depend on `type`."""

    model_config = ConfigDict(extra="allow")

    task_id: str
    seq: int
    type: str
    status: str
    time: str
    actor: str


class TaskEvents(BaseModel):
    items: list[TaskEvent]


class Output(BaseModel):
    format: str
    file_id: str
    stored_name: str
    url: str
    media_type: str
    bytes: int
    sha256: str


class Result(BaseModel):
    """The files, and what there is to say about them."""

    task_id: str
    outputs: list[Output]
    report: dict[str, Any] = Field(description="Of the mesh: watertight, faces, bounds_mm, …")
    preview_url: str | None
    understood: dict[str, Any]
    ignored: list[str] = Field(description="Words of the prompt that were not used")


class Model(BaseModel):
    """`price` in credits per task; `params_schema` is a JSON Schema."""

    id: str
    version: str
    title: str
    kinds: list[str]
    params_schema: dict[str, Any]
    price: float
    typical_seconds: float
    retired: bool


class Models(BaseModel):
    items: list[Model]
    total: int
    limit: int
    offset: int
    next: str | None


class Quote(BaseModel):
    model: str
    model_version: str
    price: float

    model_config = ConfigDict(protected_namespaces=())
