"""All ownerships of one process: one producer, one directory, one owner for each partition it may be asked to own."""

import asyncio
import os
from collections.abc import Mapping
from typing import Any, Final

import structlog

from adapters.kafka.appenders import Appenders
from adapters.kafka.claims import Claim
from adapters.kafka.directory import REANNOUNCE_S, Directory, announce
from adapters.kafka.membership import Membership
from adapters.kafka.metrics import OWNED, PARTITIONS, SNAPSHOTS_FAILED
from adapters.kafka.owner import OnOwned, PartitionOwner
from adapters.kafka.port import AppendFailed, Log, LogUnavailable
from adapters.kafka.position import TP
from adapters.kafka.snapshots import Snapshots
from adapters.kafka.topics import Topic
from adapters.kafka.writer import EventWriter
from domain.decider import Decider

_ROUNDS_S: Final = 2.0
_SNAPSHOTS_S: Final = 8.0
log = structlog.get_logger(__name__)


class Host:
    """`address`: where other processes forward commands to. `beside`: per topic, what runs while a partition is owned.

    `group`: Kafka group whose members share the partitions; None: this process wants them all (tests, the scheduler).
    `connections`: over which its partitions are appended to.
    """

    def __init__(
        self,
        log_: Log,
        deciders: Mapping[Topic, Decider[Any, Any]],
        *,
        bootstrap: str = "",
        address: str,
        source: str,
        group: str | None,
        member: str | None = None,
        beside: Mapping[Topic, OnOwned] | None = None,
        snapshots: Snapshots | None = None,
        connections: int = 1,
    ) -> None:
        self._log = log_
        self._appenders = Appenders(log_, connections)
        self._writer = EventWriter(log_, source)
        self._beside = dict(beside or {})
        self._running: list[asyncio.Task[None]] = []
        self._membership: Membership | None = None
        self.directory = Directory(log_, self._heard)
        for topic in deciders:
            PARTITIONS.labels(topic.name).set(topic.partitions)
            OWNED.labels(topic.name)  # 0 is said too
            SNAPSHOTS_FAILED.labels(topic.name)  # 0 from the beginning: a first failure is an increase
        self.owners: dict[TP, PartitionOwner] = {
            (topic.name, p): PartitionOwner(
                log_,
                self._appenders,
                (topic.name, p),
                decider,
                address=address,
                source=source,
                on_owned=self._owned(topic),
                snapshots=snapshots,
            )
            for topic, decider in deciders.items()
            for p in range(topic.partitions)
        }
        if group is not None:
            names = [topic.name for topic in deciders]
            self._membership = Membership(bootstrap, group, names, self._want, member)

    async def start(self) -> None:
        await self.directory.start()
        self._running = [asyncio.create_task(_vital(owner)) for owner in self.owners.values()]
        if self._membership is not None:
            await self._membership.start()
        else:
            self._want(frozenset(self.owners))

    async def stop(self) -> None:
        """Finish the rounds in flight, then let go of everything."""
        for owner in self.owners.values():
            owner.stop()
        _, late = await asyncio.wait(self._running, timeout=_ROUNDS_S) if self._running else ((), ())
        if self._membership is not None:  # others take over; only snapshots are still on their way
            await self._membership.stop()
        if late:
            _, late = await asyncio.wait(late, timeout=_SNAPSHOTS_S)
        for task in late:
            task.cancel()
        await self.directory.stop()
        await self._writer.stop()
        await self._appenders.close()

    def _want(self, wanted: frozenset[TP]) -> None:
        for tp, owner in self.owners.items():
            owner.want(tp in wanted)

    def _heard(self, tp: TP, claim: Claim) -> None:
        if (owner := self.owners.get(tp)) is not None:
            owner.heard_of_epoch(claim.epoch)

    def _owned(self, topic: Topic) -> OnOwned:
        async def owned(owner: PartitionOwner) -> None:
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._announce(owner))
                    if (more := self._beside.get(topic)) is not None:
                        tasks.create_task(more(owner))
            except Exception:
                log.exception("beside an ownership", topic=owner.tp[0], partition=owner.tp[1])
                owner.heard_of_epoch(1 << 62)  # it ends; the next one begins beside anew

        return owned

    async def _announce(self, owner: PartitionOwner) -> None:
        """At once, and every hour: the topic is kept for a day."""
        while (claim := owner.claim) is not None:
            pause = REANNOUNCE_S
            try:
                await announce(self._writer, owner.tp, claim)
            except (AppendFailed, LogUnavailable) as error:
                log.warning("announcement failed; trying again", partition=owner.tp, why=str(error))
                pause = 0.2
            await asyncio.sleep(pause)


async def _vital(owner: PartitionOwner) -> None:
    """An owner's loop must not end by an error that nobody expected: the process ends, and is started anew."""
    try:
        await owner.run()
    except asyncio.CancelledError:
        raise
    except BaseException:  # noqa: BLE001 - whatever it was, the process must not live on without this owner
        try:
            log.critical("the owner's loop failed; the process ends", partition=owner.tp, exc_info=True)
        finally:
            os._exit(70)
