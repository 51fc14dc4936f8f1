"""Commands to `lathe.assignments`: decided by the scheduler alone. Tagged with their class name."""

import msgspec


class Base(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Base of scheduling commands."""


class AssignRun(Base, frozen=True, kw_only=True):
    task_id: str
    attempt: int
    account_id: str
    worker_id: str
    model: str
    topic: str
    partition: int
    offset: int


class RevokeRun(Base, frozen=True, kw_only=True):
    task_id: str
    attempt: int
    worker_id: str
    reason: str


SchedulingCommand = AssignRun | RevokeRun
