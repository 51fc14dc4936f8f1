"""A command for operators that is interrupted: while it still imports, or at work."""

import asyncio
import signal
import sys

from adapters.settings import Settings
from processors.telling import carry_out, tell

BEGUN = {"state": "begun", "live": "read_v1", "target": "read_v2", "resumes": False}


async def work(settings: Settings) -> int:
    tell(BEGUN)
    await asyncio.Event().wait()
    return 0


if sys.argv[1] == "importing":
    tell(BEGUN)
    signal.pause()
sys.exit(carry_out(work, interrupted="it was interrupted; run it again, and it goes on"))
