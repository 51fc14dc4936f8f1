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
    headers = record.by_name
    epoch, seq = _number(headers.get("ce_ownerepoch")), _number(headers.get("ce_ownerseq"))
    if epoch < 0 or seq < 0 or (not isinstance(record.kept, dict) and _doubled(record.kept)):
        return "void", Position(after, position.epoch, position.nonce, position.seq)
    if headers.get("ce_type") == CLAIM_TYPE:
        nonce = (headers.get("ce_ownernonce") or b"").decode("ascii", "replace")
        if nonce and seq == 0 and epoch == position.epoch + 1:
            return "claim", Position(after, epoch, nonce, 0)
    elif position.epoch > 0 and epoch == position.epoch and seq == position.seq + 1:
        return "event", Position(after, epoch, position.nonce, seq)
    return "void", Position(after, position.epoch, position.nonce, position.seq)


def is_ahead(position: Position, record: Record) -> bool:
    """Whether a record is of an epoch later than the one in force after it: nobody who keeps the protocol writes it."""
    return _number(record.by_name.get("ce_ownerepoch")) > position.epoch


def _doubled(headers: Headers) -> bool:
    """Whether a header that proves the place is there twice."""
    names = [name for name, _ in headers]
    return names.count("ce_ownerepoch") > 1 or names.count("ce_ownerseq") > 1


def _number(value: bytes | None) -> int:
    """-1 where it is missing or malformed."""
    return int(value) if value is not None and value.isdigit() and len(value) <= 18 else -1
