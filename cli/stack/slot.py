"""The life of one part under supervision: waiting, starting, running, down for a while, started again."""

import time
from enum import StrEnum
from pathlib import Path
from typing import Final

from cli.stack.errors import StackError
from cli.stack.ledger import Ledger
from cli.stack.part import Part
from cli.stack.process import RunningPart, describe_end, start

FIRST_BACKOFF_SECONDS: Final = 0.5
LONGEST_BACKOFF_SECONDS: Final = 30.0
STEADY_SECONDS: Final = 60.0
"""After running this long a part's restarts are forgotten."""
STARTS_BEFORE_GIVING_UP: Final = 3
"""How often a vital part is started before the first start of the stack is called failed."""


class State(StrEnum):
    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    DONE = "done"
    DOWN = "down"
    STOPPED = "stopped"


class Slot:
    """Drives one part by `tick`, which never waits longer than the part's own preparation."""

    def __init__(self, part: Part, log: Path, ledger: Ledger) -> None:
        self.part = part
        self.log = log
        self.state = State.WAITING
        self.problem: str | None = None
        """Why it is down."""
        self.restarts = 0
        self.was_ready = False
        self._failures = 0
        self._ledger = ledger
        self._running: RunningPart | None = None
        self._ready_at = 0.0
        self._next_start = 0.0

    @property
    def pid(self) -> int | None:
        return self._running.pid if self._running else None

    @property
    def settled(self) -> bool:
        """Later stages may start."""
        return self.state in (State.READY, State.DONE)

    def tick(self) -> None:
        """Go on by one step. Raises StackError when a vital part fails before it was ever ready."""
        if self.state in (State.WAITING, State.DOWN) and time.monotonic() >= self._next_start:
            self._start()
        elif self.state is State.STARTING:
            self._check_start()
        elif self.state is State.READY:
            self._check_life()

    def _start(self) -> None:
        try:
            self._running = start(self.part, self.log)
        except StackError as error:
            self._failed(str(error))
            return
        except OSError as error:
            self._failed(f"{self.part.name} cannot be started: {error}")
            return
        self._ledger.record(self.part.name, self._running.pid)
        self.state = State.STARTING

    def _check_start(self) -> None:
        assert self._running is not None
        try:
            if not self._running.check_ready():
                return
            self.part.once_ready()
        except StackError as error:
            self._end()
            self._failed(str(error))
            return
        self.problem = None
        self.was_ready = True
        self._ready_at = time.monotonic()
        if self.part.is_task:
            self._end()
            self.state = State.DONE
        else:
            self.state = State.READY

    def _check_life(self) -> None:
        assert self._running is not None
        code = self._running.exit_code()
        if code is not None:
            words = self._running.last_words() if code > 0 else ""
            self._end()
            self._failed(f"{self.part.name} {describe_end(code)}{words}")
        elif self._failures and time.monotonic() - self._ready_at > STEADY_SECONDS:
            self._failures = 0

    def _failed(self, problem: str) -> None:
        self._failures += 1
        if self.part.vital and not self.was_ready and self._failures >= STARTS_BEFORE_GIVING_UP:
            raise StackError(problem)
        self.problem = problem
        self.restarts += 1
        self.state = State.DOWN
        pause = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** (self._failures - 1))
        self._next_start = time.monotonic() + pause

    def _end(self) -> None:
        """Leave nothing of the process behind."""
        if self._running is not None:
            self._running.stop()
            self._ledger.forget(self._running.pid)
            self._running = None

    def ask_to_stop(self) -> None:
        if self._running is not None:
            self._running.ask_to_stop()

    def finish(self) -> bool:
        """After `ask_to_stop`: False when it had to be killed."""
        clean = True
        if self._running is not None:
            clean = self._running.finish()
            self._ledger.forget(self._running.pid)
            self._running = None
        self.state = State.STOPPED
        return clean
