"""Lag in seconds: since when something waits, by the samples and not by the records' own times."""

import asyncio

from prometheus_client import REGISTRY

from adapters.kafka.lag import Lag, watch_lag

A, B = ("lathe.accounts", 0), ("lathe.accounts", 1)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def told(projection: str) -> tuple[float | None, float | None]:
    labels = {"projection": projection, "topic": "lathe.accounts"}
    return (
        REGISTRY.get_sample_value("lathe_projection_lag_events", labels),
        REGISTRY.get_sample_value("lathe_projection_lag_seconds", labels),
    )


def test_the_oldest_place_that_was_not_reached_tells_the_seconds() -> None:
    clock = Clock()
    lag = Lag("a-test", clock)
    lag.sample({A: 10, B: 5}, {A: 10, B: 5})
    assert told("a-test") == (0, 0)
    lag.sample({A: 20, B: 5}, {A: 10, B: 5})
    clock.now = 105
    lag.sample({A: 30, B: 5}, {A: 10, B: 5})
    assert told("a-test") == (20, 5)
    clock.now = 112
    lag.sample({A: 40, B: 7}, {A: 25, B: 5})  # the first 20 were reached; 30 was seen at 105
    assert told("a-test") == (17, 7)
    lag.sample({A: 40, B: 7}, {A: 40, B: 7})
    assert told("a-test") == (0, 0)


def test_a_reader_that_stands_still_while_the_log_is_away_is_later_and_later() -> None:
    clock = Clock()
    lag = Lag("another-test", clock)
    lag.sample({A: 10}, {A: 0})
    clock.now = 400
    lag.sample({A: 10}, {A: 0})
    assert told("another-test") == (10, 300)


async def test_who_reads_no_more_tells_no_lag() -> None:
    async def ends() -> dict[tuple[str, int], int]:
        return {A: 10}

    watching = asyncio.create_task(watch_lag("a-third-test", ends, lambda: {A: 4}, ()))
    while told("a-third-test")[0] is None:
        await asyncio.sleep(0)
    assert told("a-third-test") == (6, 0)
    watching.cancel()
    await asyncio.wait([watching])
    assert told("a-third-test") == (None, None)
