"""One round of an owner: decide what came in, as one batch of records to append and answers that need no event."""

from datetime import datetime
from typing import Any, Final, Generic, TypeVar

import msgspec

from adapters.kafka.fold import PartitionFold
from adapters.kafka.kafka_log import MAX_BATCH
from adapters.kafka.port import NewRecord
from adapters.kafka.readrule import event_headers
from adapters.kafka.record import TooLarge, encode_headers, encode_value, type_of
from adapters.kafka.requests import Applied, Request, position_text
from domain.decider import Append, Context, NotAtHand
from domain.envelope import Envelope
from domain.errors import DomainError, InvalidInput, StreamQuarantined

State = TypeVar("State")
MAX_RECORDS: Final = 500


class Round(Generic[State]):
    """Decisions on the speculative state. Answers are given only once all records before them are acknowledged."""

    def __init__(self, fold: PartitionFold[State], epoch: int, seq: int, offset: int, source: str) -> None:
        self._fold, self._source = fold, source
        self.epoch, self._first_seq, self._first_offset = epoch, seq + 1, offset
        self.records: list[NewRecord] = []
        self.applied: list[tuple[Request, Applied]] = []
        """One for each record, in order."""
        self.settled: list[tuple[Request, Applied | DomainError]] = []
        """Replies and refusals: they rest on the state, so they wait for acks and for the log's end."""
        self.recalls: list[tuple[Request, NotAtHand]] = []
        """Not decided: events have to be read again first."""
        self._bytes = 0

    @property
    def full(self) -> bool:
        return len(self.records) >= MAX_RECORDS or self._bytes > MAX_BATCH - 80_000

    def decide(self, request: Request, now: datetime) -> None:
        """Decide one request; an event is evolved into the state at once.

        At the millisecond: that is what the log keeps, and whoever replays it must come to the same state.
        """
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        context = msgspec.structs.replace(request.context, now=now, partition=self._fold.tp[1])
        try:
            self._decide(request, context)
        except NotAtHand as missing:
            self.recalls.append((request, missing))
        except DomainError as refusal:
            self.settled.append((request, refusal))
        except TooLarge as error:
            self.settled.append((request, InvalidInput(str(error))))

    def _decide(self, request: Request, context: Context) -> None:
        fold = self._fold
        self._refuse_quarantined(fold.decider.stream(request.command))
        with fold.at_hand(request.recalled):
            decision = fold.decider.decide(fold.state, request.command, context)
        offset = self._first_offset + len(self.records)
        if not isinstance(decision, Append):
            position = position_text(*fold.tp, offset - 1)
            self.settled.append((request, Applied(position=position, view=decision.view, replayed=True)))
            return
        self._refuse_quarantined(decision.key)
        version = fold.versions.get(decision.key, 0) + 1
        envelope = _envelope(decision, context, version, self._source, offset)
        seq = self._first_seq + len(self.records)
        record = NewRecord(
            decision.key.encode(),
            encode_value(decision.event),
            encode_headers(envelope) + event_headers(self.epoch, seq),
            int(context.now.timestamp() * 1000),
        )
        fold.evolve(decision.key, decision.event, envelope)
        fold.versions[decision.key] = version
        self.records.append(record)
        self._bytes += record.size()
        applied = Applied(
            position=position_text(*fold.tp, offset),
            subject=decision.subject,
            view=fold.decider.view(fold.state, decision.key, decision.subject),
            event_type=envelope.type,
            event_id=envelope.id,
        )
        self.applied.append((request, applied))

    def _refuse_quarantined(self, key: str | None) -> None:
        if key is not None and key in self._fold.quarantined:
            raise StreamQuarantined("A record of this stream cannot be read. An operator has to end it.")

    def settle(self) -> None:
        """Give the replies and refusals: what they rest on is in the log."""
        for request, result in self.settled:
            if isinstance(result, DomainError):
                request.fail(result)
            else:
                request.answer(result)

    def give_up(self, why: Exception) -> None:
        """Replies and refusals that cannot be given: their decisions were not proven."""
        for request, _ in self.settled:
            request.fail(why)

    def open_outcomes(self) -> dict[tuple[int, int], tuple[Request, Applied]]:
        """By (epoch, seq): what is neither applied nor not, if the append of this round fails."""
        return {(self.epoch, self._first_seq + i): pair for i, pair in enumerate(self.applied)}


def _envelope(decision: Append, context: Context, version: int, source: str, offset: int) -> Envelope:
    fields: dict[str, Any] = {
        "id": context.event_id,
        "type": type_of(decision.event),
        "source": source,
        "time": context.now,
        "subject": decision.subject,
        "actor": context.actor,
        "correlation_id": context.correlation_id,
        "causation_id": context.causation_id,
        "command_id": context.command_id,
        "traceparent": context.traceparent,
        "stream_version": version,
        "task_seq": decision.task_seq,
        "idempotency_key": context.idempotency_key,
        "idempotency_digest": context.idempotency_digest,
        "offset": offset,
    }
    return Envelope(**fields)
