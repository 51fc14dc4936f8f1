"""The gate: what this code reads against everything that was ever published. Nothing that breaks a reader may land."""

from collections.abc import Mapping, Set
from typing import Any

import msgspec

from adapters.contract.compatibility import Breaks, differences
from adapters.contract.landed import Landed


class Finding(msgspec.Struct, frozen=True):
    """One difference to one landed revision. `revision` 0: there is none, the type is new."""

    type: str
    revision: int
    path: str
    what: str
    breaks: Breaks

    def __str__(self) -> str:
        where = f"{self.type} (revision {self.revision})" if self.revision else self.type
        return f"{where}{f' `{self.path}`' if self.path else ''}: {self.what}"


def findings(landed: Landed, now: Mapping[str, dict[str, Any]], upcast: Set[str] = frozenset()) -> list[Finding]:
    """All differences between `now` and every landed revision, newest revision first.

    `upcast` are the types that are made into a newer version when they are read: code need not know them otherwise.
    """
    found = []
    for name in sorted(landed.keys() | now.keys()):
        if name not in landed:
            found.append(Finding(name, 0, "", "new event: deploy what reads it before what writes it", "nothing"))
        elif name in now:
            for revision in sorted(landed[name], reverse=True):
                found += [
                    Finding(name, revision, difference.path, difference.what, difference.breaks)
                    for difference in differences(landed[name][revision], now[name])
                ]
        elif name not in upcast:
            why = "event removed: its records stay in the log; keep it, or add an upcaster to its next version"
            found.append(Finding(name, max(landed[name]), "", why, "backward"))
    return found


def breaking(found: list[Finding]) -> list[Finding]:
    """Those that may not land."""
    return [finding for finding in found if finding.breaks != "nothing"]
