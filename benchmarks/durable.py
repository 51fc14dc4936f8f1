"""Accept and end to end once more with matched durability: every answer survives a power cut on both sides.

Lathe: LATHE_DURABILITY=fsync (the broker syncs each append before it acknowledges). Peers: PostgreSQL commits with
fsync, and Redis syncs its append-only file at every write (`appendfsync always`).
"""

from contextlib import ExitStack

from benchmarks.accept import accepted
from benchmarks.end_to_end import USERS, burst
from benchmarks.pace import pick
from benchmarks.result import Result
from benchmarks.stacks.lathe import lathe
from benchmarks.stacks.peers import peer

SUFFIX = ", safe from power cuts"


def measure() -> list[Result]:
    with ExitStack() as running:
        ours = running.enter_context(lathe(pick(USERS, USERS, 2), durability="fsync"))
        celery = running.enter_context(peer("celery", USERS, appendfsync="always"))
        results = burst(ours, [celery], SUFFIX)
    with ExitStack() as running:
        ours = running.enter_context(lathe(pick(USERS, USERS, 2), durability="fsync", worker=False))
        celery = running.enter_context(peer("celery", USERS, appendfsync="always", worker=False))
        return [*accepted(ours, [celery], SUFFIX), *results]
