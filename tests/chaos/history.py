"""What clients asked of the whole service and were told: the record that is judged at the end (checker.py)."""

import time
from pathlib import Path
from typing import Literal

import msgspec

Kind = Literal["adjust", "generate", "cancel", "register"]
Result = Literal["applied", "refused", "open"]


class Attempt(msgspec.Struct, kw_only=True):
    """One request of a command, and what came back. Times are seconds of one monotonic clock."""

    request_id: str
    invoked: float
    answered: float = float("inf")
    status: int = 0
    """0: no answer came (the connection was lost, or it took too long)."""
    code: str = ""
    """Of the problem."""


class Command(msgspec.Struct, kw_only=True):
    """One thing a client wants done once: repeated with the same Idempotency-Key until the answer is definite."""

    kind: Kind
    account: str
    key: str
    amount: int = 0
    """Micro-credits."""
    attempts: list[Attempt] = []
    result: Result = "open"
    code: str = ""
    """Why it was refused."""
    offset: int | None = None
    """Where the answer says that it stands, or the last record that the answer rests on."""
    balance: int | None = None
    reserved: int | None = None
    task_id: str | None = None
    repeats_of: str | None = None
    """Key of the command that this one repeats on purpose, after it was answered."""

    @property
    def invoked(self) -> float:
        return min(attempt.invoked for attempt in self.attempts)

    @property
    def answered(self) -> float:
        """When the answer was definite."""
        return self.attempts[-1].answered if self.result != "open" else float("inf")


class Read(msgspec.Struct, kw_only=True):
    """A balance as one reader saw it. A reader's reads follow each other."""

    reader: str
    account: str
    invoked: float
    answered: float
    available: int
    reserved: int
    at_least: int | None = None
    """Offset that the reader asked not to be behind of (`min_position`)."""


class Task(msgspec.Struct, kw_only=True):
    """What a task's owner saw of it when everything was well again."""

    task_id: str
    status: str
    charged: int
    price: int
    wanted_cancelled: bool
    has_result: bool
    problem: str = ""


class Ending(msgspec.Struct, kw_only=True):
    """What an account's owner saw at the end, with everything applied."""

    account: str
    available: int
    reserved: int
    tasks: int


class History(msgspec.Struct, kw_only=True):
    commands: list[Command] = []
    reads: list[Read] = []
    tasks: list[Task] = []
    finals: list[Ending] = []

    def save(self, path: Path) -> None:
        path.write_bytes(msgspec.json.encode(self))


def now() -> float:
    return time.monotonic()
