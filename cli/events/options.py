"""What the commands have in common: the options that choose events, and how they are read."""

import re
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer

from adapters.kafka import topics
from adapters.kafka.analysis.selection import TRUTH, Selection
from adapters.kafka.position import TP
from cli.client.failures import Misused

Topics = Annotated[
    list[str] | None,
    typer.Option("--topic", help="Topic, with or without `lathe.`; repeatable. Default: all that are kept for ever."),
]
Types = Annotated[
    list[str] | None, typer.Option("--type", help="Event type, `*` and `?` allowed: `task.*`; repeatable.")
]
Since = Annotated[
    str | None,
    typer.Option(help="Decided at or after: 2026-11-01, 2026-11-01T10:00Z (UTC without a zone), or 90m, 7d."),
]
Until = Annotated[str | None, typer.Option(help="Decided before; as --since.")]
Account = Annotated[str | None, typer.Option(help="Only this account's (its id).")]
Task = Annotated[str | None, typer.Option(help="Only this task's (its id).")]
FromPosition = Annotated[
    list[str] | None,
    typer.Option(help="Begin a partition there: `lathe.accounts:5@1200`, as `Lathe-Position` has it; repeatable."),
]

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION: Final = re.compile(r"(\d{1,9})([smhdw])")
_POSITION: Final = re.compile(r"([\w.]+):(\d{1,4})@(\d{1,18})")


def selection(
    *,
    topic: Sequence[str] | None,
    types: Sequence[str] | None,
    since: str | None,
    until: str | None,
    account: str | None,
    task: str | None,
    now: datetime,
) -> Selection:
    """The choice that the options make. Raises Misused."""
    try:
        return Selection(
            topics=tuple(map(_full, topic)) if topic else TRUTH,
            types=tuple(types or ()),
            since=moment(since, "--since", now),
            until=moment(until, "--until", now),
            account=None if account is None else account_id(account),
            task=task,
        )
    except ValueError as error:
        raise Misused(str(error)) from None


def moment(text: str | None, option: str, now: datetime) -> datetime | None:
    """A time, or how long before `now`. Raises Misused."""
    if text is None:
        return None
    try:
        if (duration := _DURATION.fullmatch(text.strip())) is not None:
            return now - timedelta(**{_UNITS[duration[2]]: int(duration[1])})
        found = datetime.fromisoformat(text.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Misused(
            f"{option}: {text!r} is neither a time (2026-11-01, 2026-11-01T10:00Z) nor a duration (90m, 12h, 7d)."
        ) from None


def account_id(text: str) -> str:
    """An account's id as it stands in the log. Raises Misused for what is none: nothing would be found, silently."""
    try:
        return str(uuid.UUID(text.strip()))
    except ValueError:
        raise Misused(
            f"--account: {text!r} is no account's id. It is the `uuid` of GET /auth/profile, and the key of its events."
        ) from None


def offsets(positions: Sequence[str] | None, chosen: Selection) -> dict[TP, int]:
    """Where partitions begin. Raises Misused for one that does not exist or that the choice leaves out."""
    found: dict[TP, int] = {}
    for text in positions or ():
        if (parts := _POSITION.fullmatch(text.strip())) is None:
            raise Misused(f"--from-position: {text!r} does not look like lathe.accounts:5@1200.")
        tp = (_full(parts[1]), int(parts[2]))
        if tp not in chosen.partitions():
            raise Misused(f"--from-position: {tp[0]}/{tp[1]} does not exist, or the other options leave it out.")
        found[tp] = int(parts[3])
    return found


def _full(topic: str) -> str:
    known = {one.name for one in topics.ALL}
    return f"lathe.{topic}" if topic not in known and f"lathe.{topic}" in known else topic
