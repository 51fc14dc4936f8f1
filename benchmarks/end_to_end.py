"""A burst of no-op tasks until every status is visible, and POST to visible result at 20 tasks a second.

Both sides show `queued`, `running` and `completed`, and have two worker processes.
"""

from contextlib import ExitStack

from benchmarks.load.target import Order, Target
from benchmarks.pace import pick
from benchmarks.result import Result, compared
from benchmarks.rounds import interleaved
from benchmarks.stacks.lathe import lathe
from benchmarks.stacks.peers import peer

USERS = 50


def measure() -> list[Result]:
    with ExitStack() as running:
        ours = running.enter_context(lathe(pick(USERS, USERS, 2)))
        peers = [running.enter_context(peer(queue, USERS)) for queue in ("celery", "taskiq")]
        return [*burst(ours, peers), *visible(ours, peers)]


def burst(ours: Target, peers: list[Target], suffix: str = "") -> list[Result]:
    """Tasks a second from the first POST to the last visible result."""
    tasks = pick(3000, 1000, 20)
    order = Order(scenario="burst", target=ours, connections=pick(50, 50, 4), tasks=tasks)
    warm_up = Order(scenario="burst", target=ours, connections=order.connections, tasks=pick(9000, 3000, 4))
    seen = interleaved([ours, *peers], order, warm_up=warm_up)
    rates = {name: [tasks / s.seconds for s in rounds] for name, rounds in seen.items()}
    return [
        compared(
            f"{tasks} tasks, end to end{suffix}",
            "/s",
            rates[ours.name],
            rates[other.name],
            other.name,
            goal=2.0 if "Celery" in other.name else 1.0,
        )
        for other in peers
    ]


def visible(ours: Target, peers: list[Target]) -> list[Result]:
    """From the POST to the first answer that shows the task completed; asked for every 10 ms."""
    tasks = pick(120, 60, 4)
    order = Order(scenario="visible", target=ours, connections=20, tasks=tasks, rate=20.0)
    seen = interleaved([ours, *peers], order, warm_up=Order(scenario="visible", target=ours, tasks=20, rate=20.0))
    medians = {name: [s.p50 * 1000 for s in rounds] for name, rounds in seen.items()}
    return [
        compared(
            "visible result at 20/s, p50",
            "ms",
            medians[ours.name],
            medians[other.name],
            other.name,
            goal=2.0,
            less_is_better=True,
        )
        for other in peers
    ]
