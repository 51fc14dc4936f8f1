"""The shape every aggregate has: decide a command on a state, evolve the state by an event.

One decider serves one owned topic. Its state is that of one whole partition; the key of an event names the stream
(account, user, model, worker) inside it. The names are those of the Decider pattern (Jérémie Chassaing,
https://thinkbeforecoding.com/post/2021/12/17/functional-event-sourcing-decider).
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol, TypeVar, runtime_checkable

import msgspec

from domain.envelope import Envelope

State = TypeVar("State")
Command = TypeVar("Command", contravariant=True)


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision may know besides state and command. All of it is given: the domain has no clock."""

    now: datetime
    event_id: str
    """The ce_id the event will get; sealed fields in the command are bound to it."""
    command_id: str
    actor: str
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None
    idempotency_key: str | None = None
    idempotency_digest: str | None = None
    partition: int = 0
    """The partition that decides (goes into the ids of derived files)."""


class Append(msgspec.Struct, frozen=True):
    """Decided: this event is to be appended to stream `key`."""

    key: str
    event: msgspec.Struct
    subject: str
    task_seq: int | None = None


class Reply(msgspec.Struct, frozen=True):
    """Nothing new to say: an answer from the state alone (a replay, a question, a repeat that changes nothing)."""

    view: dict[str, Any]


class NotAtHand(Exception):
    """A decision or a view needs events of which the state keeps no more than their offsets.

    No refusal: whoever drives the decider reads them, and asks again with them at hand (`Recalling`).
    """

    def __init__(self, offsets: Sequence[int]) -> None:
        super().__init__(f"the events at {', '.join(map(str, offsets))} have to be read again")
        self.offsets = tuple(offsets)


Recalled = tuple[str, msgspec.Struct, Envelope]
"""An event that was read again: its stream key, itself, its envelope."""


class Decider(Protocol[State, Command]):
    """Pure. `decide` may not change the state; `evolve` changes it in place, and never fails on a valid event."""

    @property
    def fold(self) -> int:
        """The number of what `evolve` makes of events: another one each time it makes something else of them.

        Snapshots of another number are not used. (Those of another shape of the state are not used either.)
        """
        ...

    def initial(self) -> State: ...

    def decide(self, state: State, command: Command, context: Context) -> Append | Reply:
        """Raises a `domain.errors.DomainError` to refuse; NotAtHand."""
        ...

    def evolve(self, state: State, key: str, event: msgspec.Struct, envelope: Envelope) -> None: ...

    def stream(self, command: Command) -> str | None:
        """The key of the stream the command goes to, if it is known before the decision."""
        ...

    def quarantine(self, state: State, key: str) -> None:
        """Stream `key` has a record that cannot be folded: its later events will not be evolved.

        The kernel refuses commands to that stream itself; this is for rules that span streams (unique names).
        """
        ...

    def view(self, state: State, key: str, subject: str) -> dict[str, Any]:
        """What a client is told about `subject` after the event that was just evolved, as JSON values."""
        ...


@runtime_checkable
class Recalling(Protocol):
    """What a decider has whose `decide` or `view` raise NotAtHand."""

    def at_hand(self, state: Any, events: Sequence[Recalled]) -> AbstractContextManager[None]:
        """While this is open, the state has what these events brought. Afterwards it is as it was before."""
        ...
