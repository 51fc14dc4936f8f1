"""Which commands led to which events lately: for those who ask about an open outcome (docs/decisions/0001, rule 8)."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from domain.packed import PackedTable, pack_id

RECENT: Final = timedelta(minutes=15)
"""For so long at least, by the log's time; for twice as long at most."""
_OFFSET: Final = 5


class Commands(msgspec.Struct):
    """Offsets by command id: some 30 bytes each. Ids that are no UUIDs take more."""

    ids: PackedTable = msgspec.field(default_factory=lambda: PackedTable(16, _OFFSET))
    odd: dict[str, int] = {}

    def add(self, command_id: str, offset: int) -> None:
        if (key := pack_id(command_id)) is None:
            self.odd.setdefault(command_id, offset)
        else:
            self.ids.add(key, offset.to_bytes(_OFFSET, "little"))

    def get(self, command_id: str) -> int | None:
        if (key := pack_id(command_id)) is None:
            return self.odd.get(command_id)
        found = self.ids.get(key)
        return None if found is None else int.from_bytes(found, "little")


class Recent(msgspec.Struct):
    """Two spans of commands: when the present one is as long as is asked for, it takes the place of the one before."""

    present: Commands = msgspec.field(default_factory=Commands)
    before: Commands = msgspec.field(default_factory=Commands)
    since: datetime | None = None
    """Time of the first event in `present`."""

    def remember(self, command_id: str, offset: int, time: datetime) -> None:
        if self.since is None:
            self.since = time
        elif time - self.since >= RECENT:
            self.present, self.before, self.since = Commands(), self.present, time
        self.present.add(command_id, offset)

    def offset(self, command_id: str) -> int | None:
        """Where the event stands that the command led to, if there is one of that time."""
        found = self.present.get(command_id)
        return self.before.get(command_id) if found is None else found
