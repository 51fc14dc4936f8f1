"""Whether a CancelledError means this task, or only something that it waited for.

A library may cancel a future that others wait on (aiokafka does while it closes). Such an error is a failure like any
other; taken for a cancellation of the waiting task it would end that task in silence.
"""

import asyncio


def was_cancelled(error: BaseException) -> bool:
    """True: this very task was told to end, and `error` must be raised on."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and (task is None or task.cancelling() > 0)
