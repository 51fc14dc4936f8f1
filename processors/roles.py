"""What the process `processors` can do: one line per role.

A role runs until it is cancelled, and calls `ready` once it does its work, reads what it needs for that (which may take
long: its figures tell), or stands by for another process that does it.
All roles share one event loop; `LATHE_PROCESSORS=projections,scheduler` chooses some of them.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from processors.erasure.role import run_erasure
from processors.parts import Parts
from processors.projections.role import run_projections
from processors.publisher.role import run_publisher
from processors.reactors.role import run_reactors
from processors.scheduler.role import run_scheduler
from processors.webhooks.role import run_webhooks

Role = Callable[[Parts, Callable[[], None]], Awaitable[None]]

ROLES: Final[dict[str, Role]] = {
    "projections": run_projections,
    "scheduler": run_scheduler,
    "reactors": run_reactors,
    "erasure": run_erasure,
    "webhooks": run_webhooks,
    "publisher": run_publisher,
}
USUAL: Final = tuple(name for name in ROLES if name != "publisher")
"""Without those that only some installations want."""
