"""The process that looks at uploaded images: `python -m adapters.http.images.worker`.

One JSON line in, {path, limits}, one out. Decoders are code that meets hostile data: this process has no secrets in its
environment, may not write files, and ends itself when an image takes too much memory or time.
"""

import json
import mmap
import resource
import signal
import sys
import warnings
from pathlib import Path
from typing import Any, Final

from PIL import Image, UnidentifiedImageError

from adapters.http.images.containers import format_of, require_single_purpose, require_size, survey
from adapters.http.images.verdict import TYPES, ImageInfo, Limits, Refused

_MEMORY: Final = 2 * 1024**3
_SECONDS: Final = 20
_ORIENTATION: Final = 0x0112
"""EXIF tag; 5 to 8 turn the picture on its side."""


def examine(path: Path, limits: Limits) -> ImageInfo:
    """What the image is, after it was decoded completely. Raises Refused."""
    with path.open("rb") as file:
        size = path.stat().st_size
        if size == 0:
            raise Refused("damaged", "The file is empty.")
        if size > limits.bytes:
            raise Refused("too-large", f"The image has {size} bytes; {limits.bytes} are the most.")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            content = bytes(mapped)
    kind = format_of(content)
    survey(kind, content, limits)
    require_single_purpose(content)
    del content
    Image.MAX_IMAGE_PIXELS = limits.pixels
    try:
        with Image.open(path, formats=[kind]) as image:
            require_size(*image.size, limits)
            width, height = image.size
            if image.getexif().get(_ORIENTATION) in (5, 6, 7, 8):
                width, height = height, width
            # JPEG can decode to an eighth of the size and still reads all its data.
            image.draft(None, (width // 8, height // 8))
            image.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError) as error:
        raise Refused("damaged", f"The image cannot be decoded: {_reason(error)}.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused("too-large", f"The image has more than {limits.pixels / 1e6:.0f} megapixels.") from None
    except MemoryError:
        raise Refused("too-large", "The image takes too much memory to decode.") from None
    return ImageInfo(TYPES[kind], width, height)


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "its header is damaged"
    return str(error).rstrip(".")[:200] or type(error).__name__


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"info": examine(Path(request["path"]), Limits(**request["limits"]))}
    except Refused as refusal:
        return {"kind": refusal.kind, "why": refusal.why}


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service, which ends this process by its pipe
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    for line in sys.stdin.buffer:
        signal.setitimer(signal.ITIMER_REAL, _SECONDS)  # SIGALRM's default ends the process
        answer = _answer(json.loads(line))
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
