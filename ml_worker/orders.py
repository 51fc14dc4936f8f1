"""The order of a run: what to make, and the inputs, fetched from command_api and the object store."""

import asyncio
import contextvars
import hashlib
import mimetypes
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec
import structlog

from adapters.coalescing import Coalescing
from domain.scheduling.events import RunAssigned
from ml_worker.api import CommandApi, Gone, Refused, why_not
from ml_worker.backoff import delays
from ml_worker.engines.port import Retryable
from ml_worker.frames import InputFile

_TRIES: Final = 6
_CHUNK: Final = 256 * 1024
MOST_AT_ONCE: Final = 64
ALONE: Final = 503
"""The status of a run whose order is yet to be asked for by itself."""
log = structlog.get_logger(__name__)
_Asked = tuple[RunAssigned, contextvars.Context]
"""A run, and the context with its ids: what is asked for it alone is asked under them."""


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


class _Found(msgspec.Struct, frozen=True):
    """What `POST /internal/runs` answers for each run: its order, or the status that refuses it."""

    order: msgspec.Raw = msgspec.Raw()
    status: int = 200
    detail: str = ""


class _FoundAll(msgspec.Struct, frozen=True):
    orders: tuple[_Found, ...]


class Orders:
    """Fetches orders, several at once where several are wanted, and their inputs."""

    def __init__(self, api: CommandApi) -> None:
        self._api = api
        self._several: Coalescing[_Asked, bytes | msgspec.Raw | Exception] = Coalescing(self._fetch_all, MOST_AT_ONCE)

    async def stop(self) -> None:
        await self._several.stop()

    async def fetch(self, run: RunAssigned) -> Order:
        """Raises Gone when the attempt is not wanted (any more), Refused, msgspec.MsgspecError."""
        found = await self._several.ask((run, contextvars.copy_context()))
        if isinstance(found, Exception):
            raise found
        return msgspec.json.decode(found, type=Order)

    async def _fetch_all(self, asked: Sequence[_Asked]) -> "Sequence[bytes | msgspec.Raw | Exception]":
        all_ = (_Found(status=ALONE),) * len(asked)
        if len(asked) > 1:
            wanted = [{"task_id": r.task_id, "attempt": r.attempt, "account_id": r.account_id} for r, _ in asked]
            question = self._api.call("POST", "/internal/runs", {"runs": wanted})
            try:
                body = await asyncio.create_task(question, context=contextvars.Context())  # it is about none alone
                all_ = msgspec.json.decode(body, type=_FoundAll).orders
            except (Gone, Refused, msgspec.MsgspecError) as error:
                log.warning("orders are fetched one by one", why=str(error))
        return [
            await asyncio.create_task(self._fetch_alone(run), context=ids) if _may_pass(found) else _result(found)
            for (run, ids), found in zip(asked, all_, strict=True)
        ]

    async def _fetch_alone(self, run: RunAssigned) -> bytes | Exception:
        """One by itself: repeated until there is a definite answer."""
        try:
            return await self._api.call(
                "GET", f"/internal/runs/{run.task_id}/{run.attempt}?account_id={run.account_id}"
            )
        except (Gone, Refused) as error:
            return error

    async def download(self, order: Order, folder: Path) -> tuple[InputFile, ...]:
        """Inputs as files in `folder`, made if there are any, checked against their hashes. Raises Retryable."""
        files = []
        for item, path in _places(order.inputs, folder):
            await self._download(item, path)
            files.append(InputFile(item.role, str(path), item.media_type))
        return tuple(files)

    async def _download(self, item: OrderInput, path: Path) -> None:
        why = ""
        for _, wait in zip(range(_TRIES), delays(), strict=False):
            try:
                why = await self._try(item, path)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                why = why_not(error)
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


def _places(inputs: Sequence[OrderInput], folder: Path) -> Iterator[tuple[OrderInput, Path]]:
    if inputs:
        folder.mkdir(parents=True, mode=0o700)
    for i, item in enumerate(inputs):
        yield item, folder / f"input-{i}{mimetypes.guess_extension(item.media_type) or ''}"


def _may_pass(found: _Found) -> bool:
    return found.status >= 500


def _result(found: _Found) -> "msgspec.Raw | Exception":
    if found.status in (404, 409):
        return Gone(f"{found.status}: {found.detail}")
    return found.order if found.status == 200 else Refused(f"{found.status}: {found.detail}")
