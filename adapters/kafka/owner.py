"""The single writer of one partition: claim, fold, decide, append, step down (docs/decisions/0001).

A term is one life of an ownership: read the log to its end, claim, read on to the claim, then decide in rounds until
anything but a perfect ack comes back. Nothing is carried from one term to the next except the open outcomes, which
only the log can settle.
"""

import asyncio
import random
import secrets
import time
from collections import deque
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec
import structlog

from adapters.cancellation import was_cancelled
from adapters.kafka.appenders import Appenders
from adapters.kafka.batch import Round
from adapters.kafka.claims import Claim, claim_record
from adapters.kafka.confirmation import Confirmation
from adapters.kafka.fold import PartitionFold
from adapters.kafka.follower import Entry, Follower
from adapters.kafka.hindsight import Hindsight
from adapters.kafka.keeping import Keeping
from adapters.kafka.metrics import (
    APPENDED,
    CLAIMS,
    OPEN_NOW,
    OPEN_OUTCOMES,
    OWNED,
    STEP_DOWNS,
    TAKEOVER_SECONDS,
    TAKEOVERS,
)
from adapters.kafka.port import Appender, AppendFailed, Log, LogTruncated, LogUnavailable
from adapters.kafka.position import TP, Position
from adapters.kafka.requests import Applied, NotApplied, NotOwner, Request, position_text
from adapters.kafka.snapshots import Snapshots
from adapters.telemetry import tracing
from domain.decider import Decider

OTHERS_FIRST_S: Final = 2.0
"""With open outcomes and no assignment: how long others get to claim before this process does."""
_jitter: Final = random.SystemRandom()
log = structlog.get_logger(__name__)
OnOwned = Callable[["PartitionOwner"], Coroutine[Any, Any, None]]


class SteppedDown(Exception):
    """This term is over."""


