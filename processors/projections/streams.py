"""The order inside streams: versions 1, 2, 3… without holes, within a batch here and between batches in SQL."""

import msgspec

from processors.projections.port import Fact, Unfoldable


class Span(msgspec.Struct, gc=False):
    """What a batch holds of one stream (or of one task): the numbers `first` to `last`, without a hole."""

    first: int
    last: int

    def extend(self, number: int, what: str) -> None:
        """Raises Unfoldable on a gap or a repeat."""
        if number != self.last + 1:
            raise Unfoldable(f"{what} {number} does not follow {self.last}")
        self.last = number


def require_first(fact: Fact, opens: bool) -> None:
    """A stream begins with the event that opens it, and has that only there. Raises Unfoldable."""
    if opens != (fact.version == 1):
        raise Unfoldable(f"{fact.envelope.type} cannot be event {fact.version} of its stream")
