"""One verification from the ends it asks for to its report.

The ends are asked for from effects to causes (announcements, accounts, runs, assignments, users and models): what an
event follows from stands before an end that was asked for later. Then causes are read before effects.
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from adapters.kafka import topics
from adapters.kafka.follower import Entry, Follower
from adapters.kafka.port import Log
from adapters.kafka.position import TP, Position
from adapters.kafka.record import Undecodable
from adapters.object_store.port import ObjectStore
from adapters.postgres.read.partitions import PARTITIONS
from domain.account.events import AccountClosed
from domain.envelope import Envelope
from domain.ownership import OwnerAnnounced
from processors.projections.offsets import record_id
from processors.telling import Tell
from processors.verify import objects, tables
from processors.verify.accounts import AccountRules
from processors.verify.expected import ExpectedRows
from processors.verify.findings import Broken, Findings, Place
from processors.verify.moving import Moving
from processors.verify.ownership import PartitionRules
from processors.verify.people import ModelRules, UserRules
from processors.verify.runs import take_assignment, take_report
from processors.verify.shelf import Shelf

POLL_MS: Final = 1000
CHUNK: Final = 2000
OWNERS: Final[TP] = (topics.OWNERS.name, 0)
_SINGLE: Final = (topics.IDENTITY, topics.CATALOG, topics.ASSIGNMENTS)
_TRUTH: Final = (*_SINGLE, topics.ACCOUNTS, topics.RUNS)
Rule = Callable[[str, msgspec.Struct, Envelope, int], None]


async def _nobody() -> set[str]:
    return set()


class Report(msgspec.Struct, frozen=True):
    """`void` records count for nothing; `foreign` ones among them have no owner's headers. `rows` and `objects` were
    compared; `excepted` streams were not: they are broken, or an operator left a record out of them."""

    records: int
    void: int
    foreign: int
    rows: int
    objects: int
    excepted: int
    findings: Findings


class Verification:
    """`standing` None: there are no read models to compare; else their rows lie on the shelf. `store` None: objects
    are not looked at."""

    def __init__(
        self,
        log: Log,
        shelf: Shelf,
        standing: tables.Standing | None,
        store: ObjectStore | None,
        depth: objects.Depth,
        tell: Tell,
        erased: objects.Erased = _nobody,
    ) -> None:
        self._log, self._shelf, self._standing, self._store = log, shelf, standing, store
        self._depth, self._tell, self._erased = depth, tell, erased
        self.findings = Findings()
        self._excepted: set[tables.Stream] = set()
        self._closed: set[str] = set()
        self._claims: dict[TP, dict[int, tuple[int, str]]] = {}
        self._users, self._models = UserRules(), ModelRules()
        self._records = self._void = self._foreign = 0
        self._moved = Moving(tell, "reading", 0)

    async def run(self) -> Report:
        """Raises LogUnavailable, LogTruncated, DependencyDown and asyncpg's errors."""
        announced = await self._log.ends([OWNERS])
        ends: dict[TP, int] = {}
        for topic in (topics.ACCOUNTS, topics.RUNS, topics.ASSIGNMENTS, topics.IDENTITY, topics.CATALOG):
            ends |= await self._log.ends([(topic.name, p) for p in range(topic.partitions)])
        self._moved = Moving(self._tell, "reading", sum(ends.values()))
        self._compare_stands(ends)
        for topic, rule in zip(_SINGLE, (self._user, self._model, self._assignment), strict=True):
            await self._read((topic.name, 0), ends, rule)
        for partition in range(topics.ACCOUNT_PARTITIONS):
            await self._read((topics.RUNS.name, partition), ends, self._report(partition))
            await self._read((topics.ACCOUNTS.name, partition), ends, self._account(partition))
            self._shelf.put("DELETE FROM runs")
            self._shelf.put("DELETE FROM ended")
        self._compare_assignments(ends)
        await self._compare_announcements(announced[OWNERS], ends)
        rows = await self._compare_tables()
        looked = await self._check_objects()
        return Report(self._records, self._void, self._foreign, rows, looked, len(self._excepted), self.findings)

    def _user(self, key: str, event: msgspec.Struct, envelope: Envelope, offset: int) -> None:
        self._users.take(key, event)

    def _model(self, key: str, event: msgspec.Struct, envelope: Envelope, offset: int) -> None:
        self._models.take(key, event)

    def _assignment(self, key: str, event: msgspec.Struct, envelope: Envelope, offset: int) -> None:
        take_assignment(self._shelf, event, offset)

    def _report(self, partition: int) -> Rule:
        return lambda key, event, envelope, offset: take_report(self._shelf, partition, key, event, offset)

    def _account(self, partition: int) -> Rule:
        rules = AccountRules(partition, self._shelf, self._users.accounts, self._models.published)

        def take(key: str, event: msgspec.Struct, envelope: Envelope, offset: int) -> None:
            rules.take(key, event, envelope, offset)
            objects.note(self._shelf, partition, key, event, offset)
            if isinstance(event, AccountClosed):
                self._closed.add(key)

        return take

    async def _read(self, tp: TP, ends: Mapping[TP, int], rule: Rule) -> None:
        """All records of a partition before its end."""
        end = ends[tp]
        rules = PartitionRules(tp)
        expected = self._expected(tp)
        first = (await self._log.beginnings([tp]))[tp]
        if first >= end:
            if end > 0:
                self.findings.add("offsets", Place(*tp, 0), f"all {end:,} records are missing")
            return
        follower = Follower(self._log, {tp: Position(first)})
        await follower.start()
        try:
            while follower.positions[tp].offset < end:
                entries = await follower.poll(POLL_MS, CHUNK)
                if not entries:
                    await self._log.ends([tp])  # a broker that is gone only seems silent
                for entry in entries:
                    if entry.record.offset < end:
                        self._take(entry, rules, rule, expected)
                self._moved(self._records)
        finally:
            await follower.stop()
        if expected is not None:
            expected.finish()
        self._void += rules.void
        self._foreign += rules.foreign
        self._claims[tp] = rules.claims

    def _take(self, entry: Entry, rules: PartitionRules, rule: Rule, expected: ExpectedRows | None) -> None:
        record = entry.record
        self._records += 1
        place = Place(record.topic, record.partition, record.offset)
        key = (record.key or b"").decode(errors="replace")
        broke = list(rules.take(entry))
        for invariant, detail in broke:
            self.findings.add(invariant, place, detail, key or None)
        if expected is not None and record.offset == expected.until - 1:
            self._compare_stand(entry)
        if entry.kind != "event":
            return
        stream = (record.topic, key)
        if self._standing is not None and msgspec.structs.astuple(place) in self._standing.left_out:
            self._excepted.add(stream)
            return
        if any(invariant == "stream-versions" for invariant, _ in broke):
            self._excepted.add(stream)  # what follows from that is not told again
        if stream in self._excepted and record.topic != topics.RUNS.name:
            return
        try:
            if entry.decoded is None or isinstance(entry.decoded, Undecodable):
                raise Broken("readable", entry.decoded.why if entry.decoded else "it was not decoded")
            envelope, event = entry.decoded
            rule(key, event, envelope, record.offset)
            if expected is not None:
                expected.take(key, event, envelope, record.offset)
        except Broken as broken:
            self.findings.add(broken.invariant, place, broken.detail, key or None)
            if record.topic != topics.RUNS.name:
                self._excepted.add(stream)

    def _expected(self, tp: TP) -> ExpectedRows | None:
        if self._standing is None or tp not in PARTITIONS or self._standing.foreign:
            return None
        stand = self._standing.stands.get(tp)
        until = 0 if stand is None else stand.position.offset
        return ExpectedRows(tp, self._shelf, until, self._standing.parked.get(tp, {}))

    def _compare_stands(self, ends: Mapping[TP, int]) -> None:
        if self._standing is None:
            return
        for topic in self._standing.foreign:
            self.findings.add("read-models-log", Place(topic, 0), "the ids of cluster and topic are others")
        for tp, stand in self._standing.stands.items():
            if stand.position.offset > ends.get(tp, stand.position.offset):
                told = f"they stand at offset {stand.position.offset}, and the log ends at {ends[tp]}"
                self.findings.add("read-models-log", Place(*tp, ends[tp]), told)

    def _compare_stand(self, entry: Entry) -> None:
        """The last record that was folded into the tables."""
        record = entry.record
        assert self._standing is not None
        stand = self._standing.stands[(record.topic, record.partition)]
        place = Place(record.topic, record.partition, record.offset)
        if stand.last_record_id != record_id(record):
            self.findings.add("read-models-log", place, f"they were built from the record {stand.last_record_id} there")
        elif stand.position != entry.after:
            told = f"they stand in epoch {stand.position.epoch} there, at {stand.position.seq}"
            told += f"; the log says {entry.after.epoch}, {entry.after.seq}"
            self.findings.add("read-models-log", place, told)

    def _compare_assignments(self, ends: Mapping[TP, int]) -> None:
        for task, account, partition, request, place in self._shelf.each(
            "SELECT task, account, partition, request, place FROM assigned WHERE requested = 0 ORDER BY place"
        ):
            known = request < ends.get((topics.ACCOUNTS.name, partition), 0)
            if known and (topics.ACCOUNTS.name, account) not in self._excepted:
                where = f"{topics.ACCOUNTS.name}:{partition}@{request}"
                told = f"task {task} was not requested at {where}"
                self.findings.add("assignment-requested", Place(topics.ASSIGNMENTS.name, 0, place), told, task)

    async def _compare_announcements(self, end: int, ends: Mapping[TP, int]) -> None:
        """Announcements are kept for a day; each must name a claim that stands."""
        first = (await self._log.beginnings([OWNERS]))[OWNERS]
        if first >= end:
            return
        follower = Follower(self._log, {OWNERS: Position(first)})
        await follower.start()
        try:
            while follower.positions[OWNERS].offset < end:
                if not (entries := await follower.poll(POLL_MS, CHUNK)):
                    await self._log.ends([OWNERS])
                for entry in entries:
                    event = entry.decoded[1] if isinstance(entry.decoded, tuple) else None
                    if isinstance(event, OwnerAnnounced) and entry.record.offset < end:
                        self._announced(event)
        finally:
            await follower.stop()

    def _announced(self, event: OwnerAnnounced) -> None:
        tp = (event.topic, event.partition)
        if tp in self._claims and self._claims[tp].get(event.claim_offset) != (event.epoch, event.nonce):
            told = f"{OWNERS[0]} tells of claim {event.epoch} there, which the log does not hold"
            self.findings.add("claim-announced", Place(*tp, event.claim_offset), told)

    async def _compare_tables(self) -> int:
        if self._standing is None or self._standing.foreign:
            return 0
        return await tables.compare(self._shelf, self.findings, self._excepted, self._tell)

    async def _check_objects(self) -> int:
        if self._store is None or self._depth == "none":
            return 0
        (total,) = self._shelf.one("SELECT count(*) FROM (SELECT 1 FROM files GROUP BY account, sha256)")
        moved = Moving(self._tell, "objects", total)
        return await objects.check(
            self._store, self._shelf, self.findings, self._closed, self._erased, self._depth, moved
        )
