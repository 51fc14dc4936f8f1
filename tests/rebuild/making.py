"""Rebuilding the handmade log's read models, and what is told of it."""

from typing import Any

import asyncpg

from processors.projections.projector import Projector
from processors.rebuild.rebuilding import Rebuilding, Wishes
from tests.projections.handmade import CREDIT, HandmadeLog, cancelled, completed, requested, started
from tests.projections.reading import identity_of, read_accounts, writer_on


class Making:
    """`told` are the lines of the last rebuild."""

    def __init__(self, url: str, by_hand: HandmadeLog, control: Any) -> None:
        self.url, self.by_hand, self.control = url, by_hand, control
        self.told: list[dict[str, Any]] = []

    async def rebuild(self, **wishes: bool) -> None:
        self.told = []
        rebuilding = Rebuilding(self.by_hand.log, identity_of(), self.url, self.control, self.told.append)
        await rebuilding.run(Wishes(**wishes))

    def projector(self, schema: str) -> Projector:
        async def identify() -> Any:
            return identity_of()

        return Projector(self.by_hand.log, identify, self.url, schema)

    @property
    def states(self) -> list[str]:
        """What it went through, each once."""
        return list(dict.fromkeys(line["state"] for line in self.told))

    def line(self, state: str) -> dict[str, Any]:
        """The last line about `state`."""
        return [line for line in self.told if line["state"] == state][-1]

    async def models(self, schema: str) -> dict[str, Any]:
        """The accounts of a read schema with all they have."""
        connection = await asyncpg.connect(self.url, server_settings={"search_path": schema})
        try:
            return await read_accounts(connection)
        finally:
            await connection.close()


async def project(connection: Any, by_hand: HandmadeLog) -> None:
    """All records of the log that were not yet folded, in batches of three, as if they had come bit by bit."""
    writer = await writer_on(connection)
    entries = [
        e for e in by_hand.entries()
        if e.record.offset >= writer.positions.get((e.record.topic, e.record.partition), 1 << 62)
    ]  # fmt: skip
    for i in range(0, len(entries), 3):
        await writer.apply(entries[i : i + 3])


async def some_accounts(by_hand: HandmadeLog, opened: Any, count: int = 4) -> list[str]:
    """Accounts with tasks that ended in different ways."""
    accounts = [by_hand.account_in(n % 12) for n in range(count)]
    for account in accounts:
        await by_hand.append(account, opened)
        for end in (completed, cancelled):
            task = by_hand.new_id()
            await by_hand.append(account, requested(task))
            await by_hand.append(account, started(task))
            await by_hand.append(account, completed(task, by_hand.new_id()) if end is completed else cancelled(task))
        await by_hand.append(account, requested(by_hand.new_id(), price=CREDIT // 2))
    return accounts
