"""Sending a command to the owner of its partition, in this process or another, until its outcome is known."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final, Literal, TypeVar

import aiohttp
import msgspec
import structlog

from adapters.coalescing import Coalescing
from adapters.commands.gate import decide
from adapters.commands.metrics import FORWARD_SECONDS
from adapters.commands.wire import SIGNATURE, Answer, Answers, Forward, Forwards, Question, sign
from adapters.errors import DependencyDown, NoOwner, OutcomePending
from adapters.ids import new_id
from adapters.kafka.claims import Claim
from adapters.kafka.directory import Directory
from adapters.kafka.host import Host
from adapters.kafka.owner import PartitionOwner
from adapters.kafka.position import TP
from adapters.kafka.requests import Applied, NotOwner, Request
from adapters.kafka.topics import Topic
from adapters.telemetry import tracing
from domain.decider import Context
from domain.errors import from_wire

PATIENCE_S: Final = 30.0
"""How long an answer is held while nobody owns the partition or an outcome is open."""
COMMANDS: Final = "/internal/commands"
BATCH: Final = "/internal/commands/batch"
MOST_FORWARDS: Final = 200
_ASK_AGAIN_S: Final = 0.2
_PENDING_KEYED: Final = "The command may have been applied. Repeat it with the same Idempotency-Key."
_PENDING: Final = "The command may have been applied. See what became of it before you repeat it."
Found = TypeVar("Found", Answer, Answers)
log = structlog.get_logger(__name__)


class CommandClient:
    """`host`: the owners of this process, if it has any. `key`: the internal signing key."""

    def __init__(
        self, directory: Directory, key: bytes, host: Host | None = None, *, patience_s: float = PATIENCE_S
    ) -> None:
        self._directory, self._key, self._host = directory, key, host
        self._patience_s = patience_s
        self._session: aiohttp.ClientSession | None = None
        self._forwards: dict[str, Coalescing[Forward, Answer]] = {}
        """By address."""

    async def stop(self) -> None:
        for forwards in self._forwards.values():
            await forwards.stop()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(
        self, topic: Topic, partition: int, command: Any, context: Context, timeout_s: float | None = None
    ) -> Applied:
        """Decide `command`, once. Raises DomainError (refused: nothing written), NoOwner and DependencyDown (503,
        nothing written), OutcomePending (503: it may have been applied; repeat with the same idempotency key)."""
        tp = (topic.name, partition)
        deadline = asyncio.get_running_loop().time() + (self._patience_s if timeout_s is None else timeout_s)
        while True:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                raise NoOwner(f"No process has decided for {topic.name}/{partition} in time. Nothing was written.")
            answer, claim = await self._try(tp, command, context, left)
            if answer.kind == "open":
                answer = await self._settle(tp, claim, context, deadline)
            match answer.kind:
                case "applied" if answer.applied is not None:
                    return answer.applied
                case "refused" if answer.refusal is not None:
                    raise from_wire(answer.refusal)
                case "open":
                    raise OutcomePending(_PENDING_KEYED if context.idempotency_key else _PENDING)
                case "log-down":
                    raise DependencyDown(f"Kafka does not answer ({answer.detail}). Nothing was written.")
                case "never":
                    context = msgspec.structs.replace(context, command_id=new_id())
                case _:
                    left = deadline - asyncio.get_running_loop().time()
                    await self._directory.newer(tp, claim, min(_ASK_AGAIN_S, left))

    async def _try(self, tp: TP, command: Any, context: Context, left: float) -> tuple[Answer, Claim | None]:
        """One attempt with whoever seems to own the partition."""
        local = self._host.owners.get(tp) if self._host else None
        if local is not None and local.claim is not None:
            claim = local.claim
            return await decide(local, Request(command, context), left), claim
        known = self._directory.owner(tp)
        if known is None or (local is not None and known.address == local.address):
            return Answer(kind="not-owner"), known
        span = tracing.start("forward", context.traceparent, "client", server__address=known.address)
        forward = Forward(
            topic=tp[0],
            partition=tp[1],
            epoch=known.epoch,
            nonce=known.nonce,
            command=msgspec.Raw(msgspec.json.encode(command)),
            context=msgspec.structs.replace(context, traceparent=span.traceparent),
            timeout_s=left,
        )
        with span:
            answer = await self._forward(known.address, forward)
            span.set(lathe__answer=answer.kind)
        return answer, known

    async def _forward(self, address: str, forward: Forward) -> Answer:
        """Together with others to the same process, if there are some just now."""
        forwards = self._forwards.get(address)
        if forwards is None:
            forwards = Coalescing(lambda several: self._post_all(address, several), MOST_FORWARDS)
            self._forwards[address] = forwards
        try:
            async with asyncio.timeout(forward.timeout_s + 1):
                return await forwards.ask(forward)
        except (TimeoutError, ConnectionError):
            return Answer(kind="open")

    async def _post_all(self, address: str, forwards: Sequence[Forward]) -> Sequence[Answer]:
        if len(forwards) == 1:
            (one,) = forwards
            traceparent = one.context.traceparent
            return [await self._post(address, COMMANDS, one, one.timeout_s + 1, one.context, traceparent)]
        began = time.perf_counter()
        timeout_s = max(forward.timeout_s for forward in forwards) + 1
        found = await self._ask(address, BATCH, Forwards(forwards=tuple(forwards)), timeout_s, {}, Answers)
        seconds = time.perf_counter() - began
        answers = found.answers if isinstance(found, Answers) else (found,) * len(forwards)
        if len(answers) != len(forwards):
            answers = (Answer(kind="open"),) * len(forwards)
        for answer in answers:
            FORWARD_SECONDS.labels(BATCH, answer.kind).observe(seconds)
        return answers

    async def _settle(self, tp: TP, claim: Claim | None, context: Context, deadline: float) -> Answer:
        """Ask until the outcome is certain, or time is up ("open")."""
        assert claim is not None, "an outcome can only be open if somebody was addressed"
        command_id = context.command_id
        question = Question(topic=tp[0], partition=tp[1], epoch=claim.epoch, command_id=command_id)
        while (left := deadline - asyncio.get_running_loop().time()) > 0:
            local = self._host.owners.get(tp) if self._host else None
            if local is not None and local.claim is not None:
                outcome = await _outcome(local, command_id, claim.epoch)
                answer = Answer(kind=outcome) if isinstance(outcome, str) else Answer(kind="applied", applied=outcome)
            else:
                owner = self._directory.owner(tp) or claim
                answer = await self._post(owner.address, "/internal/outcomes", question, min(left, 5), context)
            if answer.kind in ("applied", "never"):
                return answer
            await self._directory.newer(tp, self._directory.owner(tp), min(_ASK_AGAIN_S, left))
        return Answer(kind="open")

    async def _post(
        self,
        address: str,
        path: str,
        message: msgspec.Struct,
        timeout_s: float,
        context: Context,
        traceparent: str | None = None,
    ) -> Answer:
        """An answer of the process at `address`; "not-owner" if it was never reached, "open" if it fell silent.

        The request there carries this one's id, so that both stand under it in the logs.
        """
        began = time.perf_counter()
        answer = await self._ask(address, path, message, timeout_s, _headers(context, traceparent), Answer)
        FORWARD_SECONDS.labels(path, answer.kind).observe(time.perf_counter() - began)
        return answer

    async def _ask(
        self,
        address: str,
        path: str,
        message: msgspec.Struct,
        timeout_s: float,
        headers: dict[str, str],
        expected: type[Found],
    ) -> Found | Answer:
        body = msgspec.json.encode(message)
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30))
        try:
            async with self._session.post(
                address + path,
                data=body,
                headers={SIGNATURE: sign(self._key, body), "content-type": "application/json", **headers},
                timeout=aiohttp.ClientTimeout(total=timeout_s, connect=2),
            ) as response:
                if response.status >= 500:
                    return Answer(kind="open")
                if response.status != 200:
                    log.error("a forward was refused", address=address, status=response.status)
                    return Answer(kind="not-owner")
                return msgspec.json.decode(await response.read(), type=expected)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            return Answer(kind="not-owner")
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.MsgspecError):
            return Answer(kind="open")


async def _outcome(owner: PartitionOwner, command_id: str, epoch: int) -> Applied | Literal["open", "never"]:
    try:
        return await owner.outcome(command_id, epoch)
    except NotOwner:
        return "open"


def _headers(context: Context, traceparent: str | None) -> dict[str, str]:
    headers = {"x-request-id": context.correlation_id}
    return headers if traceparent is None else headers | {"traceparent": traceparent}
