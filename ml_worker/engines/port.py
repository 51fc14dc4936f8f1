"""What an engine is: the protocol that every model plugged into Lathe implements.

An engine is told everything (inputs as local paths, validated parameters, seed) and tells everything back (files it
wrote, numbers, texts). It knows nothing of Kafka, HTTP or PostgreSQL, so it can be run and tested by itself.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec


class EngineError(Exception):
    """Base of the three kinds of failure. `code` is a stable problem type; the message is shown to the person."""

    kind = "permanent"

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class BadInput(EngineError):
    """The request cannot be made into a model (not understood, no object in the photo). No retry, refunded."""

    kind = "bad-input"


class Permanent(EngineError):
    """It will fail again with the same inputs (validity gate, out of limits). No retry, refunded."""

    kind = "permanent"


class Retryable(EngineError):
    """It may succeed next time (out of memory, a lost device). Retried, then refunded."""

    kind = "retryable"


class Cancelled(Exception):
    """Raised by `Run.check_cancel`; engines let it pass."""


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine says of itself. `domain/catalog/builtin.json` must agree with it for built-in ones."""

    id: str
    version: str
    title: str
    kinds: tuple[str, ...]
    """`text`, `image`, `images`."""
    params_schema: dict[str, Any]
    """JSON Schema 2020-12, `additionalProperties: false`, a `default` and a `description` for each property."""
    price: int
    """Micro-credits."""
    typical_seconds: float
    stages: tuple[tuple[str, float], ...]
    """(stage code, weight) in order; weights sum to 1. A cancelled run pays for the stages done."""


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One input file. `role` is `image` or a view's name (`front`, …)."""

    role: str
    path: Path
    media_type: str


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    prompt: str | None = None
    files: tuple[Input, ...] = ()


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """One file an engine wrote into `Run.folder`. Formats: glb, obj, stl, fbx, 3mf, usdz, webp, preview."""

    format: str
    path: Path
    media_type: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """`report`, `understood`, `ignored` are JSON values for the person; `metrics` are numbers for analysts."""

    files: tuple[Made, ...]
    report: dict[str, Any]
    understood: dict[str, Any]
    ignored: tuple[str, ...] = ()
    metrics: dict[str, float] = {}


class Run(Protocol):
    """What a running engine may use. Given by the worker's child process, by the CLI, or by a test."""

    seed: int
    deadline: datetime | None
    """When the person stops waiting (UTC): `check_cancel` raises from then on. None: no deadline."""

    @property
    def folder(self) -> Path:
        """A folder for the run's files, empty at first: the only place an engine writes to."""
        ...

    def check_cancel(self) -> None:
        """Raises Cancelled. To be called at least every 500 ms."""

    def progress(self, stage: str, fraction_of_stage: float, preview: Path | None = None) -> None:
        """Tell where the run is; cheap, may be called often. `preview` is a PNG."""

    def save_stage(self, name: str, content: bytes) -> None:
        """Keep something that took long to make, so that the next attempt need not make it again.

        `name`: lower-case letters, digits, `-`, `.` and `_`, at most 64 (else ValueError). The same name replaces.
        """

    def load_stage(self, name: str) -> bytes | None:
        """What an earlier attempt of the same task saved under this name; None when there is nothing."""
        ...


class Engine(Protocol):
    def describe(self) -> Description: ...

    def load(self, device: str) -> None:
        """Make ready on `cpu` or `cuda:0`; called once before the first run.

        What takes memory belongs on this object: to unload an engine is to let go of it. MemoryError, and PyTorch's
        OutOfMemoryError, unload others and load this one again.
        """

    def run(self, inputs: Inputs, params: Mapping[str, Any], run: Run) -> Result:
        """Raises BadInput, Permanent or Retryable. Same inputs, params and seed: same bytes on the same device."""
        ...
