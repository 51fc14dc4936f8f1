"""Live = replay = rebuild: whatever was decided, an owner that reads the log, read models that followed it bit by bit,
and read models that are built anew all come to the same.

`LATHE_TEST_HISTORIES=10000` is the long form: so many in memory, a fiftieth of them in PostgreSQL.
"""

import asyncio
import os
import random
from collections.abc import Callable
from typing import Any, ClassVar, Final

import msgspec
import pytest
from hypothesis import settings

from adapters.postgres.ops_migrate import migrate_ops
from adapters.postgres.read.migrate import migrate_read
from adapters.postgres.read.tables import metadata
from domain.account import commands as c
from processors.projections import leadership
from processors.projections.batch import Batch
from processors.rebuild.comparing import columns_of, compare, look
from tests.domain.scenario import new_id
from tests.domain.test_histories import ACCOUNTS, FILES, Histories
from tests.projections.reading import expected, read_accounts, writer_on
from tests.rebuild.histories import TP, Copied, entries_of, records_of, replayed

IN_MEMORY: Final = int(os.environ.get("LATHE_TEST_HISTORIES", "100"))
IN_POSTGRES: Final = max(2, IN_MEMORY // 50)
STEPS: Final = 50
SCHEMAS: Final = ("read_v1", "read_v2")
OTHERS: Final = {file_id: new_id(3_100_000 + i) for i, file_id in enumerate(FILES)}


class OfOwnFiles(Histories):
    """File ids are made anew for each upload: no two accounts ever have the same."""

    def try_(self, command: Any, key: str | None = None, **context: Any) -> None:
        if command.account_id != ACCOUNTS[0]:
            if isinstance(command, c.StoreFile):
                file = msgspec.structs.replace(command.file, file_id=OTHERS[command.file.file_id])
                command = msgspec.structs.replace(command, file=file)
            elif isinstance(command, c.DeleteFile):
                command = msgspec.structs.replace(command, file_id=OTHERS[command.file_id])
            elif isinstance(command, c.RequestTask):
                inputs = tuple((role, OTHERS[file_id]) for role, file_id in command.inputs)
                command = msgspec.structs.replace(command, inputs=inputs)
        super().try_(command, key, **context)


class InMemory(OfOwnFiles):
    """The rebuild folds everything in one batch, which needs no database: it only copies."""

    def teardown(self) -> None:
        super().teardown()
        entries = entries_of(records_of(self.scenario.log))
        assert sum(entry.kind == "event" for entry in entries) == len(self.scenario.log)
        assert replayed(entries) == self.state, "replay"
        batch = Batch(entries, set(), {})
        assert batch.parked == []
        copied = Copied()
        asyncio.run(copied.write(batch.rows.get(TP[0], [])))
        found = asyncio.run(read_accounts(copied))
        assert found == expected(self.state), "rebuild"
        for account_id, account in found.items():
            moved = [row for row in copied.tables["ledger"] if row["account_id"] == account_id]
            assert {name: sum(row[name] for row in moved) for name in account["wallet"]} == account["wallet"]


class InPostgres(OfOwnFiles):
    """The live models follow in batches of any size; those that are built anew get all at once."""

    url: ClassVar[str]

    def teardown(self) -> None:
        super().teardown()
        records = records_of(self.scenario.log)
        cuts = random.Random(len(records))
        asyncio.run(self._compare(records, cuts))

    async def _compare(self, records: list[Any], cuts: random.Random) -> None:
        live, built = [await leadership.connect(self.url, schema) for schema in SCHEMAS]
        try:
            for connection in (live, built):
                await connection.execute(f"TRUNCATE {', '.join(metadata.tables)}")
            entries = entries_of(records)
            writer = await writer_on(live)
            at = 0
            while at < len(entries):
                size = cuts.choice((1, 1, 2, 5, 20))
                await writer.apply(entries[at : at + size])
                at += size
            await (await writer_on(built)).apply(entries)
            columns = await columns_of(live, SCHEMAS[0])
            found = compare(await look(live, SCHEMAS[0], columns), await look(built, SCHEMAS[1], columns))
            assert found.same, found
            assert await read_accounts(live) == expected(self.state)
            assert await live.fetchval("SELECT count(*) FROM parked_records") == 0
        finally:
            await live.close()
            await built.close()


@pytest.fixture(scope="module", autouse=True)
def databases(fresh_database: Callable[[], str]) -> None:
    """Two read schemas in one database."""
    url = InPostgres.url = fresh_database()
    asyncio.run(migrate_ops(url))
    for schema in SCHEMAS:
        asyncio.run(migrate_read(url, schema))


TestInMemory = InMemory.TestCase
TestInMemory.settings = settings(max_examples=IN_MEMORY, stateful_step_count=STEPS, deadline=None)
TestInPostgres = InPostgres.TestCase
TestInPostgres.settings = settings(max_examples=IN_POSTGRES, stateful_step_count=STEPS, deadline=None)
if IN_MEMORY > 100:
    TestInMemory = pytest.mark.timeout(7200)(TestInMemory)
    TestInPostgres = pytest.mark.timeout(7200)(TestInPostgres)
