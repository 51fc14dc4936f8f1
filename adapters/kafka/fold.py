"""The fold of one owned partition: its decider's state, stream versions, quarantine and recent commands."""

from collections import deque
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

import msgspec
import structlog

from adapters.kafka.follower import Entry
from adapters.kafka.metrics import QUARANTINED
from adapters.kafka.position import TP, Position
from adapters.kafka.record import Undecodable
from domain.decider import Decider
from domain.envelope import Envelope

State = TypeVar("State")
RECENT: Final = timedelta(minutes=15)
log = structlog.get_logger(__name__)


class Done(msgspec.Struct, frozen=True):
    """What a command led to, for those who ask about an open outcome."""

    key: str
    subject: str
    event_type: str
    event_id: str
    offset: int
    time: datetime


class PartitionFold(Generic[State]):
    """State after all valid records before `position`."""

    def __init__(self, tp: TP, decider: Decider[State, Any]) -> None:
        self.tp = tp
        self.decider = decider
        self.state = decider.initial()
        self.position = Position()
        self.versions: dict[str, int] = {}
        self.quarantined: set[str] = set()
        self._recent: dict[str, Done] = {}
        self._ages: deque[tuple[datetime, str]] = deque()

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
            self.evolve(key, event, envelope, entry.record.offset)
        except Exception as error:  # noqa: BLE001 - whatever a record does to the fold, the partition goes on
            self._quarantine(key, entry.record.offset, f"cannot be folded: {error!r}")

    def evolve(self, key: str, event: msgspec.Struct, envelope: Envelope, offset: int) -> None:
        """Evolve the state and remember the command."""
        self.decider.evolve(self.state, key, event, envelope)
        if envelope.command_id is not None:
            done = Done(key, envelope.subject, envelope.type, envelope.id, offset, envelope.time)
            self._recent[envelope.command_id] = done
            self._ages.append((envelope.time, envelope.command_id))
            while self._ages[0][0] < envelope.time - RECENT:
                self._recent.pop(self._ages.popleft()[1], None)

    def done(self, command_id: str) -> Done | None:
        """What the command led to, if it was applied within the last 15 minutes of the log's time."""
        return self._recent.get(command_id)

    def _quarantine(self, key: str, offset: int, why: str) -> None:
        QUARANTINED.labels(self.tp[0]).inc()
        log.error("stream quarantined", topic=self.tp[0], partition=self.tp[1], offset=offset, key=key, why=why)
        self.quarantined.add(key)
        self.decider.quarantine(self.state, key)
