"""Users, with their names and addresses still sealed. Password hashes stay in the log."""

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

import msgspec

from domain.identity import events as e
from domain.personal import Sealed, SealedAt
from processors.projections.port import Connection, Fact, Row, Taken, Unfoldable, json_of, require_rows
from processors.projections.streams import Span, require_first


class _Change(msgspec.Struct, kw_only=True):
    """What a batch does to one user; None: it stays as it is."""

    user_id: int
    version: int = 0
    username: str | None = None
    username_hmac: str | None = None
    name: str | None = None
    email: str | None = None
    role: str | None = None
    status: str | None = None
    updated_at: datetime


class _New(_Change, kw_only=True):
    account_id: str
    created_at: datetime


class UserRows:
    """One row per user, merged over the batch."""

    takes: ClassVar[Taken] = None

    def __init__(self) -> None:
        self._users: dict[str, _Change] = {}
        self._spans: dict[str, Span] = {}

    def fold(self, fact: Fact) -> None:
        event, time = fact.event, fact.envelope.time
        require_first(fact, isinstance(event, e.UserRegistered))
        span = self._spans.get(fact.key)
        if span is not None:
            span.extend(fact.version, "stream version")
        else:
            self._spans[fact.key] = Span(fact.version, fact.version)
            self._users[fact.key] = _first(fact)
        user = self._users[fact.key]
        user.version, user.updated_at = fact.version, time
        _change(user, fact)

    async def write(self, connection: Connection) -> None:
        new = [user for user in self._users.values() if isinstance(user, _New)]
        old = {key: user for key, user in self._users.items() if not isinstance(user, _New)}
        if new:
            rows = [msgspec.structs.astuple(user) for user in new]
            await connection.copy_records_to_table("users", columns=_New.__struct_fields__, records=rows)
        if old:
            before = [self._spans[key].first - 1 for key in old]
            columns = zip(*map(msgspec.structs.astuple, old.values()), strict=True)
            require_rows(await connection.execute(_UPDATE, before, *columns), len(old), "users at the version before")

    def drain(self, fact: Fact | None) -> Iterator[Row]:
        if fact is None:
            for user in self._users.values():
                yield Row("users", _New.__struct_fields__, msgspec.structs.astuple(user))
            self._users.clear()


def _first(fact: Fact) -> _Change:
    if not (fact.key.isascii() and fact.key.isdigit()):
        raise Unfoldable(f"{fact.key!r} is no user id")
    event, time = fact.event, fact.envelope.time
    if isinstance(event, e.UserRegistered):
        if str(event.user_id) != fact.key:
            raise Unfoldable(f"user {event.user_id} is registered in the stream of {fact.key}")
        return _New(
            user_id=event.user_id, account_id=event.account_id, status="active", created_at=time, updated_at=time
        )
    return _Change(user_id=int(fact.key), updated_at=time)


def _change(user: _Change, fact: Fact) -> None:
    event = fact.event

    def sealed(field: str, value: Sealed | None) -> str | None:
        return None if value is None else json_of(SealedAt.of(fact.envelope.id, field, value))

    match event:
        case e.UserRegistered() | e.UserProfileChanged():
            user.username = sealed("username", event.username) or user.username
            user.username_hmac = event.username_hmac or user.username_hmac
            user.name = sealed("name", event.name) or user.name
            user.email = sealed("email", event.email) or user.email
            if isinstance(event, e.UserRegistered):
                user.role = event.role
        case e.UserRoleChanged():
            user.role = event.role
        case e.UserDisabled():
            user.status = "disabled"
        case e.UserDeleted():
            user.status = "deleted"


_UPDATE = """
UPDATE users t SET
    version = u.version, username = COALESCE(u.username, t.username),
    username_hmac = COALESCE(u.username_hmac, t.username_hmac), name = COALESCE(u.name, t.name),
    email = COALESCE(u.email, t.email), role = COALESCE(u.role, t.role), status = COALESCE(u.status, t.status),
    updated_at = u.updated_at
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::jsonb[], $5::text[], $6::jsonb[], $7::jsonb[], $8::text[],
            $9::text[], $10::timestamptz[])
    AS u(before, user_id, version, username, username_hmac, name, email, role, status, updated_at)
WHERE t.user_id = u.user_id AND t.version = u.before
"""
