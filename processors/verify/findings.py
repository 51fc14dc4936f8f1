"""What was found broken: the first place of each invariant, and how often."""

from typing import Final

import msgspec

from adapters.kafka import topics
from processors.verify.invariants import INVARIANTS

_TOPICS: Final = {topic.name: i for i, topic in enumerate(topics.ALL)}
KEPT: Final = 100
"""Findings that are told one by one; the others are counted."""


class Place(msgspec.Struct, frozen=True):
    """`offset` None: nowhere in the log (a row that no event made)."""

    topic: str
    partition: int
    offset: int | None = None

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}" + ("" if self.offset is None else f"@{self.offset}")

    @property
    def rank(self) -> tuple[int, int, int]:
        """The order in which places are told: causes before effects."""
        return _TOPICS.get(self.topic, len(_TOPICS)), self.partition, 1 << 62 if self.offset is None else self.offset


class Broken(Exception):
    """A record breaks an invariant."""

    def __init__(self, invariant: str, detail: str) -> None:
        super().__init__(detail)
        self.invariant, self.detail = invariant, detail


class Finding(msgspec.Struct, frozen=True):
    invariant: str
    place: Place
    detail: str
    subject: str | None = None
    """The stream, row or object."""

    def document(self) -> dict[str, str | None]:
        known = INVARIANTS[self.invariant]
        return {
            "invariant": self.invariant,
            "place": str(self.place),
            "subject": self.subject,
            "detail": self.detail,
            "means": known.means,
            "do": known.do,
        }


class Findings:
    """Bounded: of each invariant the first places are kept."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self._kept: dict[str, list[Finding]] = {}

    def add(self, invariant: str, place: Place, detail: str, subject: str | None = None) -> None:
        self.counts[invariant] = self.counts.get(invariant, 0) + 1
        kept = self._kept.setdefault(invariant, [])
        kept.append(Finding(invariant, place, detail, subject))
        if len(kept) > 2 * KEPT:
            kept.sort(key=lambda finding: finding.place.rank)
            del kept[KEPT:]

    @property
    def first(self) -> Finding | None:
        """In the order of `Place.rank`; of what is broken in one place, the invariant that is told first."""
        found = self.told()
        return found[0] if found else None

    def told(self) -> list[Finding]:
        """In order, `KEPT` at most."""
        order = list(INVARIANTS)
        found = [finding for kept in self._kept.values() for finding in kept]
        found.sort(key=lambda finding: (_far(finding.invariant), *finding.place.rank, order.index(finding.invariant)))
        return found[:KEPT]


def _far(invariant: str) -> bool:
    """What follows from the log is told after what is wrong in it."""
    return invariant in ("objects", "read-models", "read-models-log")
