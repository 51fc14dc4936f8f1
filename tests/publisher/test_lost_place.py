"""A publisher whose place is not in the log publishes nothing, and goes on when the log holds it again."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from adapters.kafka import lost_place
from adapters.kafka.metrics import PLACE_LOST
from adapters.kafka.port import NewRecord
from adapters.kafka.position import TP, Position
from processors.publisher.publisher import NAME, Publisher
from tests.projections.handmade import HandmadeLog, requested


class Published:
    """What was copied, and where it goes on."""

    def __init__(self) -> None:
        self.positions: dict[TP, Position] = {}
        self.copies: list[TP] = []
        self.came = asyncio.Event()

    async def open(self) -> dict[TP, Position]:
        return dict(self.positions)

    async def publish(self, records: Sequence[tuple[TP, NewRecord]], positions: Mapping[TP, Position]) -> None:
        self.copies += [tp for tp, _ in records]
        self.positions.update(positions)
        self.came.set()

    async def close(self) -> None:
        return


@pytest.mark.parametrize("place", [Position(1_000), Position(2, 1, "of a claim that was lost", 1)])
async def test_a_place_that_the_log_does_not_hold_is_waited_for(
    place: Position, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends before, or it went on under another claim."""
    monkeypatch.setattr(lost_place, "LOOK_S", 0.02)
    by_hand, published = HandmadeLog(), Published()
    account = by_hand.account_in(5)
    await by_hand.append(account, requested(by_hand.new_id(5)))
    tp: TP = ("lathe.accounts", 5)
    published.positions[tp] = place
    lost = PLACE_LOST.labels(NAME)._value
    running = asyncio.create_task(Publisher(by_hand.log, published).run())
    try:
        async with asyncio.timeout(60):
            while lost.get() != 1:
                await asyncio.sleep(0.01)
            assert published.copies == []
            published.positions.clear()
            await published.came.wait()
        assert published.copies == [tp]
        assert lost.get() == 0
    finally:
        running.cancel()
        await asyncio.wait([running])
