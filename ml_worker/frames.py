"""What a worker's parent and its child processes say to each other: length-prefixed MessagePack over a socket pair."""

import asyncio
import socket
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

from ml_worker.engines.port import Description


class Frame(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Base. `run` is the parent's own number of a run, so that an answer to a run that was given up is recognised."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which engines a child is to offer."""

    engines: tuple[str, ...]
    """As in LATHE_ENGINES."""
    remote: str | None = None
    """As in LATHE_REMOTE_ENGINES."""
    without: tuple[str, ...] = ()
    """Sources that ended earlier children; they are not touched again."""


class InputFile(msgspec.Struct, frozen=True):
    role: str
    path: str
    media_type: str


class MadeFile(msgspec.Struct, frozen=True):
    format: str
    path: str
    media_type: str


class RunEngine(Frame, frozen=True, kw_only=True):
    """Parent to child: do this."""

    run: int
    engine: str
    prompt: str | None
    files: tuple[InputFile, ...]
    params: dict[str, Any]
    seed: int
    folder: str
    checkpoints: str
    """The folder of saved stages; those of earlier attempts lie in it."""
    deadline: datetime | None = None
    subject: dict[str, Any] = {}
    """What the run is about, for logs and traces: the arguments of `adapters.telemetry.subject.about`."""


class CancelRun(Frame, frozen=True, kw_only=True):
    """Parent to child: the next `check_cancel` of this run raises Cancelled."""

    run: int


class Preparing(Frame, frozen=True, kw_only=True):
    """Child to parent: foreign code is about to be imported or loaded. If nothing follows, that was what killed it."""

    source: str


class Offered(Frame, frozen=True, kw_only=True):
    """Child to parent: these engines can be run here."""

    device: str
    engines: tuple[Description, ...]


class Loaded(Frame, frozen=True, kw_only=True):
    """Child to parent: this engine is in memory."""

    engine: str


class Unloaded(Frame, frozen=True, kw_only=True):
    """Child to parent: this engine is not in memory, for want of it; it is loaded when it is wanted."""

    engine: str


class DeviceMemory(Frame, frozen=True, kw_only=True):
    """Child to parent: bytes of the accelerator's memory, all processes together, after a load or a run."""

    used: int
    total: int


class Unusable(Frame, frozen=True, kw_only=True):
    """Child to parent: this engine could not be loaded. `why` is for the operator."""

    engine: str
    why: str


class Progressed(Frame, frozen=True, kw_only=True):
    """`fraction` of the engine's whole work, `used` the weights of the stages done; both 0..1."""

    run: int
    stage: str
    fraction: float
    used: float
    preview: str | None = None


class Saved(Frame, frozen=True, kw_only=True):
    """A stage lies in the folder of saved stages, whole."""

    run: int
    name: str


class Finished(Frame, frozen=True, kw_only=True):
    run: int
    files: tuple[MadeFile, ...]
    report: dict[str, Any]
    understood: dict[str, Any]
    ignored: tuple[str, ...]
    metrics: dict[str, float]


class Failed(Frame, frozen=True, kw_only=True):
    """`kind`: bad-input, permanent or retryable."""

    run: int
    code: str
    kind: str
    message: str


class Stopped(Frame, frozen=True, kw_only=True):
    """The engine saw the cancellation."""

    run: int
    used: float


FromParent = RunEngine | CancelRun
FromChild = (
    Preparing | Offered | Loaded | Unloaded | DeviceMemory | Unusable | Progressed | Saved | Finished | Failed | Stopped
)

T = TypeVar("T", bound=FromChild)
_HEAD: Final = 4
MAX_FRAME: Final = 64 * 1024 * 1024
_encoder = msgspec.msgpack.Encoder()
_from_parent: Final = msgspec.msgpack.Decoder(FromParent)
_from_child: Final = msgspec.msgpack.Decoder(FromChild)


def pack(frame: Frame) -> bytes:
    """Bytes of one frame: 4 bytes of length, big endian, then MessagePack. Raises ValueError."""
    try:
        body = _encoder.encode(frame)
    except (TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{type(frame).__name__} cannot be sent: {error}") from error
    if len(body) > MAX_FRAME:
        raise ValueError(f"{type(frame).__name__} would take {len(body)} bytes; {MAX_FRAME} is the most")
    return len(body).to_bytes(_HEAD) + body


def passed(frame: T) -> T:
    """The frame as the other side gets it. Raises ValueError."""
    told: T = _from_child.decode(pack(frame)[_HEAD:])
    return told


async def receive(stream: asyncio.StreamReader) -> FromChild | None:
    """The child's next frame; None when it closed its end. Raises msgspec.DecodeError."""
    try:
        length = int.from_bytes(await stream.readexactly(_HEAD))
        frame: FromChild = _from_child.decode(await stream.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return frame


def receive_blocking(pipe: socket.socket) -> FromParent | None:
    """The parent's next frame; None when the parent is gone."""
    try:
        head = _exactly(pipe, _HEAD)
        body = _exactly(pipe, int.from_bytes(head)) if head else b""
    except ConnectionError:
        return None
    return _from_parent.decode(body) if body else None


def _exactly(pipe: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = pipe.recv(count - len(parts))
        if not part:
            return b""
        parts += part
    return bytes(parts)
