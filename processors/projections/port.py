"""What a read model is to the projector: rows that a batch of events changes."""

from collections.abc import Iterator
from typing import Any, ClassVar, Final, NamedTuple, Protocol

import msgspec

from domain.account.beginnings import BEGINNING, beginnings_of
from domain.account.timeline import entries_of
from domain.envelope import Envelope

Connection = Any
"""An asyncpg.Connection (asyncpg has no types) whose search_path is the read schema."""


_encode: Final = msgspec.json.Encoder().encode


Taken = frozenset[type[msgspec.Struct]] | None


class Unfoldable(Exception):
    """A record cannot be folded: it contradicts what was folded before it. Its stream is parked."""


class Contradiction(Exception):
    """The rows of a batch do not fit the rows that are there: some record of the batch is unfoldable."""


class Fact:
    """One valid event of a stream. `version` is its place there: 1, 2, 3…; `begun` are the tasks it requested, `moved`
    is what it means for the tasks it is about. Raises Unfoldable without a stream version or task sequence.
    """

    __slots__ = ("begun", "envelope", "event", "key", "moved", "version")

    def __init__(self, key: str, envelope: Envelope, event: msgspec.Struct) -> None:
        if envelope.stream_version is None:
            raise Unfoldable("ce_streamversion is missing")
        self.begun = beginnings_of(event, envelope.id) if type(event) in BEGINNING else ()
        try:
            self.moved = entries_of(envelope, event, self.begun)
        except ValueError as error:
            raise Unfoldable(str(error)) from error
        self.key, self.envelope, self.event = key, envelope, event
        self.version = envelope.stream_version


class Row(NamedTuple):
    """A row as its table holds it; `there` False: the row with these columns is deleted."""

    table: str
    columns: tuple[str, ...]
    values: tuple[Any, ...]
    there: bool = True


class Rows(Protocol):
    """The changes that one batch makes to one read model, merged per key before they are written.

    A new read model is a class like this and one line in `registry.py`. It is made anew for each batch.
    """

    takes: ClassVar[Taken]
    """The events that it is given; None: all of its topic."""

    def fold(self, fact: Fact) -> None:
        """Take one event. Raises Unfoldable. After any exception the whole object is thrown away."""
        ...

    async def write(self, connection: Connection) -> None:
        """Write all changes inside the projector's transaction. Raises Contradiction."""
        ...

    def drain(self, fact: Fact | None) -> Iterator[Row]:
        """What `fact`, folded last, finished: rows that nothing alters any more. None: all the others.

        They are forgotten here. For those who compare the log with tables: each stream was folded from its beginning
        into this object, which was never written.
        """
        ...


def json_of(value: Any) -> str:
    """A value as PostgreSQL's jsonb takes it."""
    return _encode(value).decode()


def require_rows(status: str, expected: int, what: str) -> None:
    """`status` is PostgreSQL's command tag, like `UPDATE 3`. Raises Contradiction unless `expected` rows were hit."""
    touched = int(status.rpartition(" ")[2])
    if touched != expected:
        raise Contradiction(f"{what}: {expected} rows expected, {touched} found")
