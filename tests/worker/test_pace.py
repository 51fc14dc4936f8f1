"""Reports leave at once, or together with those that came meanwhile."""

import asyncio
import contextlib

from ml_worker.pace import Pace


async def test_the_first_is_not_waited_for_and_those_after_it_leave_together() -> None:
    pace = Pace(each_s=1.0, most_s=1.0)
    left: list[int] = []

    async def report(number: int) -> None:
        await pace.turn()
        left.append(number)

    await report(0)
    reports = [asyncio.create_task(report(number)) for number in range(1, 10)]
    await asyncio.sleep(0)
    assert left == [0]
    reports[4].cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reports[4]
    await asyncio.wait(reports, return_when=asyncio.ALL_COMPLETED)
    assert left == [0, 1, 2, 3, 4, 6, 7, 8, 9]


async def test_the_more_leave_together_the_longer_the_next_ones_gather() -> None:
    pace = Pace(each_s=0.1, most_s=0.3)
    clock = asyncio.get_running_loop().time
    began = clock()
    await pace.turn()
    await asyncio.gather(*(pace.turn() for _ in range(100)))
    await asyncio.gather(*(pace.turn() for _ in range(2)))
    assert clock() - began > 0.35
