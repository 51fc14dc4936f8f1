"""The loads: closed loops of requests, a burst until it is visible, paced single tasks, mixed clients."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Final

import msgspec

from benchmarks.load.http import Connection, connect
from benchmarks.load.target import Order, Seen

_LOOK_S: Final = 0.01
"""How often a task's status is asked for: the resolution of what is seen."""
_PATIENCE_S: Final = 180.0
Scenario = Callable[[Order], Coroutine[None, None, Seen]]


class Answered(msgspec.Struct):
    task_id: str = ""
    status: str = ""
    total: int = 0


class Tally:
    """Times of good answers, and what was wrong with the others."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.errors = 0
        self.problems: list[str] = []
        self._began, self._cpu = time.perf_counter(), time.process_time()

    async def send(self, connection: Connection, request: bytes, expected: int) -> Answered | None:
        """One timed request. None for another status, or a lost connection."""
        began = time.perf_counter()
        try:
            status, body = await connection.send(request)
        except (OSError, TimeoutError) as error:
            self._note(repr(error))
            await asyncio.sleep(0.05)
            return None
        if status != expected:
            self._note(f"{status} {body[:200].decode(errors='replace')}")
            return None
        self.times.append(time.perf_counter() - began)
        return msgspec.json.decode(body, type=Answered)

    def _note(self, problem: str) -> None:
        self.errors += 1
        if len(self.problems) < 3:
            self.problems.append(problem)

    def seen(self, times: Sequence[float] | None = None, seconds: float | None = None) -> Seen:
        wall = time.perf_counter() - self._began
        ordered = sorted(self.times if times is None else times) or [0.0]
        return Seen(
            requests=len(self.times),
            errors=self.errors,
            seconds=wall if seconds is None else seconds,
            p50=ordered[len(ordered) // 2],
            p99=ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))],
            longest=ordered[-1],
            own_cpu=(time.process_time() - self._cpu) / wall,
            problems=tuple(self.problems),
        )


async def accept(order: Order) -> Seen:
    """POST /generate over and over, on each of `connections`, for `seconds`."""
    target = order.target
    connections = await _connections(target.write, order.connections)
    tally = Tally()
    end = time.perf_counter() + order.seconds

    async def client(number: int, connection: Connection) -> None:
        request = target.post(number)
        while time.perf_counter() < end:
            await tally.send(connection, request, 202)

    await asyncio.gather(*(client(i, c) for i, c in enumerate(connections)))
    seen = tally.seen()
    _close(connections)
    return seen


async def burst(order: Order) -> Seen:
    """`tasks` at once; `seconds` is the time until the history of every user shows all of its tasks as completed."""
    target = order.target
    connections = await _connections(target.write, order.connections)
    readers = await _connections(target.read, 1)
    users = len(target.tokens)
    before = [await _completed(readers[0], order, user) for user in range(users)]
    tally = Tally()
    began = time.perf_counter()
    left = iter(range(order.tasks))
    wanted = list(before)

    async def client(number: int, connection: Connection) -> None:
        request = target.post(number)
        for _ in left:
            if await tally.send(connection, request, 202) is not None:
                wanted[number % users] += 1

    await asyncio.gather(*(client(i, c) for i, c in enumerate(connections)))
    _close(readers)  # a server may have closed an idle one meanwhile
    readers = await _connections(target.read, 4)
    pending = set(range(users))

    async def look(connection: Connection) -> None:
        while pending:
            if time.perf_counter() - began > _PATIENCE_S:
                raise TimeoutError(f"{target.name}: tasks of {len(pending)} users are not completed yet")
            user = pending.pop()
            if await _completed(connection, order, user) < wanted[user]:
                pending.add(user)
                await asyncio.sleep(5 * _LOOK_S)

    await asyncio.gather(*(look(c) for c in readers))
    seen = tally.seen(seconds=time.perf_counter() - began)
    _close([*connections, *readers])
    return seen


async def visible(order: Order) -> Seen:
    """`tasks` tasks, `rate` a second; the times are from each POST to the first answer that shows it completed."""
    target = order.target
    tally = Tally()
    times: list[float] = []
    idle: asyncio.Queue[tuple[Connection, Connection]] = asyncio.Queue()
    pairs = list(
        zip(
            await _connections(target.write, order.connections),
            await _connections(target.read, order.connections),
            strict=True,
        )
    )
    for pair in pairs:
        idle.put_nowait(pair)

    async def one(number: int) -> None:
        writer, reader = pair = await idle.get()
        began = time.perf_counter()
        made = await tally.send(writer, target.post(number), 202)
        while made is not None and time.perf_counter() - began < _PATIENCE_S:
            _, body = await reader.send(target.get(number, f"/generate/{made.task_id}"))
            if msgspec.json.decode(body, type=Answered).status == "completed":
                times.append(time.perf_counter() - began)
                break
            await asyncio.sleep(_LOOK_S)
        idle.put_nowait(pair)

    start = time.perf_counter()
    running = []
    for number in range(order.tasks):
        await asyncio.sleep(max(0.0, start + number / order.rate - time.perf_counter()))
        running.append(asyncio.create_task(one(number)))
    await asyncio.gather(*running)
    seen = tally.seen(times)
    for pair in pairs:
        _close(pair)
    return seen


async def clients(order: Order) -> Seen:
    """Each of `connections` clients: make a task, look at it, look at the history, again and again for `seconds`."""
    target = order.target
    writers = await _connections(target.write, order.connections)
    readers = await _connections(target.read, order.connections)
    tally = Tally()
    end = time.perf_counter() + order.seconds

    async def client(number: int) -> None:
        while time.perf_counter() < end:
            made = await tally.send(writers[number], target.post(number), 202)
            if made is not None:
                await tally.send(readers[number], target.get(number, f"/generate/{made.task_id}"), 200)
                await tally.send(readers[number], target.get(number, "/generate?limit=20"), 200)

    await asyncio.gather(*(client(i) for i in range(order.connections)))
    seen = tally.seen()
    _close([*writers, *readers])
    return seen


SCENARIOS: Final[dict[str, Scenario]] = {"accept": accept, "burst": burst, "visible": visible, "clients": clients}


async def _connections(addresses: Sequence[str], count: int) -> list[Connection]:
    return [await connect(addresses[i % len(addresses)]) for i in range(count)]


def _close(connections: Sequence[Connection]) -> None:
    for connection in connections:
        connection.close()


async def _completed(reader: Connection, order: Order, user: int) -> int:
    status, body = await reader.send(order.target.get(user, "/generate?status=completed&limit=1"))
    if status != 200:
        raise RuntimeError(f"{order.target.name}: {status} {body[:300].decode(errors='replace')}")
    return msgspec.json.decode(body, type=Answered).total
