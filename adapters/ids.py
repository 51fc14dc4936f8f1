"""New identifiers from the clock and the system's randomness."""

import os
import time

from domain.ids import uuid7


def new_id(partition: int | None = None) -> str:
    """A new UUIDv7; with `partition`, a task, file or batch id that holds it."""
    return uuid7(time.time_ns() // 1_000_000, os.urandom(10), partition)
