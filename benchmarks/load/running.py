"""Running a load in a process of its own."""

import subprocess
import sys

import msgspec

from benchmarks.load.target import Order, Seen

MOST_CPU = 0.9
"""Share of a core above which the load generator itself may have been the limit."""


def send(order: Order) -> Seen:
    """Carry out the order. Raises RuntimeError with what the load generator said."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"], input=msgspec.json.encode(order), capture_output=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{order.scenario} on {order.target.name}: {done.stderr.decode()[-2000:]}")
    seen = msgspec.json.decode(done.stdout, type=Seen)
    if seen.own_cpu > MOST_CPU:
        print(f"{order.scenario} on {order.target.name}: the load generator took {seen.own_cpu:.0%} of a core")
    return seen
