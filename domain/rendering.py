"""Values of the domain as JSON values, as views tell them."""

from datetime import datetime

import msgspec

from domain.personal import SealedAt


def time_of(moment: datetime | None) -> str | None:
    """RFC 3339, UTC, milliseconds."""
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sealed_of(text: SealedAt | None) -> dict[str, str] | None:
    """A text that stays sealed: the edge opens it when it renders."""
    return None if text is None else msgspec.to_builtins(text)
