"""Loops over texels, faces and places, compiled to machine code (Numba) at their first use.

NumPy alone makes a pass over memory for every operation; these loops make one. The code is kept beside the source, or
in the user's cache, so that only the first process compiles it; where neither can be written every process does.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Decorator. Division by zero follows IEEE 754, as in NumPy; results do not depend on threads."""
    try:
        made: Callable[P, R] = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # Numba finds no folder for its cache
        made = numba.njit(nogil=True, error_model="numpy")(function)
    return made
