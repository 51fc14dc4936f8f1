"""Foreign code in a process of its own, watched: it is ended when it does not end, and told of when it ends itself."""

import faulthandler
import math
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Final

from ml_worker import group

Begin = Callable[[str, float], None]
"""Called with a step's name, and the seconds after which nobody waits for its end any more."""
_LOOK_S: Final = 0.2
_LAST_S: Final = 2.0
"""How long the process may take to tidy up, or to print its stack."""


def watched(work: Callable[[Begin], bool]) -> bool | str:
    """What `work` returns; else a sentence that says why it did not. To be called before there are threads."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(work, theirs, os.getpid()))
    process.start()
    assert process.pid is not None
    theirs.close()
    step, limit_s, end = "", 0.0, math.inf
    try:
        while process.is_alive() or ours.poll():
            if ours.poll(_LOOK_S):
                heard = ours.recv()
                if isinstance(heard, bool):
                    process.join(_LAST_S)
                    return heard
                step, limit_s = heard
                end = time.monotonic() + limit_s
            elif time.monotonic() > end:
                os.kill(process.pid, signal.SIGUSR1)
                time.sleep(_LAST_S)
                return f"{step}: it did not end within {limit_s:g} s; the stack above says where it stands."
    except EOFError:
        process.join()
    finally:
        _end(process, process.pid)
    return f"{step}: the engine ended its process ({_how(process.exitcode)})."


def _work(work: Callable[[Begin], bool], pipe: Connection, parent: int) -> None:
    group.die_with(parent)
    group.lead()
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    with suppress(KeyboardInterrupt):
        pipe.send(work(lambda step, limit_s: pipe.send((step, limit_s))))


def _end(process: BaseProcess, pid: int) -> None:
    if process.is_alive():
        os.kill(pid, signal.SIGINT)
        process.join(_LAST_S)
        process.kill()
    group.kill(pid)
    process.join()


def _how(exitcode: int | None) -> str:
    return f"exit {exitcode}" if exitcode is None or exitcode >= 0 else signal.Signals(-exitcode).name
