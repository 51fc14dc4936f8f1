"""given([...]).when(command).then(event) or .fails(Error): scenarios of any decider, without Kafka.

`given` takes events of one stream; `when` decides at `NOW`; `then` compares the event and leaves the scenario as it
stands after it, so that a history can be told step by step.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import msgspec

from domain.decider import Append, Context, Decider, Reply
from domain.envelope import Envelope
from domain.errors import DomainError
from domain.ids import uuid7
from domain.registry import TYPE_OF

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
PARTITION = 7


def new_id(number: int) -> str:
    """A canonical UUIDv7 for tests: the same number gives the same id."""
    return uuid7(int(NOW.timestamp() * 1000) + number, number.to_bytes(10), PARTITION)


class Scenario:
    """A history of one partition and what is tried on it."""

    def __init__(self, decider: Decider[Any, Any], key: str) -> None:
        self.decider, self.key = decider, key
        self.state = decider.initial()
        self.log: list[tuple[str, msgspec.Struct, Envelope]] = []
        self.now = NOW
        self.outcome: Append | Reply | DomainError | None = None
        self._count = 0

    def given(self, events: Iterable[msgspec.Struct], *, subject: str | None = None) -> Self:
        for event in events:
            self._record(self.key, event, self.context(), subject or str(getattr(event, "task_id", self.key)), None)
        return self

    def context(self, **fields: Any) -> Context:
        self._count += 1
        given: dict[str, Any] = {
            "now": self.now,
            "event_id": new_id(self._count),
            "command_id": f"command-{self._count}",
            "actor": "user/test",
            "correlation_id": "test",
            "partition": PARTITION,
        }
        return Context(**(given | fields))

    def when(self, command: msgspec.Struct, **context: Any) -> Self:
        """Decide, on a state that the decision may not change, and evolve by what was decided."""
        given = self.context(**context)
        before = msgspec.msgpack.encode(self.state)
        try:
            self.outcome = self.decider.decide(self.state, command, given)
        except DomainError as refusal:
            self.outcome = refusal
        assert msgspec.msgpack.encode(self.state) == before, "a decision changed the state"
        if isinstance(self.outcome, Append):
            decided = self.outcome
            self._record(decided.key, decided.event, given, decided.subject, decided.task_seq)
        return self

    def later(self, seconds: float) -> Self:
        self.now += timedelta(milliseconds=round(seconds * 1000))  # owners decide at the millisecond
        return self

    def then(self, expected: msgspec.Struct) -> Self:
        assert isinstance(self.outcome, Append), self.outcome
        assert self.outcome.event == expected
        return self

    def replies(self, **members: Any) -> Self:
        """No event; the answer has at least these members (none: it is empty)."""
        assert isinstance(self.outcome, Reply), self.outcome
        view = self.outcome.view
        assert {name: view.get(name) for name in members} == members
        assert members or not view
        return self

    def fails(self, error: type[DomainError], **extra: Any) -> Self:
        assert type(self.outcome) is error, self.outcome
        assert {name: self.outcome.extra.get(name) for name in extra} == extra
        return self

    @property
    def event(self) -> Any:
        assert isinstance(self.outcome, Append), self.outcome
        return self.outcome.event

    def view(self, subject: str) -> dict[str, Any]:
        view = self.decider.view(self.state, self.key, subject)
        msgspec.json.encode(view)
        return view

    def refolded(self) -> Any:
        """The state as a fold of the whole log from nothing."""
        state = self.decider.initial()
        for key, event, envelope in self.log:
            self.decider.evolve(state, key, event, envelope)
        return state

    def _record(self, key: str, event: msgspec.Struct, context: Context, subject: str, task_seq: int | None) -> None:
        envelope = Envelope(
            id=context.event_id,
            type=TYPE_OF[type(event)],
            source="tests",
            time=context.now,
            subject=subject,
            actor=context.actor,
            correlation_id=context.correlation_id,
            command_id=context.command_id,
            task_seq=task_seq,
            idempotency_key=context.idempotency_key,
            idempotency_digest=context.idempotency_digest,
            offset=len(self.log),
        )
        over_the_wire = msgspec.json.decode(msgspec.json.encode(event), type=type(event))
        self.log.append((key, over_the_wire, envelope))
        self.decider.evolve(self.state, key, over_the_wire, envelope)
