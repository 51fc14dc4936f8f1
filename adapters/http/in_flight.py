"""The same Idempotency-Key twice at the same time: the second is told to come again (409)."""

from collections.abc import Iterator
from contextlib import contextmanager

from adapters.http.refusals import InFlight

_now: set[str] = set()


@contextmanager
def in_flight(scoped_key: str | None) -> Iterator[None]:
    """Raises InFlight if a request with this (scoped) key is being worked on in this process.

    Across processes the partition's owner decides them one after the other, so neither is applied twice.
    """
    if scoped_key is None:
        yield
        return
    if scoped_key in _now:
        raise InFlight("A request with this Idempotency-Key is being worked on: repeat it soon.", retry_after_s=1)
    _now.add(scoped_key)
    try:
        yield
    finally:
        _now.discard(scoped_key)
