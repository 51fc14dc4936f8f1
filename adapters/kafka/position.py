"""Where a reader stands in a partition: the next offset, and the state of the read rule there."""

import msgspec

TP = tuple[str, int]
"""(topic, partition)."""


class Position(msgspec.Struct, frozen=True, gc=False):
    """Kept together, in one transaction: an offset without (epoch, nonce, seq) cannot tell valid from void."""

    offset: int = 0
    """The next offset to read."""
    epoch: int = 0
    """Epoch in force; 0: no claim was read yet."""
    nonce: str = ""
    seq: int = 0
    """Last valid ce_ownerseq of that epoch."""