class PartitionOwner:
    """Owns a partition while it is `wanted`. `on_owned` runs beside each ownership and is cancelled with it."""

    def __init__(
        self,
        log_: Log,
        appenders: Appenders,
        tp: TP,
        decider: Decider[Any, Any],
        *,
        address: str,
        source: str,
        on_owned: OnOwned | None = None,
        snapshots: Snapshots | None = None,
    ) -> None:
        self.tp = tp
        self.fold: PartitionFold[Any] = PartitionFold(tp, decider)
        self.claim: Claim | None = None
        """The claim in force; None while this process does not own the partition."""
        self._log, self._appenders, self._decider = log_, appenders, decider
        self.address = address
        self._source, self._on_owned = source, on_owned
        self._snapshots = snapshots
        self._keeping: Keeping | None = None
        self._last_record = ""
        """`ce_id` of the last record that was folded or acknowledged."""
        self._queue: deque[Request] = deque()
        self._inflight: dict[str, Request] = {}
        self._barred: set[str] = set()
        self._open: dict[tuple[int, int], tuple[Request, Applied]] = {}
        self._open_from: int | None = None
        """Where the first of them may stand: no fold may begin behind it, or nobody would see what became of it."""
        self._wanted = False
        self._leaving = False
        """Not wanted at some time of this term: it ends, as those who asked then were told, wanted again or not."""
        self._stopping = False
        self._superseded = False
        self._changed = asyncio.Event()
        self._confirmation = Confirmation()
        self._hindsight = Hindsight(log_, tp, self._again)

    def want(self, wanted: bool) -> None:
        """The group's suggestion: should this process own the partition?"""
        self._wanted = wanted
        self._leaving = self._leaving or not wanted
        self._changed.set()

    def heard_of_epoch(self, epoch: int) -> None:
        """Somebody announced a claim: an older one than that is over."""
        if self.claim is not None and epoch > self.claim.epoch:
            self._superseded = True
            self._changed.set()

    def stop(self) -> None:
        """End after the round in flight."""
        self._stopping = True
        self._changed.set()

    def submit(self, request: Request, under: tuple[int, str] | None = None) -> "asyncio.Future[Applied]":
        """Queue a command; the future tells. `under`: only in that (epoch, nonce). Raises NotOwner, NotApplied."""
        claim = self.claim
        if claim is None or self._stopping or self._leaving:
            raise NotOwner(f"{self.tp} is not owned here")
        if under is not None and under != (claim.epoch, claim.nonce):
            raise NotOwner(f"{self.tp} is owned here in epoch {claim.epoch}, not {under[0]}")
        command_id = request.context.command_id
        if command_id in self._barred:
            raise NotApplied("this command id was given up")
        if (same := self._inflight.get(command_id)) is not None:
            return same.future
        if tracing.is_on():
            request.trace(*self.tp)
        self._inflight[command_id] = request
        self._queue.append(request)
        request.future.add_done_callback(lambda _: self._inflight.pop(command_id, None))
        self._changed.set()
        return request.future

    def withdraw(self, request: Request) -> bool:
        """Take back a request that was not yet decided. True: it will never be applied."""
        try:
            self._queue.remove(request)
        except ValueError:
            return False
        request.fail(NotApplied("withdrawn before it was decided"))
        return True

    async def outcome(self, command_id: str, epoch: int) -> Applied | Literal["open", "never"]:
        """What became of a command addressed to the owner of `epoch`. "never" bars the id. Raises NotOwner."""
        await self._confirmation.wait()  # what the answer shows is in the log
        claim = self.claim
        if claim is None or claim.epoch < epoch:
            raise NotOwner(f"{self.tp} is not owned here in epoch {epoch} or later")
        if command_id in self._inflight or any(r.context.command_id == command_id for r, _ in self._open.values()):
            return "open"
        if (offset := self.fold.recent.offset(command_id)) is not None:
            try:
                return await self._hindsight.told(offset, self.fold, lambda: self._confirmed(claim))
            except LogUnavailable:
                return "open"
        if claim.epoch == epoch:
            self._barred.add(command_id)
        return "never"

    async def _confirmed(self, claim: Claim) -> None:
        """Wait until the state holds nothing that is not in the log. Raises NotOwner when this ownership is over."""
        await self._confirmation.wait()
        if self.claim is not claim:
            raise NotOwner(f"{self.tp} is not owned here any more")

    def _again(self, request: Request) -> None:
        """Its events are at hand now: it takes its place at the end of the queue."""
        self._queue.append(request)
        self._changed.set()

    async def run(self) -> None:
        """Terms, one after another, until `stop()`."""
        failures = 0
        while not self._stopping:
            if not self._wanted and not self._open:
                await self._wait_for_change()
                continue
            try:
                await self._term()
                failures = 0
            except SteppedDown as reason:
                failures += 1
                log.info("stepped down", topic=self.tp[0], partition=self.tp[1], reason=str(reason))
            except LogTruncated:
                raise
            except (LogUnavailable, AppendFailed, asyncio.CancelledError) as error:
                if was_cancelled(error):
                    raise
                failures += 1
                log.warning("no ownership", topic=self.tp[0], partition=self.tp[1], why=repr(error))
            if failures:
                await asyncio.sleep(_jitter.uniform(0.02, 0.1) * min(2**failures, 32))

    async def _term(self) -> None:
        began = time.perf_counter()
        self._barred.clear()
        start = await self._begin()
        appender, claim = await self._win()
        if claim is None or appender is None:
            return
        TAKEOVER_SECONDS.labels(self.tp[0], start).observe(time.perf_counter() - began)
        CLAIMS.labels(self.tp[0]).inc()
        if claim.epoch > 1:
            TAKEOVERS.labels(self.tp[0]).inc()
        OWNED.labels(self.tp[0]).inc()
        self.claim, self._leaving = claim, not self._wanted
        log.info("owned", topic=self.tp[0], partition=self.tp[1], epoch=claim.epoch, offset=claim.offset)
        beside = asyncio.create_task(self._on_owned(self)) if self._on_owned else None
        try:
            position = await self._decide_and_append(appender, claim)
        except SteppedDown as down:
            STEP_DOWNS.labels(self.tp[0], str(down).split(":")[0]).inc()
            raise
        finally:
            self.claim = None
            self._superseded = False  # that was about this claim; who is not wanted any more waits for a change
            self._confirmation.give_up()
            OWNED.labels(self.tp[0]).dec()
            if beside is not None:
                beside.cancel()
            for request in (*self._queue, *self._hindsight.end()):
                request.fail(NotApplied("the ownership ended before it was decided"))
            self._queue.clear()
        if self._keeping is not None and self._stopping:  # nobody waits for this
            await self._keeping.finish(self.fold, position, self._last_record)

    async def _begin(self) -> str:
        """A fold to read on with; tells where it begins. Raises LogUnavailable."""
        fold = None
        if self._snapshots is not None:
            fold = await self._snapshots.load(self.tp, self._decider, self._open_from if self._open else None)
            self._keeping = Keeping(self._snapshots, 0 if fold is None else fold.position.offset)
        self.fold = fold or PartitionFold(self.tp, self._decider)
        return "beginning" if fold is None else "snapshot"

    async def _win(self) -> tuple[Appender | None, Claim | None]:
        """Read, claim, and read on until the claim is judged. (None, None): it is not ours to claim any more."""
        follower = Follower(self._log, {self.tp: self.fold.position})
        await follower.start()
        try:
            patience = asyncio.get_running_loop().time() + OTHERS_FIRST_S
            lost = 0
            while True:
                await self._read_to_end(follower)
                if self._stopping or (not self._wanted and not self._open):
                    return None, None
                if not self._wanted and asyncio.get_running_loop().time() < patience:
                    self._fold_all(await follower.poll(100))
                    continue
                appender = await self._appenders.get(self.tp)
                nonce = secrets.token_hex(8)
                epoch = self.fold.position.epoch + 1
                try:
                    await appender.append(self.tp, [claim_record(self.tp, epoch, nonce, self.address)])
                except AppendFailed:
                    await self._appenders.discard(appender)
                    raise
                if (claim := await self._find(follower, nonce, epoch)) is not None:
                    return appender, claim
                lost += 1
                await asyncio.sleep(_jitter.uniform(0.05, 0.3) * min(lost, 5))
        finally:
            await follower.stop()

    async def _find(self, follower: Follower, nonce: str, epoch: int) -> Claim | None:
        """Read on until the claim with this very nonce is seen. None: it is void."""
        mine = nonce.encode()
        while True:
            entries = await follower.poll(1000)
            for i, entry in enumerate(entries):
                self._fold_all([entry])
                if ("ce_ownernonce", mine) in entry.record.headers:
                    if entry.kind != "claim":
                        self._fold_all(entries[i + 1 :])
                        return None
                    self._last_record = entry.record.by_name["ce_id"].decode()
                    return Claim(epoch, nonce, self.address, entry.record.offset)

    async def _read_to_end(self, follower: Follower) -> None:
        ends = await follower.ends()
        while not follower.has_passed(ends):
            self._fold_all(await follower.poll(1000))

    def _fold_all(self, entries: list[Entry]) -> None:
        for entry in entries:
            self.fold.apply(entry)
            if self._open:
                self._settle_open(entry)

    def _settle_open(self, entry: Entry) -> None:
        """The only two proofs: the record read as valid, or a valid claim of a higher epoch read before it."""
        if entry.kind == "event":
            if (pair := self._open.pop((entry.after.epoch, entry.after.seq), None)) is not None:
                OPEN_NOW.labels(self.tp[0]).dec()
                request, applied = pair
                offset = entry.record.offset
                if ("ce_id", (applied.event_id or "").encode()) in entry.record.headers:
                    request.answer(msgspec.structs.replace(applied, position=position_text(*self.tp, offset)))
                else:  # forged: it took the sequence number, so ours can never count
                    request.fail(NotApplied("another record stands in its place"))
        elif entry.kind == "claim":
            for at in [at for at in self._open if at[0] < entry.after.epoch]:
                OPEN_NOW.labels(self.tp[0]).dec()
                self._open.pop(at)[0].fail(NotApplied("superseded before it was written"))

    async def _decide_and_append(self, appender: Appender, claim: Claim) -> Position:
        """Until the ownership is not wanted any more: where all that was appended ends. Raises SteppedDown."""
        expected, seq = claim.offset + 1, 0
        clock, rush, began = asyncio.get_running_loop().time, self._appenders.rush, 0.0
        while True:
            if self._superseded:
                raise SteppedDown("superseded: a later claim was announced")
            position = Position(expected, claim.epoch, claim.nonce, seq)
            if self._stopping or self._leaving:
                return position
            if self._keeping is not None:
                self._keeping.consider(self.fold, position, self._last_record)
            if not self._queue:
                await self._wait_for_change()
                continue
            if rest_s := rush.rest_s(began, clock()):
                await asyncio.sleep(rest_s)
                continue
            began = clock()
            rush.note(len(self._queue), began)
            round_ = Round(self.fold, claim.epoch, seq, expected, self._source)
            while self._queue and not round_.full:
                round_.decide(self._queue.popleft(), datetime.now(UTC))
            for request, missing in round_.recalls:
                self._hindsight.recall(request, missing.offsets)
            if round_.records:
                self._confirmation.begin()
                await self._append(appender, round_, expected)
                await self._confirmation.end()
                expected += len(round_.records)
                seq += len(round_.records)
            if round_.settled:
                if not round_.records:
                    await self._prove(round_, expected)
                round_.settle()

    async def _append(self, appender: Appender, round_: Round[Any], expected: int) -> None:
        """Append a round; only the expected offset proves that nothing else was written in between."""
        try:
            base = await appender.append(self.tp, round_.records)
        except BaseException as error:
            self._step_down_with(round_, expected)
            await self._appenders.discard(appender)
            if isinstance(error, AppendFailed):
                raise SteppedDown(f"append failed: {error}") from error
            raise
        if base != expected:
            self._step_down_with(round_, expected)
            raise SteppedDown(f"superseded: landed at {base}, expected {expected}")
        APPENDED.labels(self.tp[0]).inc(len(round_.records))
        self._last_record = round_.applied[-1][1].event_id or ""
        for request, applied in round_.applied:
            request.answer(applied)
            request.log(applied)

    def _step_down_with(self, round_: Round[Any], expected: int) -> None:
        if not self._open:
            self._open_from = expected
        OPEN_OUTCOMES.labels(self.tp[0]).inc(len(round_.applied))
        self.claim = None
        self._open.update(round_.open_outcomes())
        OPEN_NOW.labels(self.tp[0]).inc(len(round_.applied))
        round_.give_up(NotApplied("decided on a state that was not confirmed"))

    async def _prove(self, round_: Round[Any], expected: int) -> None:
        """Replies and refusals are true only if nothing was written that this owner does not know of (rule 12).

        Where the round had records, their ack at the expected offset was that proof: it came after the commands did.
        """
        try:
            end = (await self._log.ends([self.tp]))[self.tp]
        except LogUnavailable as error:
            round_.give_up(error)
            return
        except asyncio.CancelledError:
            round_.give_up(NotApplied("not proven"))
            raise
        if end != expected:
            self.claim = None
            round_.give_up(NotApplied("the log has grown by another hand"))
            raise SteppedDown(f"superseded: the log ends at {end}, expected {expected}")

    async def _wait_for_change(self) -> None:
        self._changed.clear()
        if self._queue or self._superseded or self._stopping:
            return
        await self._changed.wait()
