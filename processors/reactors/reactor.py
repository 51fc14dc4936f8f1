"""Following truth topics and sending the internal commands that follow from their events."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
import structlog

from adapters.commands.client import CommandClient
from adapters.commands.reactions import Reaction, open_account
from adapters.errors import Unavailable
from adapters.kafka.follower import Entry, Follower
from adapters.kafka.lag import watch_lag
from adapters.kafka.lost_place import has_place, wait_for_place
from adapters.kafka.place import require_place
from adapters.kafka.port import Log, LogTruncated, LogUnavailable
from adapters.kafka.position import TP
from adapters.kafka.record import Undecodable
from adapters.kafka.topics import IDENTITY
from adapters.postgres.away import AWAY
from adapters.telemetry.subject import about
from domain.envelope import Envelope
from domain.errors import DomainError
from domain.identity.events import UserRegistered
from processors.reactors.cursors import Cursors

React = Callable[[Envelope, Any], Reaction]
REACTIONS: Final[Mapping[type[msgspec.Struct], tuple[React, ...]]] = {
    UserRegistered: (open_account,),
}
"""A new reaction is one function in adapters/commands/reactions.py and one line here."""

FOLLOWED: Final[tuple[TP, ...]] = ((IDENTITY.name, 0),)
NAME: Final = "reactors"
log = structlog.get_logger(__name__)


class Reactor:
    """Remembers its position only after the commands of all events before it were answered.

    So a death between two events leads to repeats, never to gaps; repeats lead to nothing, by their keys.
    """

    def __init__(self, log_: Log, commands: CommandClient, cursors: Cursors) -> None:
        self._log, self._commands, self._cursors = log_, commands, cursors

    async def run(self) -> None:
        """React until cancelled. While Kafka or PostgreSQL is away it begins again where it last saved; so it does
        when the log holds that place again."""
        while True:
            try:
                await self._follow()
            except (*AWAY, LogUnavailable) as error:
                log.warning("cannot follow; trying again", why=str(error) or repr(error))
                await asyncio.sleep(0.5)
            except LogTruncated as error:
                await wait_for_place(NAME, error)

    async def _follow(self) -> None:
        follower = Follower(self._log, await self._cursors.load(NAME, FOLLOWED))
        await require_place(self._log, follower.positions)
        await follower.start()
        lag = asyncio.create_task(watch_lag(NAME, follower.ends, lambda: _offsets(follower), (LogUnavailable,)))
        try:
            while True:
                entries = await follower.poll(500)
                has_place(NAME)
                for entry in entries:
                    for reaction in reactions_to(entry):
                        await self._send(reaction)
                if entries:
                    await self._cursors.save(NAME, follower.positions)
        finally:
            lag.cancel()
            await asyncio.wait([lag])
            await follower.stop()

    async def _send(self, reaction: Reaction) -> None:
        """Send until it was decided: a refusal is a decision, and is logged."""
        context = reaction.context
        ids = {"correlation_id": context.correlation_id, "traceparent": context.traceparent}
        with about(**ids, account=getattr(reaction.command, "account_id", None)):
            await self._send_until_decided(reaction)

    async def _send_until_decided(self, reaction: Reaction) -> None:
        while True:
            try:
                await self._commands.send(reaction.topic, reaction.partition, reaction.command, reaction.context)
                log.info("reacted", command=type(reaction.command).__name__)
                return
            except DomainError as refusal:
                log.error("a reaction was refused", command=type(reaction.command).__name__, why=refusal.detail)
                return
            except Unavailable as error:
                log.warning("a reaction waits", command=type(reaction.command).__name__, why=error.detail)
                await asyncio.sleep(error.retry_after_s)


def _offsets(follower: Follower) -> dict[TP, int]:
    return {tp: position.offset for tp, position in follower.positions.items()}


def reactions_to(entry: Entry) -> list[Reaction]:
    """What follows from a record; nothing from one that cannot be read."""
    if entry.decoded is None or isinstance(entry.decoded, Undecodable):
        return []
    envelope, event = entry.decoded
    return [react(envelope, event) for react in REACTIONS.get(type(event), ())]
