"""What the doctor says: one line about one thing."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    """It works, but somebody should look at it."""
    FAIL = "fail"
    """It does not work, or something will be lost."""


@dataclass(frozen=True, slots=True)
class Finding:
    area: str
    """machine, home, kafka, postgres, s3, gateway, services, workers, read models, settings."""
    level: Level
    what: str
    """What was found, with figures."""
    do: str = ""
    """What to do about it; empty when all is well."""


def ok(area: str, what: str) -> Finding:
    return Finding(area, Level.OK, what)


def warn(area: str, what: str, do: str) -> Finding:
    return Finding(area, Level.WARN, what, do)


def fail(area: str, what: str, do: str) -> Finding:
    return Finding(area, Level.FAIL, what, do)
