"""Old versions of events, made into the newest one when they are read. Records themselves are never changed.

A change that the gate refuses (docs/how-to/change-an-event.md) is a new version of the event: `….v2` with a struct of
its own. The struct of `….v1` goes, and an upcaster stands here in its place; so the rest of the code sees only `….v2`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

Change = Callable[[dict[str, Any]], dict[str, Any]]
"""From the JSON object of one version to that of the next. Pure; it may change what it is given."""


class Upcaster(msgspec.Struct, frozen=True):
    """How one version is read as the next one."""

    to: str
    """Wire name of the next version."""
    change: Change


UPCASTERS: Final[Mapping[str, Upcaster]] = {}
"""Wire name of the old version → its upcaster. Several are applied one after the other."""


class NoWay(ValueError):
    """The registry of upcasters leads nowhere, round in a circle, or away from a version that the code knows."""


def way(name: str, known: Mapping[str, Any], upcasters: Mapping[str, Upcaster]) -> tuple[str, tuple[Change, ...]]:
    """The newest version of `name`, and the changes that lead there. Raises NoWay."""
    if name in known:
        raise NoWay(f"{name} has an upcaster, and is still read as it is")
    changes: list[Change] = []
    passed = {name}
    while name not in known:
        if name not in upcasters:
            raise NoWay(f"{name} is neither known nor has an upcaster")
        changes.append(upcasters[name].change)
        name = upcasters[name].to
        if name in passed:
            raise NoWay(f"the upcasters of {name} go round in a circle")
        passed.add(name)
    return name, tuple(changes)
