"""The fold of one owned partition: its decider's state, stream versions, quarantine and recent commands."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Generic, TypeVar

import msgspec
import structlog

from adapters.kafka.follower import Entry
from adapters.kafka.metrics import QUARANTINED
from adapters.kafka.position import TP, Position
from adapters.kafka.recent import Recent
from adapters.kafka.record import Undecodable
from domain.decider import Decider, Recalled, Recalling
from domain.envelope import Envelope

State = TypeVar("State")
log = structlog.get_logger(__name__)


class PartitionFold(Generic[State]):
    """State after all valid records before `position`."""

    def __init__(self, tp: TP, decider: Decider[State, Any]) -> None:
        self.tp = tp
        self.decider = decider
        self.state = decider.initial()
        self.position = Position()
        self.versions: dict[str, int] = {}
        self.quarantined: set[str] = set()
        self.recent = Recent()
        self._told = QUARANTINED.labels(tp[0], str(tp[1]))
        self._told.set(0)

    def apply(self, entry: Entry) -> None:
        """Fold one entry of the log. Never fails: what cannot be folded quarantines its stream."""
        self.position = entry.after
        if entry.kind != "event":
            return
        key = (entry.record.key or b"").decode("utf-8", "replace")
        self.versions[key] = self.versions.get(key, 0) + 1
        if key in self.quarantined:
            return
        if entry.decoded is None or isinstance(entry.decoded, Undecodable):
            self._quarantine(key, entry.record.offset, entry.decoded.why if entry.decoded else "not decoded")
            return
        envelope, event = entry.decoded
        try:
            self.evolve(key, event, envelope)
        except Exception as error:  # noqa: BLE001 - whatever a record does to the fold, the partition goes on
            self._quarantine(key, entry.record.offset, f"cannot be folded: {error!r}")

    def evolve(self, key: str, event: msgspec.Struct, envelope: Envelope) -> None:
        """Evolve the state and remember the command."""
        self.decider.evolve(self.state, key, event, envelope)
        if envelope.command_id is not None:
            self.recent.remember(envelope.command_id, envelope.offset, envelope.time)

    def at_hand(self, events: Sequence[Recalled]) -> AbstractContextManager[None]:
        """While this is open, the state has what these events brought: they were read again for one decision."""
        if not events:
            return nullcontext()
        assert isinstance(self.decider, Recalling), "only such deciders ask for events"
        return self.decider.at_hand(self.state, events)

    def _quarantine(self, key: str, offset: int, why: str) -> None:
        log.error("stream quarantined", topic=self.tp[0], partition=self.tp[1], offset=offset, key=key, why=why)
        self.quarantined.add(key)
        self._told.set(len(self.quarantined))
        self.decider.quarantine(self.state, key)
