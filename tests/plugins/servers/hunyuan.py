"""Hunyuan3D-2's api_server.py: its routes, its answers, and its silence about failures."""

import base64
import threading
import time
import uuid
from typing import Any

from tests.plugins.servers.base import Handler, serve

done: dict[str, bytes] = {}


def answer(handler: Handler, method: str, path: str, body: Any) -> None:
    if (method, path) == ("POST", "/send"):
        uid = str(uuid.uuid4())
        threading.Thread(target=_generate, args=(handler, uid, body), daemon=True).start()
        handler.json(200, {"uid": uid})
    elif method == "GET" and path.startswith("/status/"):
        made = done.get(path.removeprefix("/status/"))
        if made is None:
            handler.json(200, {"status": "processing"})
        else:
            handler.json(200, {"status": "completed", "model_base64": base64.b64encode(made).decode()})
    elif (method, path) == ("POST", "/generate"):
        made = _made(handler, body)
        if made is None:
            handler.json(404, {"text": "**NETWORK ERROR DUE TO HIGH TRAFFIC.**", "error_code": 1})
        else:
            handler.work()
            handler.send(200, made, "application/octet-stream")
    else:
        handler.json(404, {"detail": "Not Found"})


def _generate(handler: Handler, uid: str, body: Any) -> None:
    time.sleep(handler.behaviour.work_s)
    made = _made(handler, body)
    if made is not None:
        done[uid] = made


def _made(handler: Handler, body: Any) -> bytes | None:
    """None where the real one would raise: without an image that is one."""
    try:
        image = base64.b64decode(body["image"], validate=True)
    except (KeyError, ValueError):
        return None
    return handler.behaviour.model if image[:8] == b"\x89PNG\r\n\x1a\n" and body["type"] == "glb" else None


if __name__ == "__main__":
    serve(answer)
