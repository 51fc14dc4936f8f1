"""Failures that a record's content causes, in the database or on the way to it. All others are retried."""

from typing import Final

import asyncpg

from processors.projections.port import Contradiction

BLAMED: Final = (
    Contradiction,
    asyncpg.exceptions.DataError,
    asyncpg.exceptions.IntegrityConstraintViolationError,
    asyncpg.exceptions.ProgramLimitExceededError,
    ValueError,
    TypeError,
    OverflowError,
)


def blame_of(error: Exception) -> str:
    """Why a record is parked, for the operator."""
    return f"{type(error).__name__}: {error}".replace("\x00", "�")
