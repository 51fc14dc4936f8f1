"""The child process of one slot: it loads engines and runs them, one run at a time, and lives as long as its parent.

    python -m ml_worker.child <socket fd> <parent pid> <device> <settings, JSON: see Wanted>

Engines are described first, so that the worker can take runs, and loaded in the background of waiting, as many as fit.
"""

import os
import queue
import socket
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import structlog

from adapters.collector import keep_what_is_there
from adapters.settings import load_settings
from adapters.telemetry import tracing
from adapters.telemetry.privacy import silent_trace
from adapters.telemetry.start import start_telemetry
from adapters.telemetry.stdout import stdout_apart
from ml_worker import group
from ml_worker.answers import ENGINE_ERROR, OUT_OF_MEMORY, Malformed, delivered, failed, formats_of, progressed
from ml_worker.checkpoints import Checkpoints
from ml_worker.device import choose_device, device_memory, is_out_of_memory
from ml_worker.engines.port import Cancelled, Description, Engine, EngineError, Input, Inputs
from ml_worker.engines.registry import EngineMissing, Source, sources
from ml_worker.frames import (
    CancelRun,
    DeviceMemory,
    Failed,
    Finished,
    Frame,
    Loaded,
    Offered,
    Preparing,
    RunEngine,
    Saved,
    Stopped,
    Unloaded,
    Unusable,
    Wanted,
    pack,
    receive_blocking,
)
from ml_worker.shelf import Shelf
from ml_worker.stages import Stages
from ml_worker.watched_run import WatchedRun, watched_run

log = structlog.get_logger(__name__)
_NICE: Final = 5
"""An engine gives way to the broker and the APIs on a small machine, and to its own parent's heartbeats."""


class ChildRun:
    """The `Run` that an engine is given here."""

    def __init__(self, child: "Child", order: RunEngine, stages: Stages, watched: WatchedRun) -> None:
        self._child, self._number, self.stages, self._watched = child, order.run, stages, watched
        self.seed = order.seed
        self.deadline = order.deadline
        self._folder, self._checkpoints = Path(order.folder), Checkpoints(Path(order.checkpoints))

    @property
    def folder(self) -> Path:
        """Made when it is first asked for: many runs write no file."""
        self._folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        return self._folder

    def check_cancel(self) -> None:
        if self._number in self._child.cancelled:
            raise Cancelled
        if self.deadline is not None and datetime.now(UTC) >= self.deadline:
            raise Cancelled

    def progress(self, stage: str, fraction_of_stage: float, preview: Path | None = None) -> None:
        told = progressed(self._number, self.stages, stage, fraction_of_stage, preview)
        self._child.tell(told)
        self._watched.stage(told.stage)

    def save_stage(self, name: str, content: bytes) -> None:
        self._checkpoints.save(name, content)
        self._child.tell(Saved(run=self._number, name=name))

    def load_stage(self, name: str) -> bytes | None:
        return self._checkpoints.load(name)


