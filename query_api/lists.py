"""Lists as all routes offer them: `limit`, `offset` or `cursor` in; `items`, `total`, `next` and Links out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request
from starlette.responses import Response

from domain.errors import InvalidInput
from query_api.etags import document
from query_api.pages import links, page
from query_api.parts import Parts

Filters = Sequence[tuple[str, Any]]
"""(query parameter, value) pairs; those without a value, None or an empty list, are left out."""
_NO_NUL: Final = r"^[^\x00]*$"
"""PostgreSQL takes any character but this one."""
Word = Annotated[str, Query(max_length=100, pattern=_NO_NUL)]
Since = Annotated[datetime | None, Query(description="Only what was made at this time or later (RFC 3339).")]
Until = Annotated[datetime | None, Query(description="Only what was made before this time (RFC 3339).")]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which page is wanted. With a cursor there is no offset."""

    limit: int
    offset: int
    cursor: str | None


async def asked(
    limit: Annotated[int, Query(ge=1, le=100, description="The most items of one page.")] = 20,
    offset: Annotated[int, Query(ge=0, le=100_000, description="Skip so many. `cursor` is better.")] = 0,
    cursor: Annotated[str | None, Query(max_length=300, description="`next` of the page before.")] = None,
) -> Asked:
    """Raises InvalidInput for a cursor and an offset at once."""
    if cursor is not None and offset:
        raise InvalidInput("Give either a cursor or an offset.", errors=[{"parameter": "offset", "in": "query"}])
    return Asked(limit, offset, cursor)


AskedPage = Annotated[Asked, Depends(asked)]


class List:
    """One list of one caller: what its cursors hold for. `of` names whose it is."""

    def __init__(self, parts: Parts, path: str, of: str, filters: Filters, asked_: Asked) -> None:
        self._parts, self._path, self._asked = parts, path, asked_
        self._filters = [(name, each) for name, value in filters for each in _values(value)]
        self._of = (of, path, *(f"{name}={value}" for name, value in self._filters))

    @property
    def before(self) -> str | None:
        """The key after which the page begins. Raises InvalidInput for a cursor that this list never gave."""
        return None if self._asked.cursor is None else self._parts.cursors.read(self._of, self._asked.cursor)

    @property
    def wanted(self) -> int:
        """Rows to read: one more than is shown tells whether there is another page."""
        return self._asked.limit + 1

    def answer(self, request: Request, rows: Sequence[Any], keys: Sequence[str], items: Any, total: int) -> Response:
        """`rows` as read (`wanted` of them), the key of each, and the documents of those that are shown."""
        limit = self._asked.limit
        following = self._parts.cursors.make(self._of, keys[limit - 1]) if len(rows) > limit else None
        headers = {"link": links(self._path, [*self._filters, ("limit", limit)], following)}
        told = page(items, total=total, limit=limit, offset=self._asked.offset, following=following)
        return document(request, told, headers)

    def shown(self, rows: Sequence[Any]) -> Sequence[Any]:
        """The rows of this page."""
        return rows[: self._asked.limit]


def in_time(name: str, value: datetime | None) -> datetime | None:
    """A time with its zone, in UTC. Raises InvalidInput, for one that leaves the calendar there too."""
    if value is None:
        return None
    if value.tzinfo is None:
        raise _no_time(name, f"{name} needs a time zone, for example 2030-01-31T12:00:00Z.", "A time zone is missing")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise _no_time(name, f"{name} lies outside the years 1 to 9999 in UTC.", "Outside the calendar") from None


def _no_time(name: str, detail: str, short: str) -> InvalidInput:
    return InvalidInput(detail, errors=[{"parameter": name, "in": "query", "detail": short}])


def _values(value: Any) -> Sequence[Any]:
    if value is None:
        return ()
    if isinstance(value, list | tuple):
        return value
    return (value.isoformat() if isinstance(value, datetime) else value,)
