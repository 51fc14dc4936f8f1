"""How far a reader is behind the log, in records and in seconds, for Prometheus."""

import asyncio
import time
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

from adapters.kafka.metrics import LAG_EVENTS, LAG_SECONDS
from adapters.kafka.position import TP

SAMPLE_S: Final = 5.0
log = structlog.get_logger(__name__)


class Lag:
    """Remembers when it saw the log's ends, so a place that was not reached yet tells how long it has waited.

    Exact to one sample, whatever time stands in the records.
    """

    def __init__(self, projection: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._projection, self._clock = projection, clock
        self._seen: defaultdict[TP, deque[tuple[float, int]]] = defaultdict(deque)
        self._topics: set[str] = set()

    def sample(self, ends: Mapping[TP, int], positions: Mapping[TP, int]) -> None:
        """`positions`: the next offset that the reader takes in. Partitions that it does not read are left out."""
        events: Counter[str] = Counter()
        waited: defaultdict[str, float] = defaultdict(float)
        now = self._clock()
        for tp, end in ends.items():
            if tp not in positions:
                continue
            behind, seconds = self._partition(tp, end, positions[tp], now)
            events[tp[0]] += behind
            waited[tp[0]] = max(waited[tp[0]], seconds)
        for topic in self._topics | set(events):
            LAG_EVENTS.labels(self._projection, topic).set(events[topic])
            LAG_SECONDS.labels(self._projection, topic).set(waited[topic])
        self._topics |= set(events)

    def forget(self) -> None:
        """Tell nothing any more: what nobody measures would stay what it was last."""
        for topic in self._topics:
            LAG_EVENTS.remove(self._projection, topic)
            LAG_SECONDS.remove(self._projection, topic)

    def _partition(self, tp: TP, end: int, position: int, now: float) -> tuple[int, float]:
        seen = self._seen[tp]
        if not seen or seen[-1][1] < end:
            seen.append((now, end))
        while seen and seen[0][1] <= position:
            seen.popleft()
        return max(0, end - position), now - seen[0][0] if seen else 0.0


async def watch_lag(
    projection: str,
    ends: Callable[[], Awaitable[Mapping[TP, int]]],
    positions: Callable[[], Mapping[TP, int]],
    away: tuple[type[Exception], ...],
) -> None:
    """Sample until cancelled. While the log does not answer (`away` is raised) the lag grows on what was seen last."""
    lag = Lag(projection)
    last: Mapping[TP, int] = {}
    try:
        while True:
            try:
                last = await ends()
            except away as error:
                log.debug("the log's ends are not known now", why=repr(error))
            lag.sample(last, positions())
            await asyncio.sleep(SAMPLE_S)
    finally:
        lag.forget()
