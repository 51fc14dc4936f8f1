"""Results go to the object store before anything is said about them in the log, and always, even if they are there."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec
import structlog

from domain.account.events import Output
from domain.scheduling.events import RunAssigned
from ml_worker.api import CommandApi, why_not
from ml_worker.backoff import delays
from ml_worker.frames import Finished

log = structlog.get_logger(__name__)
REPORT_TYPE: Final = "application/json"
_PUT_TIMEOUT: Final = aiohttp.ClientTimeout(total=120, connect=3)


class PutTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Where to put an object: a presigned address of the store, or one of command_api."""

    put_url: str
    headers: dict[str, str] = {}


class Outputs:
    """Puts the objects of one attempt. Repeats until they are stored; raises Gone and Refused."""

    def __init__(self, api: CommandApi, run: RunAssigned) -> None:
        self._api = api
        self._path = f"/internal/runs/{run.task_id}/{run.attempt}/outputs?account_id={run.account_id}"

    async def put_file(self, form: str, path: Path, media_type: str) -> Output:
        return await self.put(form, await asyncio.to_thread(path.read_bytes), media_type)

    async def put_report(self, finished: Finished) -> Output:
        """The output `report`: what the person is told, in an object because it may repeat their words."""
        document = {"report": finished.report, "understood": finished.understood, "ignored": list(finished.ignored)}
        return await self.put("report", msgspec.json.encode(document), REPORT_TYPE)

    async def put_message(self, message: str) -> str:
        """Why a run failed, for the person, in the form of a report. Returns the object's SHA-256."""
        document: dict[str, Any] = {"report": {}, "understood": {}, "ignored": [], "message": message}
        return (await self.put("report", msgspec.json.encode(document), REPORT_TYPE)).sha256

    async def put(self, form: str, content: bytes, media_type: str) -> Output:
        sha256 = (await asyncio.to_thread(hashlib.sha256, content)).hexdigest()
        question = {"sha256": sha256, "bytes": len(content), "media_type": media_type}
        for wait in delays():
            # A presigned address runs out: each try asks for a new one.
            target = msgspec.json.decode(await self._api.call("POST", self._path, question), type=PutTarget)
            url = self._api.absolute(target.put_url)
            told = {name.lower(): value for name, value in target.headers.items()}
            headers = {"content-type": media_type} | self._api.headers_for(url) | told
            why = await self._put(url, content, headers)
            if not why:
                return Output(format=form, media_type=media_type, bytes=len(content), sha256=sha256)
            log.warning("an output was not stored yet", sha256=sha256, why=why)
            await asyncio.sleep(wait)
        raise AssertionError("delays never end")

    async def _put(self, url: str, content: bytes, headers: dict[str, str]) -> str:
        """Empty when stored; else what went wrong."""
        try:
            async with self._api.session.put(url, data=content, headers=headers, timeout=_PUT_TIMEOUT) as response:
                return "" if response.status < 300 else f"status {response.status}: {(await response.text())[:300]}"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return why_not(error)
