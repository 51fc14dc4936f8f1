"""Events and commands of one account, with only what a test cares about said aloud."""

from typing import Any

from domain.account import commands as c
from domain.account import events as e
from domain.account.decider import AccountDecider
from domain.personal import Sealed
from tests.domain.scenario import Scenario, new_id

ACCOUNT = new_id(900_001)
TASK = new_id(900_002)
OTHER_TASK = new_id(900_003)
FILE = new_id(900_004)
WORKER = "worker-1"
CREDIT = 1_000_000
PROMPT = Sealed(enc="v1:cHJvbXB0")


def account(*events: e.Event) -> Scenario:
    return Scenario(AccountDecider(), ACCOUNT).given(events)


def opened(granted: int = 5 * CREDIT) -> e.AccountOpened:
    return e.AccountOpened(user_id=2, granted=granted)


def stored_file(file_id: str = FILE, **fields: Any) -> e.StoredFile:
    given: dict[str, Any] = {
        "name": Sealed(enc="v1:bmFtZQ"),
        "media_type": "image/png",
        "bytes": 1234,
        "sha256": "ab" * 32,
    }
    return e.StoredFile(file_id=file_id, **(given | fields))


def request(**fields: Any) -> c.RequestTask:
    given: dict[str, Any] = {
        "account_id": ACCOUNT,
        "task_id": TASK,
        "kind": "generate",
        "model": "lathe/form",
        "model_version": "1.0.0",
        "price": CREDIT,
        "prompt": PROMPT,
        "prompt_length": 4,
        "params": {"formats": ["glb"]},
        "seed": 42,
    }
    return c.RequestTask(**(given | fields))


def requested(**fields: Any) -> e.TaskRequested:
    given: dict[str, Any] = {
        "task_id": TASK,
        "kind": "generate",
        "model": "lathe/form",
        "model_version": "1.0.0",
        "price": CREDIT,
        "reserved": fields.get("price", CREDIT),
        "prompt": PROMPT,
        "prompt_length": 4,
        "params": {"formats": ["glb"]},
        "seed": 42,
    }
    return e.TaskRequested(**(given | fields))


def started(attempt: int = 1, source_offset: int = 0, task_id: str = TASK) -> e.TaskStarted:
    return e.TaskStarted(task_id=task_id, attempt=attempt, worker_id=WORKER, source_offset=source_offset)


def retried(attempt: int, source_offset: int | None = None, reason: str = "lease-expired") -> e.TaskRetried:
    return e.TaskRetried(task_id=TASK, attempt=attempt, reason=reason, source_offset=source_offset)


def output(form: str = "glb", file_id: str = "") -> e.Output:
    media_type = {"glb": "model/gltf-binary", "obj": "application/zip", "preview": "image/png"}[form]
    return e.Output(format=form, file_id=file_id, media_type=media_type, bytes=99, sha256="cd" * 32)


def completed(charged: int = CREDIT, source_offset: int = 1, file_id: str = FILE) -> e.TaskCompleted:
    return e.TaskCompleted(
        task_id=TASK,
        attempt=1,
        outputs=(output(file_id=file_id),),
        charged=charged,
        released=0,
        source_offset=source_offset,
    )


def failed(released: int = CREDIT, kind: str = "permanent", source_offset: int | None = 1) -> e.TaskFailed:
    problem = e.Problem(code="validity-gate", kind=kind)
    return e.TaskFailed(task_id=TASK, attempt=1, problem=problem, released=released, source_offset=source_offset)


def cancelled(released: int = CREDIT, charged: int = 0, reason: str = "client", **fields: Any) -> e.TaskCancelled:
    given: dict[str, Any] = {"task_id": TASK, "attempt": 1, "reason": reason, "charged": charged, "released": released}
    return e.TaskCancelled(**(given | fields))


def run_started(attempt: int = 1, source_offset: int = 0) -> c.ApplyRunStarted:
    return c.ApplyRunStarted(
        account_id=ACCOUNT, task_id=TASK, attempt=attempt, worker_id=WORKER, source_offset=source_offset
    )


def run_succeeded(attempt: int = 1, source_offset: int = 1, *outputs: e.Output) -> c.ApplyRunSucceeded:
    return c.ApplyRunSucceeded(
        account_id=ACCOUNT, task_id=TASK, attempt=attempt, outputs=outputs or (output(),), source_offset=source_offset
    )


def run_failed(kind: str, attempt: int = 1, source_offset: int = 1) -> c.ApplyRunFailed:
    problem = e.Problem(code="validity-gate", kind=kind)
    return c.ApplyRunFailed(
        account_id=ACCOUNT, task_id=TASK, attempt=attempt, problem=problem, source_offset=source_offset
    )


def run_cancelled(used_fraction: float, attempt: int = 1, source_offset: int = 1) -> c.ApplyRunCancelled:
    return c.ApplyRunCancelled(
        account_id=ACCOUNT, task_id=TASK, attempt=attempt, used_fraction=used_fraction, source_offset=source_offset
    )


def cancel(reason: str = "client") -> c.CancelTask:
    return c.CancelTask(account_id=ACCOUNT, task_id=TASK, reason=reason)


def expire(attempt: int = 1) -> c.ExpireAttempt:
    return c.ExpireAttempt(account_id=ACCOUNT, task_id=TASK, attempt=attempt)
