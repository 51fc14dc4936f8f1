"""Hunyuan3D-2's `api_server.py` (github.com/Tencent/Hunyuan3D-2).

POST /send {image: base64 | text, seed, …} -> {uid}; GET /status/{uid} -> {status: processing | completed,
model_base64: a GLB}. POST /generate takes the same and answers with the file; failures are 404 with `error_code`.
The protocol has no cancellation, and /status goes on saying `processing` after a failure: the time-out ends it.
"""

import asyncio
from typing import Any, Final
from urllib.parse import quote

from ml_worker.engines.port import Permanent, Retryable
from ml_worker.engines.remote.driver import Photo, Question, decoded
from ml_worker.engines.remote.link import Link, garbage

_NAMES: Final = {"prompt": "text", "image": "image", "seed": "seed"}
_FAILED: Final = frozenset({404})


async def ask(question: Question, link: Link) -> bytes:
    body = question.named(link.remote, _NAMES, Photo.base64) | {"type": "glb"}
    if link.remote.wait:
        reply = await link.call("POST", "generate", body, repeat=False, long=True, also=_FAILED)
        if reply.status in _FAILED:
            raise Retryable("remote-failed", "The model server failed to make it.")
        return reply.content
    uid = link.begun_before()
    if uid is None:
        uid = _member((await link.call("POST", "send", body, repeat=False)).json(), "uid")
        link.begun(uid)
    try:
        return await _made(uid, link)
    except BaseException:
        link.forget()  # It cannot be told, and may never have an answer.
        raise


async def _made(uid: str, link: Link) -> bytes:
    while True:
        await asyncio.sleep(link.remote.poll_seconds)
        told = (await link.call("GET", f"status/{quote(uid, safe='')}", patient=True)).json()
        match _member(told, "status"):
            case "completed":
                return decoded(_member(told, "model_base64"))
            case "error" | "failed":  # Hunyuan3D-2.1
                raise Permanent("remote-failed", f"The model server failed: {link.words(told.get('message', ''))}.")
            case _:
                continue


def _member(told: Any, name: str) -> str:
    value = told.get(name) if isinstance(told, dict) else None
    if not isinstance(value, str) or not value:
        raise garbage(f"it has no {name}")
    return value
