"""Files of all accounts: uploads, files that came with a task, and results."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import ClassVar

import msgspec

from domain.account.events import FileDeleted, FileStored, Output, StoredFile, TaskCompleted, TaskRequested
from domain.account.names import result_name
from domain.personal import SealedAt
from processors.projections.port import Connection, Contradiction, Fact, Row, Taken, Unfoldable, json_of


class _File(msgspec.Struct):
    file_id: str
    account_id: str
    name: str | None
    format: str | None
    task_id: str | None
    media_type: str
    bytes: int
    sha256: str
    width: int | None
    height: int | None
    created_at: datetime


class FileRows:
    """New files, and the ids of deleted ones."""

    takes: ClassVar[Taken] = frozenset((FileStored, TaskRequested, TaskCompleted, FileDeleted))

    def __init__(self) -> None:
        self._new: dict[str, _File] = {}
        self._deleted: dict[str, str] = {}

    def fold(self, fact: Fact) -> None:
        event = fact.event
        if isinstance(event, FileStored):
            self._store(fact, [("file_name", event.file)])
        elif isinstance(event, TaskRequested):
            named = [(f"files.{i}.name", file) for i, file in enumerate(event.files)]
            self._store(fact, named)
        elif isinstance(event, TaskCompleted):
            for output in event.outputs:
                self._add(_result(fact, event.task_id, output))
        elif isinstance(event, FileDeleted):
            self._delete(fact.key, event.file_id)

    def _store(self, fact: Fact, files: Iterable[tuple[str, StoredFile]]) -> None:
        for field, file in files:
            self._add(
                _File(
                    file.file_id,
                    fact.key,
                    json_of(SealedAt.of(fact.envelope.id, field, file.name)),
                    None,
                    None,
                    file.media_type,
                    file.bytes,
                    file.sha256,
                    file.width,
                    file.height,
                    fact.envelope.time,
                )
            )

    def _add(self, file: _File) -> None:
        if file.file_id in self._new:
            raise Unfoldable(f"file {file.file_id} is stored twice")
        self._new[file.file_id] = file

    def _delete(self, account_id: str, file_id: str) -> None:
        mine = self._new.get(file_id)
        if mine is not None and mine.account_id == account_id:
            del self._new[file_id]
        elif file_id in self._deleted:
            raise Unfoldable(f"file {file_id} is deleted twice")
        else:
            self._deleted[file_id] = account_id

    async def write(self, connection: Connection) -> None:
        if self._deleted:
            gone = await connection.fetch(_DELETE, list(self._deleted), list(self._deleted.values()))
            if len(gone) != len(self._deleted):
                missing = set(self._deleted) - {row["file_id"] for row in gone}
                raise Contradiction(f"files to delete that are not there: {', '.join(sorted(missing))}")
        if self._new:
            rows = [msgspec.structs.astuple(file) for file in self._new.values()]
            await connection.copy_records_to_table("files", columns=_File.__struct_fields__, records=rows)

    def drain(self, fact: Fact | None) -> Iterator[Row]:
        for file in self._new.values():
            yield Row("files", _File.__struct_fields__, msgspec.structs.astuple(file))
        for file_id, account_id in self._deleted.items():
            yield Row("files", ("file_id", "account_id"), (file_id, account_id), there=False)
        self._new.clear()
        self._deleted.clear()


def _result(fact: Fact, task_id: str, output: Output) -> _File:
    return _File(
        output.file_id,
        fact.key,
        json_of(result_name(task_id, output.media_type, output.format)),
        output.format,
        task_id,
        output.media_type,
        output.bytes,
        output.sha256,
        None,
        None,
        fact.envelope.time,
    )


_DELETE = """
DELETE FROM files f USING unnest($1::text[], $2::text[]) AS u(file_id, account_id)
WHERE f.file_id = u.file_id AND f.account_id = u.account_id RETURNING f.file_id
"""