class Child:
    """Tells the parent what `wanted` comes to, and runs it."""

    def __init__(self, pipe: socket.socket, device: str, wanted: Wanted) -> None:
        self._pipe = pipe
        self._device = device
        self._wanted = wanted
        self._shelf = Shelf(device, self._unloaded)
        self._descriptions: dict[str, Description] = {}
        self._early: list[str] = []
        """Engines to be loaded before they are wanted."""
        self._kept: set[str] = set()
        """Engines that ran since the last was unloaded: no collection looks at them."""
        self._orders: queue.SimpleQueue[RunEngine] = queue.SimpleQueue()
        self.cancelled: set[int] = set()

    def tell(self, frame: Frame) -> None:
        """Send a frame; without a parent there is nothing left to live for. Raises ValueError."""
        packed = pack(frame)
        try:
            self._pipe.sendall(packed)
        except OSError:
            group.end()

    def work(self) -> None:
        """Never returns: the process ends when the parent does."""
        threading.Thread(target=self._listen, name="parent", daemon=True).start()
        self._describe_all()
        self._early = list(self._descriptions)
        while True:
            try:
                order = self._orders.get(block=not self._early)
            except queue.Empty:
                self._taken(self._early.pop(0), early=True)
                continue
            self._carry_out(order)
            self.cancelled.discard(order.run)

    def _listen(self) -> None:
        while (frame := receive_blocking(self._pipe)) is not None:
            if isinstance(frame, CancelRun):
                self.cancelled.add(frame.run)
            else:
                self._orders.put(frame)
        group.end()

    def _describe_all(self) -> None:
        remote = None if self._wanted.remote is None else Path(self._wanted.remote)
        for source in sources(self._wanted.engines, remote):
            if source.name not in self._wanted.without:
                self._describe(source)
        self.tell(Offered(device=self._device, engines=tuple(self._descriptions.values())))

    def _describe(self, source: Source) -> None:
        self.tell(Preparing(source=source.name))
        try:
            told = self._shelf.put(source)
        except EngineMissing as missing:
            self.tell(Unusable(engine=source.name, why=str(missing)))
            return
        self._descriptions[told.id] = told

    def _taken(self, engine: str, *, early: bool = False) -> Engine | None:
        """The engine, loaded; None if it cannot be. `early`: before it is wanted, if it is not there and has room."""
        if self._shelf.is_loaded(engine):
            return None if early else self._shelf.take(engine)
        self.tell(Preparing(source=self._shelf.source(engine)))
        try:
            taken = self._shelf.load(engine) if early else self._shelf.take(engine)
        except (Exception, SystemExit) as error:
            if early and is_out_of_memory(error):
                log.warning("an engine is loaded later: memory is short", engine=engine)
                self._unloaded(engine)
            else:
                log.exception("an engine cannot be loaded", engine=engine)
                self.tell(Unusable(engine=engine, why=repr(error)))
            return None
        self.tell(Loaded(engine=engine))
        self._tell_memory()
        return taken

    def _unloaded(self, engine: str) -> None:
        """Memory is short: what is left is for what is wanted."""
        self._early.clear()
        self._kept.clear()
        self.tell(Unloaded(engine=engine))

    def _carry_out(self, order: RunEngine) -> None:
        engine = self._taken(order.engine) if order.engine in self._descriptions else None
        if engine is None:
            message = f"This worker cannot run {order.engine}."
            self.tell(Failed(run=order.run, code="engine-unusable", kind="retryable", message=message))
            return
        stages = Stages(self._descriptions[order.engine].stages)
        with watched_run(order.engine, order.subject) as watched:
            result = self._result(engine, order, ChildRun(self, order, stages, watched))
        if isinstance(result, Failed) and result.code == OUT_OF_MEMORY:
            self._shelf.keep_only(order.engine)
        self.tell(result)
        self._tell_memory()
        tracing.flush()
        if order.engine not in self._kept:
            self._kept.add(order.engine)
            keep_what_is_there()

    def _tell_memory(self) -> None:
        if (memory := device_memory(self._device)) is not None:
            self.tell(DeviceMemory(used=memory[0], total=memory[1]))

    def _result(self, engine: Engine, order: RunEngine, run: ChildRun) -> Finished | Failed | Stopped:
        try:
            return self._made(engine, order, run)
        except Cancelled:
            return Stopped(run=order.run, used=run.stages.used)
        except EngineError as error:
            return failed(order.run, error)
        except Malformed as wrong:
            log.error("the result of an engine cannot be used", engine=order.engine, why=str(wrong))
            message = f"The engine's result cannot be used: {wrong}. It is not your fault."
            return Failed(run=order.run, code=ENGINE_ERROR, kind="permanent", message=message)
        except BaseException as error:  # noqa: BLE001 - logged, without the message: it may repeat the prompt
            if is_out_of_memory(error):
                log.error("out of memory", engine=order.engine, **silent_trace(error))
                message = "There was not enough memory for this."
                return Failed(run=order.run, code=OUT_OF_MEMORY, kind="retryable", message=message)
            log.error("an engine failed unexpectedly", engine=order.engine, **silent_trace(error))
            message = "The engine failed unexpectedly. It is not your fault."
            return Failed(run=order.run, code=ENGINE_ERROR, kind="retryable", message=message)

    def _made(self, engine: Engine, order: RunEngine, run: ChildRun) -> Finished:
        files = tuple(Input(role=f.role, path=Path(f.path), media_type=f.media_type) for f in order.files)
        wanted = formats_of(order.params)
        run.check_cancel()
        result = engine.run(Inputs(prompt=order.prompt, files=files), order.params, run)
        return delivered(order.run, result, Path(order.folder), wanted)


def main(arguments: list[str]) -> None:
    fd, parent, device, wanted = arguments
    group.die_with(int(parent))
    group.lead()
    group.take_no_notice()
    os.nice(_NICE)
    stdout_apart(os.open(os.devnull, os.O_WRONLY))  # an engine may print a person's words
    start_telemetry("ml_worker.child", load_settings())
    pipe = socket.socket(fileno=int(fd))
    pipe.set_inheritable(False)
    Child(pipe, choose_device(device), msgspec.json.decode(wanted, type=Wanted)).work()


if __name__ == "__main__":
    main(sys.argv[1:])
