"""Results of tasks as clients are told of them: from the owner's view or from a read model's row, which name things
alike (`task_id`, `status`, `outputs`, `problem`, `reason`).
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Protocol

from domain.account.names import stored_name
from domain.errors import DomainError

_ASIDE: Final = ("preview", "report")
"""Outputs that are told in other members than `outputs`."""


class Told(Protocol):
    """A task that is told: a view, or a row."""

    def __getitem__(self, name: str, /) -> Any: ...


class NoResult(DomainError):
    """The task failed or was cancelled: there will never be a result."""

    code: ClassVar[str] = "no-result"
    status: ClassVar[int] = 410
    title: ClassVar[str] = "There is no result"


def file_url(file_id: str) -> str:
    return f"/files/{file_id}"


def output_document(output: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "format": output["format"],
        "file_id": output["file_id"],
        "stored_name": stored_name(output["file_id"], output["media_type"]),
        "url": file_url(output["file_id"]),
        "media_type": output["media_type"],
        "bytes": output["bytes"],
        "sha256": output["sha256"],
    }


def preview_of(task: Told) -> Mapping[str, Any] | None:
    """The picture among a finished task's outputs."""
    return _output(task, "preview")


def report_hash(task: Told) -> str | None:
    """SHA-256 of the object that holds the report of a finished task."""
    report = _output(task, "report")
    return None if report is None else str(report["sha256"])


def result_document(task: Told, said: Mapping[str, Any]) -> dict[str, Any]:
    """The result of a completed task; `said` is the content of its report object."""
    preview = preview_of(task)
    outputs = _present(task)
    return {
        "task_id": task["task_id"],
        "outputs": [output_document(output) for output in outputs if output["format"] not in _ASIDE],
        "report": said.get("report", {}),
        "preview_url": None if preview is None else file_url(preview["file_id"]),
        "understood": said.get("understood", {}),
        "ignored": said.get("ignored", []),
    }


def problem_document(task: Told, detail: str | None) -> dict[str, Any] | None:
    """Why a task failed. `detail` is the text that its engine left, if it did."""
    problem = task["problem"]
    if problem is None:
        return None
    return {"code": problem["code"], "kind": problem["kind"], "detail": detail}


def no_result(task: Told, text: str | None) -> NoResult:
    """The refusal for a failed (`text`: why, in the engine's words) or cancelled task."""
    if task["status"] == "cancelled":
        return NoResult(f"The task was cancelled ({task['reason']}).", task_status="cancelled", reason=task["reason"])
    problem = problem_document(task, text)
    return NoResult(text or "The task failed; its price was refunded.", task_status="failed", problem=problem)


def _present(task: Told) -> list[Mapping[str, Any]]:
    """Without those that were deleted since."""
    return [output for output in task["outputs"] or () if not output.get("deleted")]


def _output(task: Told, form: str) -> Mapping[str, Any] | None:
    return next((output for output in _present(task) if output["format"] == form), None)
