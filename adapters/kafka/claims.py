"""Claims of ownership: their record, and their announcement in `lathe.owners`."""

from datetime import UTC, datetime

import msgspec

from adapters.ids import new_id
from adapters.kafka.port import NewRecord
from adapters.kafka.position import TP
from adapters.kafka.readrule import claim_headers
from adapters.kafka.record import encode_headers, encode_value, type_of
from domain.envelope import Envelope
from domain.ownership import OwnershipClaimed


class Claim(msgspec.Struct, frozen=True):
    """A claim read as valid at its place in the log."""

    epoch: int
    nonce: str
    address: str
    offset: int


def claim_record(tp: TP, epoch: int, nonce: str, address: str) -> NewRecord:
    """The record that claims `tp` for `address`; the nonce is new for each attempt."""
    event = OwnershipClaimed(epoch=epoch, nonce=nonce, address=address)
    now = datetime.now(UTC)
    envelope = Envelope(
        id=new_id(),
        type=type_of(event),
        source=f"lathe/{tp[0]}",
        time=now,
        subject=f"owner/{tp[1]}",
        actor="system",
        correlation_id=nonce,
    )
    headers = encode_headers(envelope) + claim_headers(epoch, nonce)
    return NewRecord(f"owner/{tp[1]}".encode(), encode_value(event), headers, int(now.timestamp() * 1000))
