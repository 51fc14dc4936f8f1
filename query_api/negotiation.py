"""Which representation a client prefers (RFC 9110, section 12.5.1)."""

from collections.abc import Sequence
from typing import Final

from domain.errors import DomainError

_MOST: Final = 40
"""Media ranges of one header that are looked at."""


class NotAcceptable(DomainError):
    """None of what there is was asked for."""

    code, status, title = "not-acceptable", 406, "There is no such representation"


def preferred(accept: str, offered: Sequence[str]) -> str:
    """The one of `offered` with the highest quality; the earlier of equal ones. Raises NotAcceptable."""
    ranges = _ranges(accept) or {"*/*": 1.0}
    best, best_quality = "", 0.0
    for kind in offered:
        quality = next((ranges[name] for name in (kind, f"{kind.partition('/')[0]}/*", "*/*") if name in ranges), 0.0)
        if quality > best_quality:
            best, best_quality = kind, quality
    if not best:
        raise NotAcceptable(f"This is offered as {' or '.join(offered)}.")
    return best


def names(accept: str, kind: str) -> bool:
    """Whether a media type is asked for by its name."""
    return _ranges(accept).get(kind, 0.0) > 0


def _ranges(accept: str) -> dict[str, float]:
    """Media range → quality. What cannot be read is passed over."""
    found: dict[str, float] = {}
    for part in accept.split(",")[:_MOST]:
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if not kind:
            continue
        try:
            quality = next((float(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
        except ValueError:
            continue
        found[kind] = max(0.0, min(quality, 1.0))
    return found
