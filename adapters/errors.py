"""Failures of the outside world that a client may wait out: the 503 family.

Unlike a `DomainError` (a decision: nothing was written), these say that the service could not decide or does not know
the outcome yet. `adapters/http/problems.py` translates them; `cli/` maps them to an exit code.
"""

from typing import ClassVar


class Unavailable(Exception):
    """Something needed is away for now. `retry_after_s` is what a client is told to wait, in seconds."""

    code: ClassVar[str] = "unavailable"
    status: ClassVar[int] = 503
    title: ClassVar[str] = "Not available right now"
    retry_after_s: float = 1.0

    def __init__(self, detail: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if retry_after_s is not None:
            self.retry_after_s = retry_after_s


class NoOwner(Unavailable):
    """No process is known to own the partition, or the one known does not answer. Nothing was written."""

    code, title = "no-owner", "Nobody can decide this right now"


class OutcomePending(Unavailable):
    """The command may have been applied. Repeating it with `idempotency_key` is always safe."""

    code, title = "outcome-pending", "The outcome is not known yet"
    retry_after_s = 2.0

    def __init__(self, detail: str, *, idempotency_key: str | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(detail, retry_after_s=retry_after_s)
        self.idempotency_key = idempotency_key


class DependencyDown(Unavailable):
    """Kafka, PostgreSQL or the object store does not answer. `dependency` names it."""

    code, title = "dependency-down", "A part of the service does not answer"
    retry_after_s = 5.0

    def __init__(self, detail: str, *, dependency: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(detail, retry_after_s=retry_after_s)
        self.dependency = dependency
