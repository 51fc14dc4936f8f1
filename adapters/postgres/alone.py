"""One migration at a time in an event loop: Alembic's `op` is a name of the module, shared by all environments.

Processes, and loops of other threads, are kept apart by the advisory lock of each schema.
"""

import asyncio
from weakref import WeakKeyDictionary

_locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


def migrating() -> asyncio.Lock:
    """The running loop's lock."""
    return _locks.setdefault(asyncio.get_running_loop(), asyncio.Lock())
