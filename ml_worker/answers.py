"""What an engine says, as frames: of plain values, or refused with words that name what is wrong.

The worker's child, `lathe engines run` and the conformance suite all come through here.
"""

import math
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from ml_worker.engines.port import BadInput, EngineError, Made, Result
from ml_worker.frames import Failed, Finished, MadeFile, Progressed, passed
from ml_worker.stages import Stages

log = structlog.get_logger(__name__)
ENGINE_ERROR: Final = "engine-error"
OUT_OF_MEMORY: Final = "out-of-memory"
CODE: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MOST_CODE: Final = 64
_MOST_WORDS: Final = 10_000
_KINDS: Final = ("bad-input", "permanent", "retryable")


class Malformed(Exception):
    """A result that cannot be taken. The message is for the engine's author."""


def progressed(run: int, stages: Stages, stage: object, fraction_of_stage: Any, preview: Any) -> Progressed:
    """Moves `stages`. Raises TypeError and ValueError, in the engine's own call of `progress`."""
    if not isinstance(stage, str):
        raise TypeError(f"progress(): the stage is {_kind(stage)}; a string is wanted")
    stages.reach(stage, float(fraction_of_stage))
    shown = None if preview is None else str(Path(preview))
    return passed(Progressed(run=run, stage=stage, fraction=stages.fraction, used=stages.used, preview=shown))


def delivered(run: int, result: object, folder: Path, wanted: Sequence[str]) -> Finished:
    """A result whose files are all there. Raises Malformed."""
    told = finished(run, result)
    require_files(told.files, folder, wanted)
    return told


def finished(run: int, result: object) -> Finished:
    """As the worker's parent gets it. Raises Malformed.

    NumPy's numbers become plain ones; a number that is not finite becomes null, and as a metric is left out.
    """
    if not isinstance(result, Result):
        raise Malformed(f"run() returned {_kind(result)}; a Result is wanted")
    told = Finished(
        run=run,
        files=tuple(_file(made) for made in _several("files", result.files)),
        report=_object("report", result.report),
        understood=_object("understood", result.understood),
        ignored=tuple(_text("`ignored` has", word) for word in _several("ignored", result.ignored)),
        metrics=_metrics(result.metrics),
    )
    try:
        return passed(told)
    except ValueError as error:
        raise Malformed(f"it does not fit a frame ({error})") from error


def failed(run: int, error: EngineError) -> Failed:
    """What an engine raised on purpose."""
    code, kind = getattr(error, "code", None), getattr(error, "kind", None)
    if not isinstance(code, str) or len(code) > _MOST_CODE or not CODE.fullmatch(code):
        log.error("an engine's error has no code like `not-understood`", kind=str(kind), was=_kind(code))
        code = ENGINE_ERROR
    return Failed(
        run=run,
        code=code,
        kind=kind if isinstance(kind, str) and kind in _KINDS else BadInput.kind,
        message=_words(getattr(error, "message", "")),
    )


def formats_of(params: Mapping[str, Any]) -> tuple[str, ...]:
    """The formats that were asked for; none where the engine has no such parameter."""
    asked = params.get("formats")
    return tuple(form for form in asked if isinstance(form, str)) if isinstance(asked, list | tuple) else ()


def require_files(files: Sequence[MadeFile], folder: Path, wanted: Sequence[str]) -> None:
    """Raises Malformed: a format missing or twice, a file outside of the folder, absent or empty.

    Where no format can be asked for, there need be no file: the answer is in the report.
    """
    formats = [made.format for made in files]
    if len(set(formats)) != len(formats):
        raise Malformed(f"the result has a format twice: {formats}")
    missing = [name for name in wanted if name not in formats]
    if missing:
        raise Malformed(f"the formats {missing} were asked for and are not in the result ({formats})")
    inside = folder.resolve()
    for made in files:
        path = Path(made.path)
        if not path.resolve().is_relative_to(inside):
            raise Malformed(f"{made.format}: its file is not in the run's folder")
        if not path.is_file() or not path.stat().st_size:
            raise Malformed(f"{made.format}: there is nothing in {path.name}")


def _file(made: object) -> MadeFile:
    if not isinstance(made, Made):
        raise Malformed(f"`files` has {_kind(made)}; each is a Made")
    if not isinstance(made.path, str | os.PathLike):
        raise Malformed(f"a file's path is {_kind(made.path)}; a Path is wanted")
    return MadeFile(
        _text("a file's format is", made.format), str(Path(made.path)), _text("a file's media_type is", made.media_type)
    )


def _several(name: str, value: object) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        raise Malformed(f"`{name}` is {_kind(value)}; a tuple is wanted")
    return value


def _text(what: str, value: object) -> str:
    if not isinstance(value, str):
        raise Malformed(f"{what} {_kind(value)}; a string is wanted")
    return value


def _object(name: str, value: object) -> dict[str, Any]:
    """As it comes back out of JSON."""
    if not isinstance(value, dict):
        raise Malformed(f"`{name}` is {_kind(value)}; a dict is wanted")
    try:
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value, enc_hook=_plain))
    except (TypeError, ValueError, RecursionError) as error:
        raise Malformed(f"`{name}` has values that are not JSON: {error}") from error
    return plain


def _plain(value: object) -> object:
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        return value.item()
    raise TypeError(_kind(value))


def _metrics(told: object) -> dict[str, float]:
    if not isinstance(told, dict):
        raise Malformed(f"`metrics` is {_kind(told)}; a dict is wanted")
    numbers = {_text("`metrics` has the name", name): _number(name, value) for name, value in told.items()}
    endless = [name for name, value in numbers.items() if not math.isfinite(value)]
    if endless:
        log.warning("metrics that are not finite are left out", metrics=endless)
    return {name: value for name, value in numbers.items() if math.isfinite(value)}


def _number(name: str, value: Any) -> float:
    try:
        if not isinstance(value, str | bytes):
            return float(value)
    except (TypeError, ValueError, OverflowError):
        pass
    raise Malformed(f"the metric {name!r} is {_kind(value)}; a number is wanted")


def _words(message: object) -> str:
    try:
        return str(message)[:_MOST_WORDS].encode("utf-8", "replace").decode()
    except Exception:  # noqa: BLE001 - foreign code runs in __str__
        return ""


def _kind(value: object) -> str:
    return "None" if value is None else f"a value of the type {type(value).__name__}"
