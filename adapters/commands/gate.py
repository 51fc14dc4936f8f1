"""The owner's side of forwarding: what `POST /internal/commands` and `/internal/outcomes` do."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from adapters.commands.wire import COMMANDS, Answer, Answers, Forward, Forwards, Question
from adapters.kafka.owner import PartitionOwner
from adapters.kafka.port import LogUnavailable
from adapters.kafka.position import TP
from adapters.kafka.requests import NotApplied, NotOwner, Request
from adapters.telemetry.subject import bind
from domain.errors import DomainError

_decoders: Final = {topic: msgspec.json.Decoder(union) for topic, union in COMMANDS.items()}

TOGETHER_S: Final = 0.25
"""How long the answers to commands that were forwarded together wait for each other."""


class Gate:
    """Takes forwarded commands to the owners of this process."""

    def __init__(self, owners: Mapping[TP, PartitionOwner]) -> None:
        self._owners = owners
        self._deciding: set[asyncio.Task[Answer]] = set()

    async def command(self, body: bytes) -> Answer:
        """Decide a forwarded command. Raises msgspec.MsgspecError, KeyError for a malformed one."""
        forward = msgspec.json.decode(body, type=Forward)
        return await self._decide(forward, *self._read(forward))

    async def commands(self, body: bytes) -> Answers:
        """Decide several. What takes long is answered `open`: it may be asked about, and the others are not held up.

        Raises msgspec.MsgspecError, KeyError when one is malformed; then none was decided.
        """
        forwards = msgspec.json.decode(body, type=Forwards).forwards
        read = [(forward, *self._read(forward)) for forward in forwards]
        deciding = [asyncio.create_task(self._decide(*one)) for one in read]
        for task in deciding:
            self._deciding.add(task)
            task.add_done_callback(self._deciding.discard)
        if deciding:
            await asyncio.wait(deciding, timeout=TOGETHER_S)
        return Answers(answers=tuple(task.result() if task.done() else Answer(kind="open") for task in deciding))

    def _read(self, forward: Forward) -> tuple[PartitionOwner, Any]:
        command = _decoders[forward.topic].decode(forward.command)
        return self._owners[forward.topic, forward.partition], command

    async def _decide(self, forward: Forward, owner: PartitionOwner, command: Any) -> Answer:
        context = forward.context
        bind(correlation_id=context.correlation_id, traceparent=context.traceparent)
        return await decide(owner, Request(command, context), forward.timeout_s, (forward.epoch, forward.nonce))

    async def outcome(self, body: bytes) -> Answer:
        """Tell what became of a command. Raises msgspec.MsgspecError, KeyError for a malformed question."""
        question = msgspec.json.decode(body, type=Question)
        owner = self._owners[question.topic, question.partition]
        try:
            outcome = await owner.outcome(question.command_id, question.epoch)
        except NotOwner:
            return Answer(kind="not-owner")
        return Answer(kind=outcome) if isinstance(outcome, str) else Answer(kind="applied", applied=outcome)


async def decide(
    owner: PartitionOwner, request: Request, timeout_s: float, under: tuple[int, str] | None = None
) -> Answer:
    """Hand a request to an owner of this process and wait. Whoever waits may go: the request stays."""
    try:
        future = owner.submit(request, under)
        async with asyncio.timeout(timeout_s):
            return Answer(kind="applied", applied=await asyncio.shield(future))
    except DomainError as refusal:
        return Answer(kind="refused", refusal=refusal.to_wire())
    except NotOwner:
        return Answer(kind="not-owner")
    except NotApplied as error:
        return Answer(kind="never", detail=str(error))
    except LogUnavailable as error:
        return Answer(kind="log-down", detail=str(error))
    except TimeoutError:
        return Answer(kind="never" if owner.withdraw(request) else "open")
