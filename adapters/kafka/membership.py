"""Which partitions this process should own: Kafka's group membership, used as a hint alone.

The group's consumer reads nothing: all its partitions are paused. Who owns a partition is proven by the log.
"""

import asyncio
import time
from collections.abc import Callable, Collection
from typing import Final

import structlog
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError

from adapters.kafka.connections import AIOKafkaConsumer
from adapters.kafka.leaving import ended
from adapters.kafka.position import TP

SESSION_MS: Final = 6_000
REBALANCE_MS: Final = 5_000
ANSWER_MS: Final = 8_000
"""How long the broker has for an answer. Joining takes as long as a rebalance may.

The group gives a member's partitions to others when its session is over. A member that waits for an answer which will
not come (its connection is half open) does not know that, and claims against them.
"""
CHECK_S: Final = 2.0
LEASE_S: Final = 12.0
"""How long a member goes on that cannot confirm that it still is one: two sessions."""
log = structlog.get_logger(__name__)


class NotConfirmed(Exception):
    """The group may have forgotten this member."""


class Membership(ConsumerRebalanceListener):  # type: ignore[misc]
    """`on_change(wanted)` gets the partitions this member should own, whenever they change."""

    def __init__(
        self,
        bootstrap: str,
        group: str,
        topics: Collection[str],
        on_change: Callable[[frozenset[TP]], None],
        member: str | None = None,
    ) -> None:
        self._bootstrap, self._group, self._topics, self._member = bootstrap, group, topics, member
        self._on_change = on_change
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._take_part())

    async def stop(self) -> None:
        """Leave the group, so that others are asked at once."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Nothing yet: an owner goes on until it knows what it is still wanted for."""

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        log.info("wanted", partitions=sorted(f"{tp.topic}/{tp.partition}" for tp in assigned))
        self._on_change(frozenset((tp.topic, tp.partition) for tp in assigned))

    async def _take_part(self) -> None:
        while True:
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self._bootstrap,
                group_id=self._group,
                group_instance_id=self._member,
                enable_auto_commit=False,
                auto_offset_reset="latest",
                session_timeout_ms=SESSION_MS,
                heartbeat_interval_ms=1_000,
                max_poll_interval_ms=60_000,
                rebalance_timeout_ms=REBALANCE_MS,
                request_timeout_ms=ANSWER_MS,
                partition_assignment_strategy=(StickyPartitionAssignor,),
            )
            try:
                await consumer.start()
                consumer.subscribe(list(self._topics), listener=self)
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(_poll(consumer))
                    tasks.create_task(_confirm(consumer))
            except Exception as error:  # noqa: BLE001 - whatever it was, a member that is none must not go on claiming
                log.warning("group membership lost; trying again", why=repr(error))
                self._on_change(frozenset())
                await asyncio.sleep(0.5)
            finally:
                # One that is stuck must not keep the next one from its turn.
                if (failure := await ended(consumer.stop())) is not None:
                    log.info("leaving the group failed", why=repr(failure))


async def _poll(consumer: AIOKafkaConsumer) -> None:
    """Nothing is read; a consumer that does not ask is put out of its group."""
    while True:
        if active := consumer.assignment() - consumer.paused():
            consumer.pause(*active)
        await consumer.getmany(timeout_ms=500)


async def _confirm(consumer: AIOKafkaConsumer) -> None:
    """Raises NotConfirmed when this has not been a member of the group for a while, whatever the library believes.

    Only a member of the present generation may commit an offset. (The library's heartbeats may end without a word: seen
    after a connection was reset. The group had given the partitions to others, and this process claimed on.)
    """
    confirmed = time.monotonic()
    while True:
        await asyncio.sleep(CHECK_S)
        assigned = consumer.assignment()
        try:
            async with asyncio.timeout(CHECK_S):
                if assigned:
                    await consumer.commit({min(assigned): 0})
            confirmed = time.monotonic()
        except (KafkaError, TimeoutError) as error:
            if time.monotonic() - confirmed > LEASE_S:
                raise NotConfirmed(repr(error)) from error
