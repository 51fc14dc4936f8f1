"""The runs that the checks look at, each made once, when the first check asks for it."""

import gc
import tempfile
import time
import traceback
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import msgspec

from ml_worker.answers import Malformed, finished
from ml_worker.engines.conformance.findings import Broken, Finding, Findings, NotUsed, Verdict
from ml_worker.engines.conformance.outputs import hashes
from ml_worker.engines.conformance.sample import Sample
from ml_worker.engines.conformance.watched import WatchedRun
from ml_worker.engines.conformance.writes import writes_outside
from ml_worker.engines.port import BadInput, Cancelled, Description, Engine, Inputs, Result

SEED: Final = 7
OTHER_SEED: Final = 8
LIMIT_S: Final = 60.0
TIMES_TYPICAL: Final = 10
"""A check that takes longer than both is taken for endless."""


class Ran(msgspec.Struct, frozen=True):
    """A run that came to its end."""

    result: Result
    hashes: dict[str, str]
    run: WatchedRun
    seconds: float
    outside: tuple[Path, ...]
    """Paths that were written to outside of the run's folder."""


class Suite:
    """All checks on one engine. `make` makes an engine anew (its class does); `device` as in LATHE_WORKER_DEVICE.

    `patience`: how many times longer than on a quiet machine an engine may take to stop. Use it as a context manager,
    or call `close`: the files of the runs are kept until then.
    """

    def __init__(
        self, make: Callable[[], Engine], sample: Sample | None = None, *, device: str = "cpu", patience: float = 1.0
    ) -> None:
        self.make = make
        self.sample = sample or Sample()
        self.patience = patience
        self._device = device
        self._root = tempfile.TemporaryDirectory(prefix="lathe-conformance-")
        self._runs = 0

    def __enter__(self) -> "Suite":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._root.cleanup()

    def check(self, name: str) -> Finding:
        """One check by its name in CHECKS. Never raises for what the engine does."""
        began = time.monotonic()
        verdict: Verdict
        try:
            verdict, detail = "passed", self._checked(name)
        except Broken as broken:
            verdict, detail = "failed", str(broken)
        except NotUsed as why:
            verdict, detail = "not-used", str(why)
        return Finding(name, verdict, detail, round(time.monotonic() - began, 3))

    def _checked(self, name: str) -> str:
        from ml_worker.engines.conformance.checks import CHECKS

        try:
            return CHECKS[name](self)
        except (Broken, NotUsed):
            raise
        except (Exception, SystemExit) as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(frame.filename).name}:{frame.lineno}"
            raise Broken(f"the engine raised {type(error).__name__}: {error} ({where})") from error

    def require(self, name: str) -> None:
        """For tests: AssertionError with what is wrong."""
        finding = self.check(name)
        assert finding.verdict != "failed", f"{name}: {finding.detail}"

    def findings(
        self,
        on_finding: Callable[[Finding], None] = lambda _: None,
        on_begin: Callable[[str, float], None] = lambda name, limit_s: None,
    ) -> Findings:
        """Every check. Those after a broken description are left out: nothing could be run.

        `on_begin` is told of each check, and how many seconds it may take.
        """
        from ml_worker.engines.conformance.checks import CHECKS

        found: list[Finding] = []
        for name in CHECKS:
            on_begin(
                name, self.patience * (max(LIMIT_S, TIMES_TYPICAL * self.told.typical_seconds) if found else LIMIT_S)
            )
            found.append(self.check(name))
            on_finding(found[-1])
            if name == "description" and found[-1].verdict == "failed":
                break
        engine = "unknown" if found[0].verdict == "failed" else self.told.id
        return Findings(engine, tuple(found))

    @cached_property
    def engine(self) -> Engine:
        """Made and loaded."""
        engine = self.make()
        engine.load(self._device)
        return engine

    @cached_property
    def told(self) -> Description:
        return self.make().describe()

    @cached_property
    def params(self) -> dict[str, Any]:
        return self.sample.all_params(self.told)

    @cached_property
    def first(self) -> Ran:
        return self.run_to_end(SEED)

    @cached_property
    def again(self) -> Ran:
        """The same once more, after a run with another seed."""
        self.run_to_end(OTHER_SEED)
        return self.run_to_end(SEED)

    def inputs(self, kind: str | None = None) -> Inputs:
        return self.sample.inputs(self.told, kind or self.told.kinds[0], self.folder("inputs"))

    def folder(self, purpose: str) -> Path:
        """A new, empty one."""
        self._runs += 1
        path = Path(self._root.name) / f"{self._runs}-{purpose}"
        path.mkdir()
        return path

    def watched(self, seed: int = SEED, *, checkpoints: Path | None = None, **more: Any) -> WatchedRun:
        return WatchedRun(seed, self.folder("run"), checkpoints or self.folder("checkpoints"), **more)

    def run_to_end(self, seed: int, *, kind: str | None = None, checkpoints: Path | None = None) -> Ran:
        """Raises what the engine raises; Broken for a result that a worker would not take."""
        inputs = self.inputs(kind)
        kept = checkpoints or self.folder("checkpoints")
        run = self.watched(seed, checkpoints=kept)
        with writes_outside(run.folder, kept) as outside:
            result = self.engine.run(inputs, self.params, run)
        try:
            told = finished(0, result)
        except Malformed as error:
            raise Broken(str(error)) from error
        return Ran(result, hashes(told), run, time.monotonic() - run.began, tuple(outside))

    def run_until_stopped(self, inputs: Inputs, run: WatchedRun) -> float:
        """Seconds from the moment it could know to the moment it stopped. Raises Broken when it did not stop."""
        try:
            self.engine.run(inputs, self.params, run)
        except Cancelled:
            stopped = time.monotonic()
        except Exception as error:
            if run.cancelled_at is None:
                raise
            raise Broken(
                f"it turned a cancellation into {type(error).__name__}: {error}; let `Cancelled` pass"
            ) from error
        else:
            if run.cancelled_at is None:
                raise Broken("it ended without looking for a cancellation in time; call run.check_cancel()")
            raise Broken("it went on to a result after `check_cancel` had raised Cancelled")
        finally:
            gc.collect()
        if run.cancelled_at is None:
            raise Broken("it raised Cancelled although nobody had cancelled it")
        return stopped - run.cancelled_at

    def refusal(self, inputs: Inputs) -> BadInput:
        """What it answers to inputs that are wrong. Raises Broken unless it is BadInput."""
        try:
            self.engine.run(inputs, self.params, self.watched())
        except BadInput as refused:
            return refused
        except Exception as error:
            raise Broken(f"BadInput was wanted; it raised {type(error).__name__}: {error}") from error
        raise Broken("BadInput was wanted; it made a result")
