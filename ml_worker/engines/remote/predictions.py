"""Predictions of cog containers (github.com/replicate/cog, docs/http.md) and of Replicate's API.

cog: PUT /predictions/{id} waits for the result; a repeat while it runs is 202 and starts nothing; 409 means that all
slots are taken. It has no way to ask for a state later. When the connection goes, it cancels; POST …/cancel too.

Replicate: POST /predictions {version, input} (or /models/{owner}/{name}/predictions {input}) with
`Prefer: respond-async` -> {id, status}; GET /predictions/{id} until it has ended; POST /predictions/{id}/cancel.
"""

import asyncio
import base64
import re
import uuid
from typing import Any, Final
from urllib.parse import quote

from ml_worker.engines.port import BadInput, Permanent, Retryable
from ml_worker.engines.remote.driver import Photo, Question, opened
from ml_worker.engines.remote.link import Link, garbage

_NAMES: Final = {"prompt": "prompt", "image": "image", "seed": "seed"}
_BUSY: Final = 409
_GONE: Final = frozenset({404, 410})
_UNDER_WAY: Final = frozenset({"starting", "processing", "queued"})
_PERCENT: Final = re.compile(r"(\d{1,3})%")


async def ask_cog(question: Question, link: Link) -> bytes:
    name = base64.b32encode(uuid.uuid4().bytes).decode().lower().rstrip("=")
    body = {"id": name, "input": question.named(link.remote, _NAMES, Photo.data_url)}
    path, accepted = f"predictions/{name}", False
    try:
        while True:
            reply = await link.call("PUT", path, body, long=True, patient=accepted, also=frozenset({_BUSY}))
            if reply.status not in (_BUSY, 202):
                break
            accepted = accepted or reply.status == 202
            await asyncio.sleep(link.remote.poll_seconds)
    except (asyncio.CancelledError, Retryable):
        await link.tell("POST", f"{path}/cancel")
        raise
    return await _output(reply.json(), link)


async def ask_replicate(question: Question, link: Link) -> bytes:
    number, told = await _resumed(link)
    if number is None:
        number, told = await _begun(question, link)
    try:
        link.begun(number)
        while _state(told) in _UNDER_WAY:
            link.fraction = _fraction(told, link.fraction)
            await asyncio.sleep(link.remote.poll_seconds)
            told = (await link.call("GET", _path(number), patient=True)).json()
    except BaseException:
        await _give_up(number, link)
        raise
    return await _output(told, link)


async def _begun(question: Question, link: Link) -> tuple[str, Any]:
    """The id of a new prediction, and its state."""
    values = question.named(link.remote, _NAMES, Photo.data_url)
    model = link.remote.model or ""
    owner, separator, name = model.partition("/")
    path = f"models/{quote(owner)}/{quote(name)}/predictions" if separator else "predictions"
    body = {"input": values} if separator else {"version": model, "input": values}
    told = (await link.call("POST", path, body, headers={"prefer": "respond-async"}, repeat=False)).json()
    number = told.get("id") if isinstance(told, dict) else None
    if not isinstance(number, str) or not number:
        raise garbage("it has no id")
    return number, told


async def _resumed(link: Link) -> tuple[str | None, Any]:
    """The prediction that an earlier attempt began, unless it came to nothing."""
    number = link.begun_before()
    if number is None:
        return None, None
    try:
        reply = await link.call("GET", _path(number), patient=True, also=_GONE)
        if reply.status not in _GONE and _state(told := reply.json()) in _UNDER_WAY | {"succeeded"}:
            return number, told
    except BaseException:
        await _give_up(number, link)
        raise
    return None, None


async def _give_up(number: str, link: Link) -> None:
    try:
        link.forget()
    finally:
        await link.tell("POST", f"{_path(number)}/cancel")


def _path(number: str) -> str:
    return f"predictions/{quote(number, safe='')}"


async def _output(told: Any, link: Link) -> bytes:
    """Of a prediction that has ended. Raises Permanent, Retryable."""
    match _state(told):
        case "succeeded":
            return await opened(told.get("output"), link)
        case "failed":
            raise _failure(link.words(told.get("error") or ""))
        case "canceled" | "aborted":
            raise Retryable("remote-cancelled", "The model server cancelled it.")
        case state:
            raise garbage(f"its status is {state[:40]!r}")


def _failure(words: str) -> Exception:
    """A prediction that failed because of its input fails again; one that ran out of memory may not."""
    message = f"The model server failed: {words}."
    if "out of memory" in words.lower():
        return Retryable("remote-failed", message)
    if re.match(r"(invalid|unsupported|bad) (input|image|prompt)", words, re.IGNORECASE):
        return BadInput("remote-refused", message)
    return Permanent("remote-failed", message)


def _state(told: Any) -> str:
    state = told.get("status") if isinstance(told, dict) else None
    if not isinstance(state, str):
        raise garbage("it has no status")
    return state


def _fraction(told: dict[str, Any], before: float | None) -> float | None:
    """Models print progress bars; the last percentage in the logs is how far the prediction is."""
    logs = told.get("logs")
    found = _PERCENT.findall(logs[-2000:]) if isinstance(logs, str) else []
    return max(before or 0.0, min(100, int(found[-1])) / 100) if found else before
