"""A cog container: PUT /predictions/{id} waits; a repeat while it runs is 202.

A lost connection or POST …/cancel ends it.
"""

import base64
from typing import Any

from tests.plugins.servers.base import Handler, serve

running: dict[str, bool] = {}
"""Cancelled or not, by id."""


def answer(handler: Handler, method: str, path: str, body: Any) -> None:
    parts = path.strip("/").split("/")
    if method == "PUT" and len(parts) == 2 and parts[0] == "predictions":
        _predict(handler, parts[1], body)
    elif method == "POST" and len(parts) == 3 and parts[2] == "cancel":
        if parts[1] in running:
            running[parts[1]] = True
            handler.json(200, {})
        else:
            handler.json(404, {})
    else:
        handler.json(404, {"detail": "Not Found"})


def _predict(handler: Handler, name: str, body: Any) -> None:
    asked = body["input"]
    if "prompt" not in asked:
        loc = ["body", "input", "prompt"]
        handler.json(422, {"detail": [{"loc": loc, "msg": "Field required", "type": "value_error"}]})
        return
    if name in running:
        handler.json(202, {"id": name, "status": "processing"})
        return
    running[name] = False
    whole = handler.work(lambda: running[name] or handler.gone())
    del running[name]
    more = handler.behaviour.more
    if not whole:
        handler.behaviour.seen.append({"method": "", "path": "", "body": None, "headers": {}, "cancelled": name})
        if not handler.gone():
            handler.json(200, {"id": name, "status": "canceled"})
    elif "error" in more:
        handler.json(200, {"id": name, "status": "failed", "error": more["error"], "logs": ""})
    else:
        url = f"data:model/gltf-binary;base64,{base64.b64encode(handler.behaviour.model).decode()}"
        handler.json(200, {"id": name, "status": "succeeded", "output": more.get("output", url), "metrics": {}})


if __name__ == "__main__":
    serve(answer)
