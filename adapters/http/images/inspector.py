"""The service's side of image examination: worker processes, started when first needed, replaced when they die."""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Final

import orjson

import adapters
from adapters.errors import Unavailable
from adapters.http.images.verdict import ImageInfo, Limits
from adapters.http.refusals import TooLarge, UnsupportedMedia
from domain.errors import DomainError, InvalidInput

_PATIENCE_S: Final = 30.0
_MOST_WAITING: Final = 64


class ImageInspector:
    """`workers` bounds how many images are decoded at once in this process."""

    def __init__(self, *, max_bytes: int, max_megapixels: int, max_frames: int = 100, workers: int = 1) -> None:
        self._limits = Limits(max_bytes, max_megapixels * 1_000_000, max_frames)
        self._idle: list[Process] = []
        self._slots = asyncio.Semaphore(workers)
        self._waiting = 0

    async def inspect(self, path: Path) -> ImageInfo:
        """What an uploaded file is: its media type by content, and its size as shown.

        Raises UnsupportedMedia (415), TooLarge (413) or InvalidInput (422: empty, cut off, damaged), Unavailable.
        """
        if self._waiting >= _MOST_WAITING:
            raise Unavailable("Too many images at once; try again.")
        self._waiting += 1
        try:
            async with self._slots:
                answer = await self._ask(path)
        finally:
            self._waiting -= 1
        if answer is None:
            raise InvalidInput("The image takes too long or too much memory to decode.", pointer="/file")
        if "info" in answer:
            return ImageInfo(*answer["info"])
        raise _refusal(answer["kind"], answer["why"])

    async def close(self) -> None:
        """End the workers."""
        while self._idle:
            await _end(self._idle.pop())

    async def _ask(self, path: Path) -> dict[str, str] | None:
        """The worker's answer; None when the image brought it down."""
        self._idle = [worker for worker in self._idle if worker.returncode is None]
        worker = self._idle.pop() if self._idle else await _start()
        reusable = False
        try:
            if worker.stdin is None or worker.stdout is None:
                return None
            worker.stdin.write(orjson.dumps({"path": str(path), "limits": self._limits._asdict()}) + b"\n")
            await worker.stdin.drain()
            async with asyncio.timeout(_PATIENCE_S):
                line = await worker.stdout.readline()
            reusable = bool(line)
            answer: dict[str, str] | None = orjson.loads(line) if line else None
            return answer
        except (TimeoutError, OSError):
            return None
        finally:
            if reusable:
                self._idle.append(worker)
            else:
                await asyncio.shield(_end(worker))


async def _start() -> Process:
    root = Path(adapters.__file__).parents[1]
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "adapters.http.images.worker",
        stdin=PIPE,
        stdout=PIPE,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        start_new_session=True,
    )


async def _end(worker: Process) -> None:
    if worker.returncode is None:
        with contextlib.suppress(ProcessLookupError):  # it was faster
            worker.kill()
    await worker.wait()


def _refusal(kind: str, why: str) -> DomainError:
    if kind == "unsupported":
        return UnsupportedMedia(why, pointer="/file")
    if kind == "too-large":
        return TooLarge(why, pointer="/file")
    return InvalidInput(why, pointer="/file")
