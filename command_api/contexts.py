"""What a request brings into a decision: who, when, under which ids and idempotency key."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from starlette.requests import Request

from adapters.http.refusals import MalformedRequest
from adapters.ids import new_id
from adapters.security.digests import Digests
from domain.decider import Context

KEY_HEADER: Final = "Idempotency-Key"


class Keyed:
    """The idempotency key of one request: the client's, or one made now.

    It is in the event either way, so that an outcome that stays open can be repeated with it.
    """

    def __init__(self, request: Request, digests: Digests, caller: str, route: str) -> None:
        """Raises MalformedRequest for a key that is not 1 to 255 printable ASCII characters, and for more than one."""
        keys = request.headers.getlist(KEY_HEADER)
        if len(keys) > 1:
            raise MalformedRequest(f"{KEY_HEADER} came {len(keys)} times: send one, so that a repeat is known again.")
        given = keys[0] if keys else None
        if given is not None and not (1 <= len(given) <= 255 and given.isascii() and given.isprintable()):
            raise MalformedRequest(f"{KEY_HEADER} must be 1 to 255 printable ASCII characters.")
        self.is_clients = given is not None
        self.key = given if given is not None else new_id()
        self._digests = digests
        self.scoped = digests.idempotency_key(caller, request.method, route, self.key)
        request.state.idempotency_key = self.key

    def digest(self, fields: Any, files: Mapping[str, str] | Sequence[str] = ()) -> str:
        """Hash of what is asked for: equal requests are repeats, others are refused."""
        return self._digests.request_digest(fields, files)


def context_of(
    request: Request, actor: str, *, event_id: str | None = None, keyed: Keyed | None = None, digest: str | None = None
) -> Context:
    """The context of the command that a request asks for. `event_id`: the one its fields were sealed for."""
    return Context(
        now=datetime.now(UTC),
        event_id=event_id or new_id(),
        command_id=new_id(),
        actor=actor,
        correlation_id=request.state.request_id,
        traceparent=request.state.traceparent,
        idempotency_key=keyed.scoped if keyed else None,
        idempotency_digest=digest if keyed else None,
    )
