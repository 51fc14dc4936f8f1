"""Events of the ownership protocol itself (docs/decisions/0001-ownership-in-the-log.md)."""

from domain.account.events import Event


class OwnershipClaimed(Event, frozen=True, kw_only=True):
    """Key `owner/<partition>`; its epoch and nonce stand in headers too, and only those decide validity."""

    epoch: int
    nonce: str
    address: str


class OwnerAnnounced(Event, frozen=True, kw_only=True):
    """In `lathe.owners`, key `<topic>/<partition>`: a claim once read as valid. Readers take the highest epoch."""

    topic: str
    partition: int
    epoch: int
    nonce: str
    address: str
    claim_offset: int
