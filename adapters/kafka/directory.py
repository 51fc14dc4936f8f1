"""Who owns which partition, learnt from `lathe.owners`. A hint for forwarding, never a proof of anything."""

import asyncio
from collections.abc import Callable
from typing import Final

from adapters.kafka import topics
from adapters.kafka.claims import Claim
from adapters.kafka.follower import Entry
from adapters.kafka.port import Log
from adapters.kafka.position import TP, Position
from adapters.kafka.record import Undecodable
from adapters.kafka.tail import Tail
from adapters.kafka.writer import EventWriter
from domain.ownership import OwnerAnnounced

REANNOUNCE_S: Final = 3600.0
_OWNERS: Final = (topics.OWNERS.name, 0)


class Directory:
    """Follows announcements for as long as it runs. `on_claim(tp, claim)` is called for each newer one."""

    def __init__(self, log: Log, on_claim: Callable[[TP, Claim], None] | None = None) -> None:
        self._log = log
        self._known: dict[TP, Claim] = {}
        self._on_claim = on_claim
        self._news = asyncio.Condition()
        self._tail = Tail(log, self._start_at, self._take)

    async def start(self) -> None:
        """Read all there is, then go on following. Raises LogUnavailable."""
        await self._tail.start()

    async def stop(self) -> None:
        await self._tail.stop()

    def owner(self, tp: TP) -> Claim | None:
        """The newest owner heard of."""
        return self._known.get(tp)

    async def newer(self, tp: TP, than: Claim | None, timeout_s: float) -> Claim | None:
        """Wait for an owner of a higher epoch than `than`; None when none came in time."""
        least = than.epoch if than else 0

        def heard() -> bool:
            claim = self._known.get(tp)
            return claim is not None and claim.epoch > least

        try:
            async with asyncio.timeout(max(timeout_s, 0)), self._news:
                await self._news.wait_for(heard)
        except TimeoutError:
            return None
        return self._known[tp]

    async def _start_at(self) -> dict[TP, Position]:
        """Announcements are kept for a day: the log does not begin at 0 for ever."""
        return {_OWNERS: Position((await self._log.beginnings([_OWNERS]))[_OWNERS])}

    async def _take(self, entries: list[Entry]) -> None:
        for entry in entries:
            if entry.decoded is None or isinstance(entry.decoded, Undecodable):
                continue
            event = entry.decoded[1]
            if not isinstance(event, OwnerAnnounced):
                continue
            tp, claim = (
                (event.topic, event.partition),
                Claim(event.epoch, event.nonce, event.address, event.claim_offset),
            )
            known = self._known.get(tp)
            if known is None or claim.epoch > known.epoch:
                self._known[tp] = claim
                if self._on_claim is not None:
                    self._on_claim(tp, claim)
                async with self._news:
                    self._news.notify_all()


async def announce(writer: EventWriter, tp: TP, claim: Claim) -> None:
    """Tell others of a claim that was read as valid. Raises AppendFailed, LogUnavailable."""
    await writer.write(
        topics.OWNERS,
        0,
        f"{tp[0]}/{tp[1]}",
        OwnerAnnounced(
            topic=tp[0],
            partition=tp[1],
            epoch=claim.epoch,
            nonce=claim.nonce,
            address=claim.address,
            claim_offset=claim.offset,
        ),
        subject=f"{tp[0]}/{tp[1]}",
        actor="system",
        correlation_id=claim.nonce,
    )
