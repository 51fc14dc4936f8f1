"""An engine that is plugged in from elsewhere, and answers in every way that the port does not foresee."""

import asyncio
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import structlog
from msgspec.structs import replace

from ml_worker.engines.port import BadInput, Description, EngineError, Inputs, Made, Result, Run
from tests.worker.engine import PNG

GLB = "model/gltf-binary"


class OddEngine:
    """Params: `how`, a name of WAYS; `formats` as ever."""

    def describe(self) -> Description:
        return Description(
            id="test/odd",
            version="1",
            title="Odd",
            kinds=("text",),
            params_schema={"type": "object", "additionalProperties": False, "properties": {}},
            price=1_000_000,
            typical_seconds=1.0,
            stages=(("shape", 1.0),),
        )

    def load(self, device: str) -> None:
        """Nothing to load."""

    def run(self, inputs: Inputs, params: Mapping[str, Any], run: Run) -> Result:
        path = run.folder / "model.glb"
        path.write_bytes(b"a model")
        made = Made(format="glb", path=path, media_type=GLB)
        good = Result(files=(made,), report={"watertight": True}, understood={}, metrics={"faces": 12})
        how = params.get("how")
        return good if how is None else self.WAYS[how](good, run)

    WAYS: ClassVar[dict[str, Callable[[Result, Run], Any]]] = {
        "none": lambda good, run: None,
        "dict": lambda good, run: {"files": ()},
        "no-metric": lambda good, run: replace(good, metrics={"a": None}),
        "words-metric": lambda good, run: replace(good, metrics={"a": "12"}),
        "no-report": lambda good, run: replace(good, report=None),
        "no-ignored": lambda good, run: replace(good, ignored=None),
        "ignored-words": lambda good, run: replace(good, ignored="very"),
        "object-report": lambda good, run: replace(good, report={"at": object()}),
        "huge-report": lambda good, run: replace(good, report={"number": 2**70}),
        "endless-report": lambda good, run: replace(good, report=_endless()),
        "half-a-letter": lambda good, run: replace(good, ignored=("\ud800",)),
        "plain-file": lambda good, run: replace(good, files=({"format": "glb"},)),
        "no-path": lambda good, run: replace(good, files=(Made(format="glb", path=None, media_type=GLB),)),  # type: ignore[arg-type]
        "no-files": lambda good, run: replace(good, files=()),
        "other-format": lambda good, run: replace(good, files=(_file(run, "stl"),)),
        "twice": lambda good, run: replace(good, files=good.files * 2),
        "empty": lambda good, run: replace(good, files=(_file(run, "glb", b""),)),
        "missing": lambda good, run: replace(good, files=(_at(run.folder / "nowhere.glb"),)),
        "outside": lambda good, run: replace(good, files=(_at(Path(__file__)),)),
        "link": lambda good, run: replace(good, files=(_link(run),)),
        "cancelled": lambda good, run: _raise(asyncio.CancelledError()),
        "interrupted": lambda good, run: _raise(KeyboardInterrupt()),
        "no-stage": lambda good, run: run.progress(None, 0.5),  # type: ignore[arg-type]
        "refuses": lambda good, run: _raise(BadInput("too-blue", ValueError("It is too blue."))),  # type: ignore[arg-type]
        "no-code": lambda good, run: _raise(BadInput(17, "It is too blue.")),  # type: ignore[arg-type]
        "garbage": lambda good, run: os.write(int(sys.argv[1]), b"\0\0\0\1x") and time.sleep(30),
        "prints": lambda good, run: _prints(good),
        "bare": lambda good, run: _raise(_Bare()),
        "numpy": lambda good, run: _numpy(good, run),
        "not-finite": lambda good, run: replace(
            good, report={"wall": float("nan")}, metrics={"a": float("nan"), "b": float("-inf"), "c": 1.0}
        ),
        "pool": lambda good, run: _pool(good),
        "terminate": lambda good, run: _terminate(good),
        "leaves": lambda good, run: _leaves(good, run, lambda: time.sleep(60)),
        "leaves-and-dies": lambda good, run: _leaves(good, run, lambda: os._exit(3)),
    }


class _Bare(EngineError):
    def __init__(self) -> None:
        """Without what the port's own keeps."""


def _prints(good: Result) -> Result:
    print("the person's words", flush=True)
    subprocess.run(["echo", "the person's words"], check=True)
    structlog.get_logger("odd").info("the engine's own line")
    return good


def _raise(error: BaseException) -> None:
    raise error


def _endless() -> dict[str, Any]:
    report: dict[str, Any] = {}
    report["itself"] = report
    return report


def _at(path: Path) -> Made:
    return Made(format="glb", path=path, media_type=GLB)


def _file(run: Run, form: str, content: bytes = PNG) -> Made:
    path = run.folder / f"other.{form}"
    path.write_bytes(content)
    return Made(format=form, path=path, media_type=GLB)


def _link(run: Run) -> Made:
    path = run.folder / "link.glb"
    path.symlink_to(__file__)
    return _at(path)


def _numpy(good: Result, run: Run) -> Result:
    run.progress("shape", np.float32(0.5))  # type: ignore[arg-type]
    report = {"faces": np.int64(12), "volume": np.float32(0.5), "closed": np.bool_(True), "by": {7: np.float64(1)}}
    understood = {"size": [np.float32(0.25)]}
    return replace(good, report=report, understood=understood, metrics={"faces": np.float32(12)})


def _pool(good: Result) -> Result:
    with multiprocessing.get_context("fork").Pool(2) as pool:
        numbers = pool.map(abs, (-1, -2))
    return replace(good, report={"numbers": numbers})


def _terminate(good: Result) -> Result:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"]) as process:
        process.terminate()
        process.wait(5)
    return good


def _leaves(good: Result, run: Run, then: Callable[[], Any]) -> Result:
    """Processes of its own, one forked and one started; their numbers are names of saved stages."""
    forked = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    forked.start()
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    for number in (forked.pid, process.pid):
        run.save_stage(str(number), b"")
    then()
    return good
