"""Where to begin, so that the read rule holds: nobody starts mid-log without the owner's epoch and sequence.

A reader of an owned topic that wants offset n begins at the newest claim before n that `lathe.owners` tells of, or at
the first record; what lies before n is read and not shown. The claim must stand where the announcement says it does.
"""

from collections import defaultdict
from collections.abc import Mapping

from adapters.kafka import topics
from adapters.kafka.claims import Claim
from adapters.kafka.follower import Entry, Follower
from adapters.kafka.port import Log, LogTruncated
from adapters.kafka.position import TP, Position
from domain.ownership import OwnerAnnounced

_OWNED = frozenset(topic.name for topic in topics.ALL if topic.owned)
_OWNERS: TP = (topics.OWNERS.name, 0)


class Beginning:
    """`positions` to read from; `first` the offsets from which on it is shown."""

    def __init__(self, positions: Mapping[TP, Position], first: Mapping[TP, int], claims: Mapping[TP, Claim]) -> None:
        self.positions, self.first = dict(positions), dict(first)
        self._claims = dict(claims)

    def check(self, entry: Entry) -> None:
        """The first record of a partition. Raises LogTruncated when it is not the claim it should be."""
        claim = self._claims.pop((entry.record.topic, entry.record.partition), None)
        if claim is not None and (entry.kind != "claim" or entry.after.nonce != claim.nonce):
            raise LogTruncated(
                f"{entry.record.topic}/{entry.record.partition} does not hold claim {claim.epoch} at offset "
                f"{claim.offset}, as {topics.OWNERS.name} tells: it is not the log that was announced"
            )


async def begin_at(log: Log, wanted: Mapping[TP, int]) -> Beginning:
    """Begin so that everything from `wanted` on is shown. Raises LogUnavailable."""
    kept = await log.beginnings(wanted)
    first = {tp: max(offset, kept[tp]) for tp, offset in wanted.items()}
    late = {tp for tp in wanted if tp[0] in _OWNED and first[tp] > kept[tp]}
    claims = {tp: claim for tp, claim in (await _announced(log, first)).items() if tp in late} if late else {}
    positions = {}
    for tp, offset in first.items():
        if tp in claims:
            positions[tp] = Position(claims[tp].offset, claims[tp].epoch - 1)
        else:
            positions[tp] = Position(kept[tp] if tp[0] in _OWNED else offset)
    return Beginning(positions, first, claims)


async def _announced(log: Log, before: Mapping[TP, int]) -> dict[TP, Claim]:
    """The newest claim of each partition that stands before an offset, of those that `lathe.owners` still keeps."""
    found: dict[TP, list[Claim]] = defaultdict(list)
    follower = Follower(log, {_OWNERS: Position((await log.beginnings([_OWNERS]))[_OWNERS])})
    ends = await log.ends([_OWNERS])
    await follower.start()
    try:
        while not follower.has_passed(ends):
            for entry in await follower.poll(1000):
                event = entry.decoded[1] if isinstance(entry.decoded, tuple) else None
                if isinstance(event, OwnerAnnounced) and event.claim_offset < before.get(
                    (event.topic, event.partition), 0
                ):
                    claim = Claim(event.epoch, event.nonce, event.address, event.claim_offset)
                    found[(event.topic, event.partition)].append(claim)
    finally:
        await follower.stop()
    return {tp: max(claims, key=lambda claim: claim.epoch) for tp, claims in found.items()}
