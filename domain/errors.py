"""The one tree of domain refusals.

A refusal means: nothing was decided and nothing was written. Edges translate it: `adapters/http/problems.py`
to RFC 9457 problems, `cli/` to exit codes, `processors/` to parked records.
"""

from typing import Any, ClassVar


class DomainError(Exception):
    """A command was refused. `code` is the stable problem type, `status` the HTTP status it maps to.

    `extra` holds members for the problem document (`balance`, `price`, …), plain JSON values only, so that a
    refusal can travel between processes (see `to_wire`).
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "The command was refused"

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra

    def to_wire(self) -> dict[str, Any]:
        return {"code": self.code, "detail": self.detail, "extra": self.extra}


class InvalidInput(DomainError):
    """The command's content has no meaning. `pointer` is a JSON pointer into the request."""

    code, status, title = "invalid-input", 422, "The request does not make sense"


class NotFound(DomainError):
    """Missing, or somebody else's: the two are answered alike."""

    code, status, title = "not-found", 404, "There is no such resource"


class Forbidden(DomainError):
    code, status, title = "forbidden", 403, "You may not do this"


class Unauthenticated(DomainError):
    code, status, title = "unauthenticated", 401, "Log in first"


class AlreadyExists(DomainError):
    code, status, title = "already-exists", 409, "It exists already"


class InsufficientCredits(DomainError):
    code, status, title = "insufficient-credits", 402, "Not enough credits"


class PriceChanged(DomainError):
    code, status, title = "price-changed", 409, "The price is above your limit"


class TooManyQueued(DomainError):
    code, status, title = "too-many-queued", 429, "Too many queued tasks"


class KeyReused(DomainError):
    """The idempotency key was used for another request."""

    code, status, title = "idempotency-key-reused", 422, "The idempotency key belongs to another request"


class NotInState(DomainError):
    """The task's (or user's, or model's) state does not allow the command."""

    code, status, title = "wrong-state", 409, "Not possible in this state"


class PreconditionFailed(DomainError):
    """The resource is not at the version that the client expects (If-Match)."""

    code, status, title = "precondition-failed", 412, "The resource has changed"


class AccountIsClosed(DomainError):
    code, status, title = "account-closed", 409, "The account is closed"


class StreamQuarantined(DomainError):
    code, status, title = "stream-quarantined", 503, "This account's history needs an operator"


def _tree(root: type[DomainError]) -> dict[str, type[DomainError]]:
    found = {root.code: root}
    for child in root.__subclasses__():
        found |= _tree(child)
    return found


def from_wire(data: dict[str, Any]) -> DomainError:
    """Rebuild a refusal that another process made. Inverse of `DomainError.to_wire`."""
    return _tree(DomainError)[data["code"]](data["detail"], **data["extra"])
