"""The decider of `lathe.assignments`. What to assign is planned (`plan.py`); here it is only kept from happening twice.

After an open outcome the scheduler may plan the same attempt again: if the first assignment did land, that one stands.
The state remembers the assignments of the last 15 minutes, and nothing of older ones.
"""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from domain.decider import Append, Context, Reply
from domain.envelope import Envelope
from domain.scheduling import commands as c
from domain.scheduling import events as e

REMEMBERED: Final = timedelta(minutes=15)


class Assignment(msgspec.Struct):
    """The latest assignment of a task."""

    attempt: int
    worker_id: str
    time: datetime
    revoked: bool = False


class Assignments(msgspec.Struct):
    """By task id, oldest first."""

    latest: dict[str, Assignment] = {}


class SchedulingDecider:
    """Implements `domain.decider.Decider[Assignments, SchedulingCommand]`. One stream is one worker."""

    fold = 1

    def initial(self) -> Assignments:
        return Assignments()

    def stream(self, command: c.SchedulingCommand) -> str:
        return command.worker_id

    def decide(self, state: Assignments, command: c.SchedulingCommand, context: Context) -> Append | Reply:
        """Replies with the assignment that stands when this attempt (or a later one) was given, or taken, already."""
        known = state.latest.get(command.task_id)
        match command:
            case c.AssignRun():
                if known is not None and known.attempt >= command.attempt:
                    return Reply(self.view(state, command.worker_id, command.task_id))
                event: msgspec.Struct = e.RunAssigned(**msgspec.structs.asdict(command))
            case c.RevokeRun():
                if known is not None and known.revoked and known.attempt == command.attempt:
                    return Reply(self.view(state, command.worker_id, command.task_id))
                event = e.RunRevoked(**msgspec.structs.asdict(command))
        return Append(command.worker_id, event, command.task_id)

    def evolve(self, state: Assignments, key: str, event: msgspec.Struct, envelope: Envelope) -> None:
        """Raises TypeError for an event of another topic."""
        match event:
            case e.RunAssigned():
                state.latest.pop(event.task_id, None)
                state.latest[event.task_id] = Assignment(event.attempt, event.worker_id, envelope.time)
            case e.RunRevoked():
                known = state.latest.get(event.task_id)
                if known is not None and (known.attempt, known.worker_id) == (event.attempt, event.worker_id):
                    known.revoked = True
            case _:
                raise TypeError(f"{type(event).__name__} is no event of the assignments")
        while state.latest:
            oldest = next(iter(state.latest))
            if envelope.time - state.latest[oldest].time <= REMEMBERED:
                break
            del state.latest[oldest]

    def quarantine(self, state: Assignments, key: str) -> None:
        """No rule spans workers."""

    def view(self, state: Assignments, key: str, subject: str) -> dict[str, Any]:
        known = state.latest.get(subject)
        if known is None:
            return {"task_id": subject}
        return {
            "task_id": subject,
            "attempt": known.attempt,
            "worker_id": known.worker_id,
            "revoked": known.revoked,
        }
