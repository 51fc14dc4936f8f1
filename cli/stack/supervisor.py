"""Starts the parts stage by stage, restarts what ends, rotates logs, and stops everything in reverse order."""

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Final

from cli.stack.home import Home
from cli.stack.ledger import CLEAN_STOP_SECONDS, Ledger
from cli.stack.logs import log_file, rotate
from cli.stack.part import Part
from cli.stack.process import kill_session
from cli.stack.slot import Slot

TICK_SECONDS: Final = 0.05
ROTATION_SECONDS: Final = 5.0


class Supervisor:
    """One stack. `run` does not return before it is told to stop; nothing it started lives on after it."""

    def __init__(
        self,
        stages: Sequence[Sequence[Part]],
        home: Home,
        *,
        changed: Callable[[Slot], None] = lambda slot: None,
        ticked: Callable[[], None] = lambda: None,
        came_up: Callable[[], None] = lambda: None,
    ) -> None:
        """`changed` hears of each part's new state, `ticked` is called 20 times a second, `came_up` once: as soon as
        all vital parts are ready."""
        self._ledger = Ledger(home.run / "processes.json")
        self._logs = home.logs
        self.stages = [[Slot(part, log_file(home.logs, part.name), self._ledger) for part in s] for s in stages]
        self._changed = changed
        self._ticked = ticked
        self._came_up = came_up
        self._is_up = False
        self._stop_asked = False

    @property
    def slots(self) -> list[Slot]:
        return [slot for stage in self.stages for slot in stage]

    def ask_to_stop(self) -> None:
        """May be called by a signal handler."""
        self._stop_asked = True

    def kill(self) -> None:
        """End all parts at once, without letting them finish. May be called by a signal handler."""
        for slot in self.slots:
            if slot.pid is not None:
                kill_session(slot.pid)

    def end_leftovers(self, patience: float = CLEAN_STOP_SECONDS) -> list[str]:
        """End what a killed supervisor of the same state folder left running; the parts' names.

        Parts get `patience` seconds to stop cleanly.
        """
        return self._ledger.end_leftovers(patience)

    def run(self) -> list[str]:
        """Start, watch, and stop when asked; the names of parts that did not stop and were killed.

        Raises StackError when a vital part does not come up; then everything is stopped too.
        """
        next_rotation = 0.0
        try:
            while not self._stop_asked:
                self._tick()
                if time.monotonic() >= next_rotation:
                    self._ledger.catch_up()
                    for log in self._logs.glob("*.log"):
                        with contextlib.suppress(OSError):  # a full disk; it is tried again
                            rotate(log)
                    next_rotation = time.monotonic() + ROTATION_SECONDS
                time.sleep(TICK_SECONDS)
        except BaseException:
            self.stop()
            raise
        return self.stop()

    def _tick(self) -> None:
        for stage in self.stages:
            for slot in stage:
                if self._stop_asked:
                    return
                before = slot.state
                slot.tick()
                if slot.state is not before:
                    self._changed(slot)
            if not all(slot.settled or slot.was_ready for slot in stage if slot.part.awaited):
                break
        if not self._is_up and all(slot.was_ready for slot in self.slots if slot.part.vital):
            self._is_up = True
            self._came_up()
        self._ticked()

    def stop(self) -> list[str]:
        """Stop all parts, the last stage first; the names of those that had to be killed."""
        killed = []
        for stage in reversed(self.stages):
            for slot in stage:
                slot.ask_to_stop()
            for slot in stage:
                ran = slot.pid is not None
                if not slot.finish():
                    killed.append(slot.part.name)
                if ran:
                    self._changed(slot)
                    self._ticked()
        return killed
