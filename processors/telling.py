"""A command for operators in a process of its own: JSON lines on stdout tell how it goes, logs go to stderr.

It ends with its own exit code, or with a last line {"state": "refused", "why": …} and one of these: 1 refused, 75
something did not answer (run it again), 78 a setting is wrong, 130 interrupted (also by SIGTERM).
"""

import asyncio
import contextlib
import json
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog
import uvloop

from adapters.collector import BATCHES, collect_rarely
from adapters.errors import DependencyDown
from adapters.kafka.port import AppendFailed, LogTruncated, LogUnavailable
from adapters.postgres import away
from adapters.settings import Settings, SettingsError, load_settings

Tell = Callable[[dict[str, Any]], None]
AWAY: Final = (*away.AWAY, LogUnavailable, LogTruncated, AppendFailed, DependencyDown)


def tell(line: dict[str, Any]) -> None:
    """One line, at once. Raises OSError when nobody listens any more."""
    print(json.dumps(line), flush=True)


def logs_to_stderr(level: int = logging.ERROR) -> None:
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )


def carry_out(
    work: Callable[[Settings], Coroutine[Any, Any, int]],
    *refused: type[Exception],
    level: int = logging.ERROR,
    interrupted: str = "it was interrupted",
) -> int:
    """Do the work: its exit code, or that of why it ended without. Raises what is in neither `refused` nor AWAY."""
    logs_to_stderr(level)
    collect_rarely(BATCHES)
    try:
        return uvloop.run(_until_sigterm(work))
    except (BaseExceptionGroup, SettingsError, *refused, *AWAY, KeyboardInterrupt, asyncio.CancelledError) as error:
        code, why = _ended(error, refused, interrupted)
        with contextlib.suppress(OSError):  # perhaps nobody listens any more, and that was why
            tell({"state": "refused", "why": why})
        return code


async def _until_sigterm(work: Callable[[Settings], Coroutine[Any, Any, int]]) -> int:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work(load_settings())


def first_of(error: BaseException) -> BaseException:
    """The failure that the groups around it are about."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _ended(error: BaseException, refused: tuple[type[Exception], ...], interrupted: str) -> tuple[int, str]:
    """Exit code, and why. Raises what nobody expected."""
    error = first_of(error)
    if isinstance(error, KeyboardInterrupt | asyncio.CancelledError):
        return 130, interrupted
    if isinstance(error, SettingsError):
        code = 78
    elif isinstance(error, refused):
        code = 1
    elif isinstance(error, AWAY):
        code = 75
    else:
        raise error
    return code, getattr(error, "detail", None) or str(error) or repr(error)
