"""One slot: the parent's side of a child process, which is started anew whenever it ends."""

import asyncio
import contextlib
import contextvars
import os
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import structlog

from ml_worker import group
from ml_worker.cores import surroundings
from ml_worker.engines.port import Description
from ml_worker.frames import (
    CancelRun,
    DeviceMemory,
    Failed,
    Finished,
    Frame,
    FromChild,
    Loaded,
    Offered,
    Preparing,
    Progressed,
    RunEngine,
    Saved,
    Stopped,
    Unloaded,
    Unusable,
    Wanted,
    pack,
    receive,
)

log = structlog.get_logger(__name__)
_STABLE_S: Final = 30.0
"""A child that lived this long is restarted at once; one that keeps dying waits longer each time, at most 30 s."""
_MOST_WAIT_S: Final = 30.0
_MOST_DEATHS: Final = 2
"""An engine that ended so many children while it was imported or loaded is left out."""
_IMPORT_S: Final = 180.0
"""An import that takes longer counts as one that will never end. Loading may take as long as it likes."""


class Died(msgspec.Struct, frozen=True):
    """The child process ended in the middle of the run (a crash, out of memory, or killed by us)."""

    returncode: int | None


Outcome = Finished | Failed | Stopped | Died
OnProgress = Callable[[Progressed], None]
OnSaved = Callable[[str], None]


