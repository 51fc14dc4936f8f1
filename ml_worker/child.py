"""The child process of one slot: it loads engines and runs them, one run at a time, and lives as long as its parent.

    python -m ml_worker.child <socket fd> <parent pid> <device> <settings, JSON: see Wanted>

Engines are described first, so that the worker can take runs, and loaded in the background of waiting.
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
from ml_worker import group
from ml_worker.answers import ENGINE_ERROR, Malformed, delivered, failed, formats_of, progressed
from ml_worker.checkpoints import Checkpoints
from ml_worker.device import choose_device, device_memory
from ml_worker.engines.port import Cancelled, Description, Engine, EngineError, Input, Inputs
from ml_worker.engines.registry import EngineMissing, Source, described, sources
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
    Unusable,
    Wanted,
    pack,
    receive_blocking,
)
from ml_worker.stages import Stages
from ml_worker.watched_run import WatchedRun, watched_run

log = structlog.get_logger(__name__)
_NICE: Final = 5
"""An engine gives way to the broker and the APIs on a small machine, and to its own parent's heartbeats."""


class ChildRun:
    """The `Run` that an engine is given here."""

    def __init__(self, child: "Child", order: RunEngine, stages: Stages, watched: WatchedRun) -> None:
        self._child, self._number, self._stages, self._watched = child, order.run, stages, watched
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
        told = progressed(self._number, self._stages, stage, fraction_of_stage, preview)
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
        self._sources: dict[str, str] = {}
        """Names of sources by engine id."""
        self._engines: dict[str, Engine] = {}
        self._descriptions: dict[str, Description] = {}
        self._loaded: set[str] = set()
        self._run_before: set[str] = set()
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
        waiting = list(self._engines)
        while True:
            try:
                order = self._orders.get(block=not waiting)
            except queue.Empty:
                self._try_load(waiting.pop(0))
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
            engine, told = described(source)
            if told.id in self._engines:
                raise EngineMissing(f"{source.origin} has a second engine with the id {told.id}")
        except EngineMissing as missing:
            self.tell(Unusable(engine=source.name, why=str(missing)))
            return
        self._engines[told.id], self._descriptions[told.id] = engine, told
        self._sources[told.id] = source.name

    def _try_load(self, engine: str) -> bool:
        if engine in self._loaded:
            return True
        self.tell(Preparing(source=self._sources[engine]))
        try:
            self._engines[engine].load(self._device)
        except (Exception, SystemExit) as error:
            log.exception("an engine cannot be loaded", engine=engine)
            self.tell(Unusable(engine=engine, why=repr(error)))
            return False
        self._loaded.add(engine)
        self.tell(Loaded(engine=engine))
        self._tell_memory()
        return True

    def _carry_out(self, order: RunEngine) -> None:
        stages = Stages(self._descriptions[order.engine].stages if order.engine in self._descriptions else ())
        if order.engine not in self._engines or not self._try_load(order.engine):
            message = f"This worker cannot run {order.engine}."
            self.tell(Failed(run=order.run, code="engine-unusable", kind="retryable", message=message))
            return
        with watched_run(order.engine, order.subject) as watched:
            result = self._result(order, stages, watched)
        self.tell(result)
        self._tell_memory()
        tracing.flush()
        if order.engine not in self._run_before:
            self._run_before.add(order.engine)
            keep_what_is_there()

    def _tell_memory(self) -> None:
        if (memory := device_memory(self._device)) is not None:
            self.tell(DeviceMemory(used=memory[0], total=memory[1]))

    def _result(self, order: RunEngine, stages: Stages, watched: WatchedRun) -> Finished | Failed | Stopped:
        try:
            return self._made(order, ChildRun(self, order, stages, watched))
        except Cancelled:
            return Stopped(run=order.run, used=stages.used)
        except EngineError as error:
            return failed(order.run, error)
        except Malformed as wrong:
            log.error("the result of an engine cannot be used", engine=order.engine, why=str(wrong))
            message = f"The engine's result cannot be used: {wrong}. It is not your fault."
            return Failed(run=order.run, code=ENGINE_ERROR, kind="permanent", message=message)
        except MemoryError as error:
            log.error("out of memory", engine=order.engine, **silent_trace(error))
            message = "There was not enough memory for this."
            return Failed(run=order.run, code="out-of-memory", kind="retryable", message=message)
        except BaseException as error:  # noqa: BLE001 - logged, without the message: it may repeat the prompt
            log.error("an engine failed unexpectedly", engine=order.engine, **silent_trace(error))
            message = "The engine failed unexpectedly. It is not your fault."
            return Failed(run=order.run, code=ENGINE_ERROR, kind="retryable", message=message)

    def _made(self, order: RunEngine, run: ChildRun) -> Finished:
        files = tuple(Input(role=f.role, path=Path(f.path), media_type=f.media_type) for f in order.files)
        wanted = formats_of(order.params)
        run.check_cancel()
        result = self._engines[order.engine].run(Inputs(prompt=order.prompt, files=files), order.params, run)
        return delivered(order.run, result, Path(order.folder), wanted)


def main(arguments: list[str]) -> None:
    fd, parent, device, wanted = arguments
    group.die_with(int(parent))
    group.lead()
    group.take_no_notice()
    os.nice(_NICE)
    start_telemetry("ml_worker.child", load_settings())
    pipe = socket.socket(fileno=int(fd))
    pipe.set_inheritable(False)
    Child(pipe, choose_device(device), msgspec.json.decode(wanted, type=Wanted)).work()


if __name__ == "__main__":
    main(sys.argv[1:])
