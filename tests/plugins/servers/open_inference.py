"""The Open Inference Protocol v2 as Triton and KServe serve it: model metadata, and infer with JSON tensors."""

import base64
import re
from typing import Any

from tests.plugins.servers.base import Handler, serve

INPUTS = {"prompt": ("BYTES", [-1, 1]), "seed": ("INT32", [-1, 1]), "steps": ("FP32", [-1, 1])}


def answer(handler: Handler, method: str, path: str, body: Any) -> None:
    found = re.fullmatch(r"/v2/models/([^/]+)(?:/versions/([^/]+))?(/infer)?", path)
    if found is None or found[1] != "blob":
        handler.json(404, {"error": f"no model at {path}"})
    elif method == "GET":
        metadata = [{"name": n, "datatype": d, "shape": s} for n, (d, s) in INPUTS.items()]
        handler.json(200, {"name": "blob", "versions": ["3"], "platform": "pytorch", "inputs": metadata, "outputs": []})
    else:
        _infer(handler, body)


def _infer(handler: Handler, body: Any) -> None:
    given = {item["name"]: item for item in body["inputs"]}
    for name, (datatype, shape) in INPUTS.items():
        item = given.pop(name, None)
        if item is None or item["datatype"] != datatype or len(item["shape"]) != len(shape):
            handler.json(400, {"error": f"unexpected shape or type of input '{name}' for model 'blob'"})
            return
    if given:
        handler.json(400, {"error": f"unexpected inference input '{next(iter(given))}' for model 'blob'"})
        return
    if not handler.work(handler.gone):
        handler.behaviour.seen.append({"method": "", "path": "", "body": None, "headers": {}, "cancelled": body["id"]})
        return
    model = handler.behaviour.model
    if handler.behaviour.more.get("as") == "uint8":
        mesh = {"name": "mesh", "datatype": "UINT8", "shape": [1, len(model)], "data": [list(model)]}
    else:
        mesh = {"name": "mesh", "datatype": "BYTES", "shape": [1, 1], "data": [base64.b64encode(model).decode()]}
    score = {"name": "score", "datatype": "FP32", "shape": [1], "data": [0.5]}
    handler.json(200, {"model_name": "blob", "id": body["id"], "outputs": [score, mesh]})


if __name__ == "__main__":
    serve(answer)
