"""The order of a run: what to make, and the inputs, fetched from command_api and the object store."""

import asyncio
import hashlib
import mimetypes
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec

from domain.scheduling.events import RunAssigned
from ml_worker.api import CommandApi
from ml_worker.backoff import delays
from ml_worker.engines.port import Retryable
from ml_worker.frames import InputFile

_TRIES: Final = 6
_CHUNK: Final = 256 * 1024


class OrderInput(msgspec.Struct, frozen=True, kw_only=True):
    """One input to download. `role` is `image` or a view's name."""

    role: str
    url: str
    sha256: str
    media_type: str
    bytes: int


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What `GET /internal/runs/{task_id}/{attempt}` answers. The prompt is plain text here, and stays in memory."""

    task_id: str
    account_id: str
    attempt: int
    model: str
    version: str
    params: dict[str, Any]
    seed: int
    deadline: datetime | None = None
    prompt: str | None = None
    inputs: tuple[OrderInput, ...] = ()


class Orders:
    """Fetches orders and their inputs."""

    def __init__(self, api: CommandApi) -> None:
        self._api = api

    async def fetch(self, run: RunAssigned) -> Order:
        """Raises Gone when the attempt is not wanted (any more), Refused, msgspec.MsgspecError."""
        body = await self._api.call("GET", f"/internal/runs/{run.task_id}/{run.attempt}?account_id={run.account_id}")
        return msgspec.json.decode(body, type=Order)

    async def download(self, order: Order, folder: Path) -> tuple[InputFile, ...]:
        """Inputs as files in `folder`, checked against their hashes. Raises Retryable."""
        files = []
        for i, item in enumerate(order.inputs):
            path = folder / f"input-{i}{mimetypes.guess_extension(item.media_type) or ''}"
            await self._download(item, path)
            files.append(InputFile(item.role, str(path), item.media_type))
        return tuple(files)

    async def _download(self, item: OrderInput, path: Path) -> None:
        why = ""
        for _, wait in zip(range(_TRIES), delays(), strict=False):
            try:
                why = await self._try(item, path)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                why = repr(error)
            if not why:
                return
            await asyncio.sleep(wait)
        raise Retryable("input-unavailable", f"An input could not be read from the object store ({why}).")

    async def _try(self, item: OrderInput, path: Path) -> str:
        """Empty if the file is there and right; else what is wrong."""
        url = self._api.absolute(item.url)
        digest, size = hashlib.sha256(), 0
        async with self._api.session.get(url, headers=self._api.headers_for(url)) as response:
            if response.status != 200:
                return f"status {response.status}"
            with path.open("wb") as file:
                async for chunk in response.content.iter_chunked(_CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    if size > item.bytes:
                        return f"more than the {item.bytes} bytes it should have"
                    file.write(chunk)
        return "" if digest.hexdigest() == item.sha256 else f"its content hash is not {item.sha256}"