class Slot:
    """`device`, `threads`, `engines`, `remote` (the file of LATHE_REMOTE_ENGINES): what the child is started with.

    `on_change` is called when the offer changes.
    """

    def __init__(
        self,
        *,
        device: str,
        threads: int,
        engines: Sequence[str],
        remote: Path | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._device = device
        self._wanted = Wanted(engines=tuple(engines), remote=None if remote is None else str(remote))
        self._preparing: str | None = None
        """The source whose code runs in the child just now, if it is being imported or loaded."""
        self._deaths: Counter[str] = Counter()
        self._threads = threads
        self._on_change = on_change
        self._keeper: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._alive: asyncio.subprocess.Process | None = None
        """The same until it is killed: to signal a dead child again would reap it behind asyncio's back."""
        self._stream: asyncio.StreamWriter | None = None
        self._answer: asyncio.Future[Outcome] | None = None
        self._on_progress: OnProgress = lambda _: None
        self._on_saved: OnSaved = lambda _: None
        self._number = 0
        self.device = ""
        self.device_memory: DeviceMemory | None = None
        """As the child told it last; None where there is no accelerator."""
        self.offers: dict[str, Description] = {}
        """Engines that can be run here, by id."""
        self.loaded: frozenset[str] = frozenset()
        self.ready = asyncio.Event()
        """Set while a described child waits for runs."""

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        self._keeper = asyncio.create_task(self._keep(), name="slot")

    async def stop(self) -> None:
        """Kill the child and leave nothing behind."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None

    async def run(self, order: RunEngine, on_progress: OnProgress, on_saved: OnSaved = lambda _: None) -> Outcome:
        """Run an engine; `order.run` is filled in here. Waits until the child is ready.

        `on_saved` gets the name of each stage that now lies in `order.checkpoints`. Both are called in a copy of the
        caller's context.
        """
        await self.ready.wait()
        if self._stream is None or self._answer is not None:
            raise RuntimeError("a slot runs one engine at a time")
        self._number += 1
        self._answer = asyncio.get_running_loop().create_future()
        context = contextvars.copy_context()
        self._on_progress = lambda told: context.run(on_progress, told)
        self._on_saved = lambda name: context.run(on_saved, name)
        try:
            self._send(msgspec.structs.replace(order, run=self._number))
            return await self._answer
        finally:
            self._answer = None

    def cancel(self) -> None:
        """Ask the engine to stop at its next check."""
        if self._answer is not None:
            self._send(CancelRun(run=self._number))

    def kill(self) -> None:
        """End the child now; the run in it is answered `Died`, and another child is started."""
        self.ready.clear()
        process, self._alive = self._alive, None
        if process is not None and process.returncode is None:
            _end(process)

    def _send(self, frame: Frame) -> None:
        if self._stream is not None:
            self._stream.write(pack(frame))

    async def _keep(self) -> None:
        wait = 0.0
        while True:
            born = time.monotonic()
            returncode = await self._live()
            log.warning("an engine process ended and is started again", pid=self.pid, returncode=returncode)
            wait = 0.0 if time.monotonic() - born > _STABLE_S else min(_MOST_WAIT_S, max(0.1, wait * 2))
            await asyncio.sleep(wait)

    async def _live(self) -> int | None:
        """Start a child and serve it until it ends."""
        ours, theirs = socket.socketpair()
        try:
            self._process = self._alive = process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "ml_worker.child", str(theirs.fileno()), str(os.getpid()), self._device),
                msgspec.json.encode(self._wanted).decode(),
                pass_fds=(theirs.fileno(),),
                env=surroundings(self._threads),
                stdin=asyncio.subprocess.DEVNULL,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        reader, self._stream = await asyncio.open_connection(sock=ours)
        listening = asyncio.create_task(self._listen(reader))
        exited = asyncio.create_task(process.wait())
        try:
            await asyncio.wait({listening, exited}, return_when=asyncio.FIRST_COMPLETED)
            # What it said before it died still counts, and one that closed its end is about to go.
            await asyncio.wait({listening, exited}, timeout=1)
            if self._alive is not None:
                self._blame()
        finally:
            if not exited.done():
                self.kill()
            await self._bury(process, listening)
        return process.returncode

    def _blame(self) -> None:
        """The child died by itself: whose code was being prepared is tried once more, then left out."""
        source, self._preparing = self._preparing, None
        if source is None:
            return
        self._deaths[source] += 1
        log.error("an engine ended its process while it was prepared", engine=source, times=self._deaths[source])
        if self._deaths[source] >= _MOST_DEATHS:
            log.error("an engine is left out from now on; the others go on", engine=source)
            without = (*self._wanted.without, source)
            self._wanted = msgspec.structs.replace(self._wanted, without=without)

    def _give_up_import(self, source: str, process: asyncio.subprocess.Process | None) -> None:
        """Called when an import could long have ended."""
        if process is None or process is not self._alive or self._preparing != source or self.ready.is_set():
            return
        log.error("the import of an engine does not end; its process is killed", engine=source, seconds=_IMPORT_S)
        _end(process)  # `self.kill` would say that it was not the engine's fault

    async def _bury(self, process: asyncio.subprocess.Process, listening: asyncio.Task[None]) -> None:
        self.ready.clear()
        self._preparing = None
        listening.cancel()
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        await process.wait()
        group.kill(process.pid)
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Died(process.returncode))
        self.loaded = frozenset()
        self._on_change()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while (frame := await receive(reader)) is not None:
                self._hear(frame)
        except msgspec.MsgspecError as error:
            log.error("what an engine process says cannot be read; it is ended", pid=self.pid, why=str(error))

    def _hear(self, frame: FromChild) -> None:
        if not isinstance(frame, Progressed | Saved):
            self._preparing = None
        match frame:
            case Preparing():
                self._preparing = frame.source
                if not self.ready.is_set():
                    asyncio.get_running_loop().call_later(_IMPORT_S, self._give_up_import, frame.source, self._process)
            case Offered():
                self.device = frame.device
                self.offers = {engine.id: engine for engine in frame.engines}
                self.ready.set()
                self._on_change()
            case DeviceMemory():
                self.device_memory = frame
            case Loaded():
                self.loaded |= {frame.engine}
                self._on_change()
            case Unloaded():
                self.loaded -= {frame.engine}
                self._on_change()
            case Unusable():
                log.error("an engine cannot be used", engine=frame.engine, why=frame.why)
                self.offers = {name: offer for name, offer in self.offers.items() if name != frame.engine}
                self._on_change()
            case Progressed():
                if self._answer is not None and frame.run == self._number:
                    self._on_progress(frame)
            case Saved():
                if self._answer is not None and frame.run == self._number:
                    self._on_saved(frame.name)
            case _:
                if self._answer is not None and not self._answer.done() and frame.run == self._number:
                    self._answer.set_result(frame)


def _end(process: asyncio.subprocess.Process) -> None:
    """Kill a child, and what its engines started."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    group.kill(process.pid)


def offers_of(slots: Sequence[Slot]) -> Mapping[str, Description]:
    """Engines that any slot can run, by id."""
    return {name: description for slot in slots for name, description in slot.offers.items()}
