"""The read rule of owned topics: which records count (docs/decisions/0001, rule 1).

Decided from headers alone, before the value is looked at. A claim is valid only if its epoch is exactly the one in
force + 1. An event is valid only if its epoch is in force and its sequence is the last valid one + 1. All else is
void: it is skipped and counted, and changes nothing but the offset.
"""

from typing import Final, Literal

from adapters.kafka.position import Position
from adapters.kafka.record import Headers, Record
from domain.ownership import OwnershipClaimed
from domain.registry import TYPE_OF

CLAIM_TYPE: Final = TYPE_OF[OwnershipClaimed].encode()
Kind = Literal["event", "claim", "void"]


def claim_headers(epoch: int, nonce: str) -> list[tuple[str, bytes]]:
    """Headers that make a record a claim."""
    return [("ce_ownerepoch", b"%d" % epoch), ("ce_ownerseq", b"0"), ("ce_ownernonce", nonce.encode())]


def event_headers(epoch: int, seq: int) -> list[tuple[str, bytes]]:
    """Headers by which an owner's event proves its place."""
    return [("ce_ownerepoch", b"%d" % epoch), ("ce_ownerseq", b"%d" % seq)]


def judge(position: Position, record: Record) -> tuple[Kind, Position]:
    """What `record` is to a reader at `position`, and the position after it. Never raises."""
    after = record.offset + 1
    stand = _stand(record.headers)
    if stand is not None:
        epoch, seq, nonce, is_claim = stand
        if is_claim:
            if nonce and seq == 0 and epoch == position.epoch + 1:
                return "claim", Position(after, epoch, nonce, 0)
        elif position.epoch > 0 and epoch == position.epoch and seq == position.seq + 1:
            return "event", Position(after, position.epoch, position.nonce, seq)
    return "void", Position(after, position.epoch, position.nonce, position.seq)


def _stand(headers: Headers) -> tuple[int, int, str, bool] | None:
    """(epoch, seq, nonce, is a claim) of a record; None if a header is missing, doubled or malformed."""
    epoch = seq = None
    nonce = b""
    is_claim = False
    for name, value in headers:
        if name == "ce_ownerepoch":
            if epoch is not None or not _is_number(value):
                return None
            epoch = int(value)
        elif name == "ce_ownerseq":
            if seq is not None or not _is_number(value):
                return None
            seq = int(value)
        elif name == "ce_ownernonce":
            nonce = value
        elif name == "ce_type":
            is_claim = value == CLAIM_TYPE
    if epoch is None or seq is None:
        return None
    return epoch, seq, nonce.decode("ascii", "replace"), is_claim


def _is_number(value: bytes | None) -> bool:
    return value is not None and value.isdigit() and len(value) <= 18
