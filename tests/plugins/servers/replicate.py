"""Replicate's API: POST predictions, GET until it has ended, POST …/cancel; the result is a file at an address."""

import time
from typing import Any

from tests.plugins.servers.base import Handler, serve

begun: dict[str, float] = {}
cancelled: set[str] = set()


def answer(handler: Handler, method: str, path: str, body: Any) -> None:
    parts = path.strip("/").split("/")
    if method == "POST" and parts[-1] == "predictions":
        name = f"p{len(begun)}"
        begun[name] = time.monotonic()
        handler.json(201, _state(handler, name, "starting"))
    elif method == "GET" and "predictions" in parts and parts[-1] in begun:
        handler.json(200, _now(handler, parts[-1]))
    elif method == "POST" and parts[-1] == "cancel" and parts[-2] in begun:
        cancelled.add(parts[-2])
        handler.json(200, _now(handler, parts[-2]))
    elif method == "GET" and parts[-1] == "model.glb":
        handler.send(200, handler.behaviour.model, "model/gltf-binary")
    else:
        handler.json(404, {"detail": "Not found."})


def _now(handler: Handler, name: str) -> dict[str, Any]:
    if name in cancelled:
        return _state(handler, name, "canceled")
    took, work = time.monotonic() - begun[name], handler.behaviour.work_s
    if took < work:
        return _state(handler, name, "processing") | {"logs": f"sampling: {round(100 * took / work)}%|##  |"}
    if "error" in handler.behaviour.more:
        return _state(handler, name, "failed") | {"error": handler.behaviour.more["error"]}
    here = f"http://{handler.headers['Host']}/v1/files/model.glb"
    output = handler.behaviour.more.get("output", {"mesh": here, "notes": "fine"})
    return _state(handler, name, "succeeded") | {"output": output}


def _state(handler: Handler, name: str, status: str) -> dict[str, Any]:
    return {"id": name, "status": status, "output": None, "error": None, "logs": ""}


if __name__ == "__main__":
    serve(answer)
