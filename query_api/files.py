"""Finding a file for its owner: by id, by stored name, or by its own name if no other file has it."""

import re
from typing import Final

import msgspec

from adapters.security.authenticator import Caller
from domain.account.names import stored_name
from domain.errors import DomainError, NotFound
from domain.personal import SealedAt
from query_api.parts import Parts
from query_api.queries import Row

_ID: Final = re.compile(r"([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})(\.[a-z0-9]{1,10})?\Z")


class AmbiguousName(DomainError):
    """Several files of the account have this name: ask by id."""

    code, status, title = "ambiguous-name", 409, "Several files have this name"


async def file_of(parts: Parts, caller: Caller, named: str) -> Row:
    """The caller's file. Raises NotFound, alike for others' files; AmbiguousName."""
    row: Row | None = None
    match = _ID.match(named)
    if match is not None:
        row = await parts.freshness.find(caller.account_id, lambda: parts.queries.file(caller.account_id, match[1]))
        if row is not None and match[2] is not None and stored_name(match[1], row["media_type"]) != named:
            row = None
    if row is None:
        row = await parts.freshness.find(caller.account_id, lambda: _by_name(parts, caller, named))
    if row is None:
        raise NotFound("There is no such file.")
    return row


async def name_of(parts: Parts, row: Row) -> str:
    """The name to save a file under: its own, or the stored one after an erasure."""
    name = await _opened(parts, row["account_id"], row["name"])
    return name or stored_name(row["file_id"], row["media_type"])


async def _by_name(parts: Parts, caller: Caller, named: str) -> Row | None:
    rows = await parts.queries.file_names(caller.account_id)
    sealed = [(caller.account_id, _sealed(row["name"])) for row in rows]
    opened = await parts.sealer.open_many(sealed)
    plain = [text if isinstance(row["name"], dict) else row["name"] for row, text in zip(rows, opened, strict=True)]
    ids = [row["file_id"] for row, name in zip(rows, plain, strict=True) if name == named]
    if len(ids) > 1:
        raise AmbiguousName(f"{len(ids)} of your files have this name; ask by file id.", file_ids=ids[:20])
    return await parts.queries.file(caller.account_id, ids[0]) if ids else None


async def _opened(parts: Parts, account_id: str, name: dict[str, str] | str) -> str | None:
    return name if isinstance(name, str) else await parts.sealer.open_or_none(account_id, _sealed(name))


def _sealed(name: dict[str, str] | str) -> SealedAt | None:
    return msgspec.convert(name, SealedAt) if isinstance(name, dict) else None
