"""What an owner keeps of old tasks, files and batches: where their events stand in the log, and little more.

A row holds ids, offsets, a state, a time: no text, and nothing of a person. Everything else is read again at its offset
when somebody asks (`domain/account/restoring.py`).
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from domain.account.status import Status
from domain.packed import PackedTable, pack_id

_ENDS: Final = (Status.COMPLETED, Status.FAILED, Status.CANCELLED)
_ACCOUNT: Final = 3
_OFFSET: Final = 5
_SEQ: Final = 2
_TIME: Final = 6
_ID: Final = 16
_FILE_KEY: Final = 8
"""Bytes of a file's id that find it: its random ones. Whether it is that file tells its event."""
_DELETED: Final = 256**_OFFSET - 1
_ATTEMPTS: Final = 64
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


class Ended(msgspec.Struct, frozen=True, gc=False):
    """An old task: what rules ask of it, and where its first and last events stand."""

    status: Status
    attempt: int
    seq: int
    requested: int
    ended: int
    started_at: datetime | None


class Archive(msgspec.Struct):
    """The old things of a partition, and the order in which the others grow old. `account` is an account's number."""

    tasks: PackedTable = msgspec.field(
        default_factory=lambda: PackedTable(_ID, _ACCOUNT + 2 * _OFFSET + 1 + _SEQ + _TIME)
    )
    files: PackedTable = msgspec.field(default_factory=lambda: PackedTable(_FILE_KEY, _ACCOUNT + _OFFSET))
    batches: PackedTable = msgspec.field(default_factory=lambda: PackedTable(_ID, _ACCOUNT + _OFFSET))
    ended: list[tuple[str, str]] = []
    """(account id, task id) of those that ended and are still whole, the oldest first."""
    stored: list[tuple[str, str]] = []
    """(account id, file id), likewise."""
    at_hand: tuple[int, ...] = ()
    """Offsets of the events that were read again and are at hand just now."""

    def task(self, account: int, task_id: str) -> Ended | None:
        key = pack_id(task_id)
        row = None if key is None else _of(account, self.tasks.get(key))
        if row is None:
            return None
        numbers = _numbers(row, _OFFSET, _OFFSET, 1, _SEQ, _TIME)
        requested, ended, end, seq, started = numbers
        return Ended(
            status=_ENDS[end // _ATTEMPTS],
            attempt=end % _ATTEMPTS,
            seq=seq,
            requested=requested,
            ended=ended,
            started_at=_EPOCH + started * _MILLISECOND if started else None,
        )

    def file(self, account: int, file_id: str) -> int | None:
        """Where the event stands that brought it; None when there is no such file, or none any more."""
        key = pack_id(file_id)
        row = None if key is None else _of(account, self.files.get(key[-_FILE_KEY:]))
        offset = None if row is None else int.from_bytes(row, "little")
        return None if offset == _DELETED else offset

    def batch(self, account: int, batch_id: str) -> int | None:
        """Where it was requested."""
        key = pack_id(batch_id)
        row = None if key is None else _of(account, self.batches.get(key))
        return None if row is None else int.from_bytes(row, "little")

    def keep_task(self, account: int, task_id: str, task: Ended) -> bool:
        """False when a number of it does not fit a row: such a one has to stay whole."""
        key = pack_id(task_id)
        started = 0 if task.started_at is None else (task.started_at - _EPOCH) // _MILLISECOND
        parts = (
            (account, _ACCOUNT),
            (task.requested, _OFFSET),
            (task.ended, _OFFSET),
            (_ENDS.index(task.status) * _ATTEMPTS + task.attempt, 1),
            (task.seq, _SEQ),
            (started, _TIME),
        )
        if key is None or not 0 <= task.attempt < _ATTEMPTS or not _fit(*parts):
            return False
        return self.tasks.add(key, _row(*parts))

    def keep_file(self, account: int, file_id: str, offset: int) -> bool:
        """False when it has to stay whole: its id is odd, or another one's looks alike."""
        key = pack_id(file_id)
        parts = ((account, _ACCOUNT), (offset, _OFFSET))
        if key is None or not _fit(*parts):
            return False
        found = self.files.get(key[-_FILE_KEY:])
        if found is None:
            return self.files.add(key[-_FILE_KEY:], _row(*parts))
        if found != _row((account, _ACCOUNT), (_DELETED, _OFFSET)):
            return False
        self.files.replace(key[-_FILE_KEY:], _row(*parts))
        return True

    def keep_batch(self, account: int, batch_id: str, offset: int) -> bool:
        key = pack_id(batch_id)
        parts = ((account, _ACCOUNT), (offset, _OFFSET))
        return key is not None and _fit(*parts) and self.batches.add(key, _row(*parts))

    def forget_file(self, account: int, file_id: str) -> None:
        """Repeatable."""
        key = pack_id(file_id)
        if key is not None and self.file(account, file_id) is not None:
            self.files.replace(key[-_FILE_KEY:], _row((account, _ACCOUNT), (_DELETED, _OFFSET)))


def _of(account: int, row: bytes | None) -> bytes | None:
    """The rest of a row, if it is this account's."""
    return row[_ACCOUNT:] if row is not None and row[:_ACCOUNT] == account.to_bytes(_ACCOUNT, "little") else None


def _fit(*parts: tuple[int, int]) -> bool:
    return all(0 <= number < 256**width for number, width in parts)


def _row(*parts: tuple[int, int]) -> bytes:
    return b"".join(number.to_bytes(width, "little") for number, width in parts)


def _numbers(row: bytes, *widths: int) -> list[int]:
    numbers, start = [], 0
    for width in widths:
        numbers.append(int.from_bytes(row[start : start + width], "little"))
        start += width
    return numbers
