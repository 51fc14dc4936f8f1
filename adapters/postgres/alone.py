"""One migration at a time in a process: Alembic's `op` is a name of the module, shared by all environments."""

import asyncio
from typing import Final

MIGRATING: Final = asyncio.Lock()
