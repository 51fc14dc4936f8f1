"""Speaking to a model server: with time-outs, repeats, size limits, and to nobody else.

Redirects are not followed, proxies of the environment are not used, and the token goes to the operator's origin only.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import msgspec
import structlog

from ml_worker.backoff import delays
from ml_worker.engines.port import BadInput, EngineError, Permanent, Retryable, Run
from ml_worker.engines.remote.config import Remote

log = structlog.get_logger(__name__)
_CHUNK: Final = 256 * 1024
_STAGE: Final = "remote-work"
_FIRST_S: Final = 1.0
_MOST_S: Final = 15.0
"""Pauses between repeats: five tries outlast the restart of a server or of a proxy before it."""
_CONNECT_S: Final = 10.0
_SHORT_S: Final = 30.0
"""For requests that a server answers at once."""
_LAST_WORD_S: Final = 0.8
"""For telling a server to stop: the engine has a second to end."""
_NOT_DONE: Final = frozenset({425, 429, 503})
"""Answers that say the request was not carried out."""
_PASSING: Final = _NOT_DONE | {408, 500, 502, 504}
_REFUSED: Final = frozenset({400, 413, 415, 422})
_MOST_WORDS: Final = 300


class Reply(msgspec.Struct, frozen=True):
    status: int
    media_type: str
    content: bytes

    def json(self) -> Any:
        """Raises Permanent `remote-garbage`."""
        try:
            return msgspec.json.decode(self.content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise garbage("it is no JSON") from error


class _Passing(Exception):
    """It may work the next time. `done`: it may have been carried out nevertheless."""

    def __init__(self, why: str, *, done: bool, wait_s: float = 0.0) -> None:
        super().__init__(why)
        self.done, self.wait_s = done, wait_s


class _Begun(msgspec.Struct, frozen=True):
    """Work that a server does for a task, by the server's own id."""

    url: str
    id: str | None


