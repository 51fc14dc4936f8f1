"""Saved stages of one task on their way to the object store and back, so that its next attempt can go on from them."""

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import aiohttp
import msgspec
import structlog

from domain.scheduling.events import RunAssigned
from ml_worker.api import CommandApi, Gone, Refused, why_not
from ml_worker.checkpoints import MOST_BYTES, Checkpoints

log = structlog.get_logger(__name__)
_CHUNK: Final = 256 * 1024
_TRANSFER: Final = aiohttp.ClientTimeout(total=300, connect=3)
_PATIENCE_S: Final = 10.0
"""How long the end of an attempt waits for its stages, when another attempt may follow."""
OnKept = Callable[[str, int, str], Awaitable[None]]
"""Told of a stage that lies in the store: its name, bytes and SHA-256."""


class _Kept(msgspec.Struct, frozen=True):
    name: str
    url: str


class _All(msgspec.Struct, frozen=True):
    items: tuple[_Kept, ...]


class _Target(msgspec.Struct, frozen=True):
    put_url: str
    headers: dict[str, str] = {}


class KeptStages:
    """`folder`: the run's folder of saved stages. They are a courtesy: what cannot be kept is left out, and logged."""

    def __init__(self, api: CommandApi, run: RunAssigned, folder: Path, on_kept: OnKept) -> None:
        self._api, self._folder, self._on_kept = api, folder, on_kept
        self._path = f"/internal/runs/{run.task_id}/{run.attempt}/stages?account_id={run.account_id}"
        self._first = run.attempt == 1
        self._wanted: dict[str, None] = {}
        self._keeping: asyncio.Task[None] | None = None
        self._any = False

    async def fetch(self) -> None:
        """Bring what earlier attempts saved. A first attempt has none, and asks nobody."""
        if self._first:
            return
        try:
            told = msgspec.json.decode(await self._api.call("GET", self._path), type=_All)
            for kept in told.items:
                await self._fetch(kept)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, Refused, msgspec.MsgspecError) as error:
            log.warning("saved stages were not fetched; the run begins anew", why=why_not(error))

    def saved(self, name: str) -> None:
        """The engine has saved a stage: it goes to the store while the run goes on, the newest of a name last."""
        self._wanted[name] = None
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._keep_all(), name="stages")

    async def settle(self, *, again: bool) -> None:
        """The attempt is over. `again`: another may follow, so wait for what is on its way; else forget it all."""
        if self._keeping is not None and not self._keeping.done():
            if again:
                await asyncio.wait({self._keeping}, timeout=_PATIENCE_S)
            self._keeping.cancel()
            await asyncio.wait({self._keeping})
        if self._any and not again:
            with contextlib.suppress(Gone, Refused, TimeoutError):
                async with asyncio.timeout(_PATIENCE_S):
                    await self._api.call("DELETE", self._path)

    def stop(self) -> None:
        """Whatever is still on its way is given up."""
        if self._keeping is not None:
            self._keeping.cancel()

    async def _fetch(self, kept: _Kept) -> None:
        url = self._api.absolute(kept.url)
        async with self._api.session.get(url, headers=self._api.headers_for(url), timeout=_TRANSFER) as response:
            response.raise_for_status()
            content = bytearray()
            async for chunk in response.content.iter_chunked(_CHUNK):
                content += chunk
                if len(content) > MOST_BYTES:
                    raise ValueError(f"stage {kept.name} has more than {MOST_BYTES} bytes")
        await asyncio.to_thread(Checkpoints(self._folder).save, kept.name, bytes(content))
        self._any = True

    async def _keep_all(self) -> None:
        while self._wanted:
            name = next(iter(self._wanted))
            del self._wanted[name]
            try:
                await self._keep(name)
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError, Refused, msgspec.MsgspecError) as error:
                log.warning("a stage was not kept", stage=name, why=why_not(error))
            except Gone:
                return

    async def _keep(self, name: str) -> None:
        content = await asyncio.to_thread(Checkpoints(self._folder).load, name)
        if content is None:
            return
        question = {"name": name, "bytes": len(content)}
        target = msgspec.json.decode(await self._api.call("POST", self._path, question), type=_Target)
        url = self._api.absolute(target.put_url)
        told = {key.lower(): value for key, value in target.headers.items()}
        headers = {"content-type": "application/octet-stream"} | self._api.headers_for(url) | told
        self._any = True  # from here on, whatever becomes of the answer
        async with self._api.session.put(url, data=content, headers=headers, timeout=_TRANSFER) as response:
            response.raise_for_status()
        sha256 = (await asyncio.to_thread(hashlib.sha256, content)).hexdigest()
        # What was begun to be said must be said whole: the journal keeps an order.
        await asyncio.shield(asyncio.ensure_future(self._on_kept(name, len(content), sha256)))
