"""POST /generate accepted and durable, 50 connections, a JWT on both sides; and 200 clients at once.

No worker runs on either side. Each side is as it is shipped: Lathe acknowledges from the broker's page cache (a killed
process loses nothing), PostgreSQL commits with fsync, Redis appends to its file and syncs it every second.
"""

from contextlib import ExitStack
from statistics import median

from benchmarks.load.target import Order, Seen, Target
from benchmarks.pace import pick
from benchmarks.result import Result, compared
from benchmarks.rounds import interleaved
from benchmarks.stacks.lathe import lathe
from benchmarks.stacks.peers import peer

USERS = 50
CLIENTS = 200
SLOWEST_MS = 500.0


def measure() -> list[Result]:
    with ExitStack() as running:
        ours = running.enter_context(lathe(pick(USERS, USERS, 2), worker=False))
        peers = [running.enter_context(peer(queue, USERS, worker=False)) for queue in ("celery", "taskiq")]
        return [*accepted(ours, peers), *many_clients(ours)]


def accepted(ours: Target, peers: list[Target], suffix: str = "") -> list[Result]:
    """Requests a second, and the slowest of a hundred."""
    order = Order(scenario="accept", target=ours, connections=pick(50, 50, 4), seconds=pick(6, 4, 1))
    warm_up = Order(scenario="accept", target=ours, connections=order.connections, seconds=pick(20, 10, 1))
    seen = interleaved([ours, *peers], order, warm_up=warm_up)
    results = []
    for other in peers:
        goals = (2.5, 0.6) if "Celery" in other.name else (None, None)
        mine, theirs = seen[ours.name], seen[other.name]
        rates = [_rate(s) for s in mine], [_rate(s) for s in theirs]
        slowest = [s.p99 * 1000 for s in mine], [s.p99 * 1000 for s in theirs]
        results += [
            compared(f"accepted{suffix}", "/s", rates[0], rates[1], other.name, goal=goals[0]),
            compared(
                f"accepted{suffix}, p99", "ms", slowest[0], slowest[1], other.name, goal=goals[1], less_is_better=True
            ),
        ]
    return results


def many_clients(ours: Target) -> list[Result]:
    """Each makes tasks, looks at them and at its history, as fast as it is answered."""
    connections = pick(CLIENTS, CLIENTS, 8)
    order = Order(scenario="clients", target=ours, connections=connections, seconds=pick(10, 5, 1))
    seen = interleaved([ours], order, warm_up=order)[ours.name]
    return [
        Result(f"{connections} clients: errors", sum(round_.errors for round_ in seen), ""),
        compared(
            f"{connections} clients: p99",
            "ms",
            [round_.p99 * 1000 for round_ in seen],
            [SLOWEST_MS],
            "the limit",
            goal=1,
            less_is_better=True,
        ),
        Result(f"{connections} clients: requests", median(_rate(round_) for round_ in seen), "/s"),
    ]


def _rate(seen: Seen) -> float:
    return seen.requests / seen.seconds