class Link:
    """One run's conversation with one server. `fraction` (0..1) is set by drivers that know how far it is."""

    def __init__(self, remote: Remote, session: aiohttp.ClientSession, token: str | None, run: Run) -> None:
        self.remote = remote
        self.fraction: float | None = None
        self.requests = 0
        self._session, self._token, self._run = session, token, run
        self._base = remote.url.rstrip("/")

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] = {},
        repeat: bool = True,
        long: bool = False,
        patient: bool = False,
        also: frozenset[int] = frozenset(),
    ) -> Reply:
        """`path` without a leading slash. `also`: statuses that are answers here, besides 2xx.

        `repeat`: whether it may be sent again when nobody knows if it was carried out; `long`: the answer takes as
        long as the work; `patient`: it asks for work that was begun, and is repeated until the run's time is over.
        Raises BadInput, Permanent, Retryable.
        """
        return await self._repeated(
            method, f"{self._base}/{path}", body, self._authorised(headers),
            repeat=repeat, long=long, patient=patient, also=also,
        )  # fmt: skip

    def begun(self, number: str) -> None:
        """Keep the id of work that the server does now, for the task's next attempt."""
        self._run.save_stage(_STAGE, msgspec.json.encode(_Begun(self._base, number)))

    def forget(self) -> None:
        """The next attempt is to begin anew."""
        self._run.save_stage(_STAGE, msgspec.json.encode(_Begun(self._base, None)))

    def begun_before(self) -> str | None:
        """The id of work that an earlier attempt of this task left behind on this server."""
        try:
            kept = msgspec.json.decode(self._run.load_stage(_STAGE) or b"", type=_Begun)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return kept.id if kept.url == self._base else None

    async def tell(self, method: str, path: str) -> None:
        """Send a last word, once and quickly; whether it arrives changes nothing here."""
        try:
            async with asyncio.timeout(_LAST_WORD_S):
                await self._send(method, f"{self._base}/{path}", None, self._authorised({}), long=False)
        except (_Passing, EngineError, TimeoutError) as error:
            log.warning("a model server was not told to stop", engine=self.remote.id, why=repr(error))

    async def download(self, url: str) -> bytes:
        """A result that the server names by its address. Raises Permanent `remote-foreign-url` for other hosts."""
        mine, other = urlsplit(self._base), urlsplit(url)
        same = (mine.scheme, mine.netloc) == (other.scheme, other.netloc)
        if not same and not (other.scheme == "https" and _is_among(other.hostname, self.remote.download_hosts)):
            raise Permanent("remote-foreign-url", "The model server pointed to an address that is not allowed.")
        headers = self._authorised({}) if same else {}
        return (await self._repeated("GET", url, None, headers, repeat=True, long=True, patient=True)).content

    def words(self, said: Any) -> str:
        """A server's own words, fit to be shown: one short line, without the token."""
        text = said if isinstance(said, str) else msgspec.json.encode(said).decode()
        if self._token:
            text = text.replace(self._token, "***")
        text = re.sub(r"[^\S ]+|[^\x20-\x7e\u00a0-\ud7ff\uf900-\ufffd]", " ", text).strip()
        return text[:_MOST_WORDS] or "it gave no reason"

    def _authorised(self, headers: Mapping[str, str]) -> dict[str, str]:
        own = {"authorization": f"{self.remote.token_scheme} {self._token}".strip()} if self._token else {}
        return {**headers, **own}

    async def _repeated(
        self,
        method: str,
        url: str,
        body: Any,
        headers: Mapping[str, str],
        *,
        repeat: bool,
        long: bool,
        patient: bool,
        also: frozenset[int] = frozenset(),
    ) -> Reply:
        for number, wait in enumerate(delays(_FIRST_S, _MOST_S), start=1):
            try:
                return await self._send(method, url, body, headers, long=long, also=also)
            except _Passing as passing:
                path = url.removeprefix(self._base) if url.startswith(self._base) else "elsewhere"
                log.warning("a model server did not do it", engine=self.remote.id, path=path, why=str(passing))
                if (number >= self.remote.tries and not patient) or (passing.done and not repeat):
                    raise Retryable("remote-unavailable", f"The model server did not answer ({passing}).") from None
                await asyncio.sleep(max(wait, passing.wait_s))
        raise AssertionError("delays never end")

    async def _send(
        self,
        method: str,
        url: str,
        body: Any,
        headers: Mapping[str, str],
        *,
        long: bool,
        also: frozenset[int] = frozenset(),
    ) -> Reply:
        self.requests += 1
        limit = aiohttp.ClientTimeout(
            total=self.remote.timeout_seconds if long else _SHORT_S, connect=_CONNECT_S, sock_connect=_CONNECT_S
        )
        try:
            async with self._session.request(
                method, url, json=body, headers=headers, timeout=limit, allow_redirects=False
            ) as response:
                content = await self._read(response)
        except aiohttp.ClientConnectorError as error:
            raise _Passing(f"no connection: {error.os_error.strerror or 'refused'}", done=False) from error
        except TimeoutError as error:
            raise _Passing("it took too long", done=True) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _Passing(f"the connection broke: {type(error).__name__}", done=True) from error
        if response.status < 300 or response.status in also:
            return Reply(response.status, response.content_type, content)
        raise self._refusal(response, content)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        most = self.remote.max_mb * 1_000_000
        if (response.content_length or 0) > most:
            raise _too_large(self.remote)
        content = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            content += chunk
            if len(content) > most:
                raise _too_large(self.remote)
        return bytes(content)

    def _refusal(self, response: aiohttp.ClientResponse, content: bytes) -> Exception:
        status = response.status
        if status in _PASSING:
            after = response.headers.get("Retry-After", "")
            wait = min(60.0, float(after)) if after.isascii() and after.isdigit() else 0.0
            return _Passing(f"status {status}", done=status not in _NOT_DONE, wait_s=wait)
        if status < 400:
            return Permanent("remote-redirected", "The model server wanted to send the request elsewhere.")
        if status in _REFUSED:
            return BadInput("remote-refused", f"The model server refused this: {self.words(_reason(content))}.")
        if status in (401, 403):
            return Permanent("remote-forbidden", "The model server did not let this service in.")
        return Permanent("remote-failed", f"The model server answered with status {status}.")


def garbage(why: str) -> Permanent:
    """An answer that is not what the protocol says."""
    return Permanent("remote-garbage", f"The model server's answer cannot be used: {why}.")


def _too_large(remote: Remote) -> Permanent:
    return Permanent("remote-too-large", f"The model server's answer has more than {remote.max_mb} MB.")


def _reason(content: bytes) -> Any:
    """Where servers put their reasons: `error`, `detail` or `text`; else the text itself."""
    try:
        told = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return content[:1000].decode("utf-8", "replace")
    if not isinstance(told, dict):
        return told
    said = next((told[name] for name in ("error", "detail", "text", "title") if told.get(name)), told)
    if isinstance(said, list) and said and all(isinstance(item, dict) and "msg" in item for item in said):
        return "; ".join(f"{'.'.join(map(str, item.get('loc', [])))}: {item['msg']}" for item in said)
    return said


def _is_among(host: str | None, allowed: tuple[str, ...]) -> bool:
    return host is not None and any(host == name or host.endswith(f".{name}") for name in allowed)
