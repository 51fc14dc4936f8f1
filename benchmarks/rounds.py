"""Interleaved rounds: each side in turn, again and again, so that whatever else the machine does meets all of them."""

from collections.abc import Sequence

import msgspec

from benchmarks.load.running import send
from benchmarks.load.target import Order, Seen, Target
from benchmarks.pace import rounds


def interleaved(sides: Sequence[Target], order: Order, *, warm_up: Order | None = None) -> dict[str, list[Seen]]:
    """What was seen, by side. `order.target` is replaced by each side's. Raises RuntimeError if a request failed."""
    found: dict[str, list[Seen]] = {side.name: [] for side in sides}
    for side in sides:
        if warm_up is not None:
            send(msgspec.structs.replace(warm_up, target=side))
    for number in range(rounds()):
        for side in sides:
            seen = send(msgspec.structs.replace(order, target=side))
            print(f"  {order.scenario} {number + 1}, {side.name}: {_told(order, seen)}", flush=True)
            if seen.errors:
                raise RuntimeError(f"{order.scenario} on {side.name}: {seen.errors} errors, such as {seen.problems}")
            found[side.name].append(seen)
    return found


def _told(order: Order, seen: Seen) -> str:
    if order.scenario == "burst":
        return f"{order.tasks} visible after {seen.seconds:.2f} s"
    p50, p99 = seen.p50 * 1000, seen.p99 * 1000
    return (
        f"{seen.requests / seen.seconds:,.0f}/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms, load generator {seen.own_cpu:.0%}"
    )
