"""The Open Inference Protocol v2 over HTTP (github.com/kserve/open-inference-protocol): KServe, Triton, Ray Serve.

POST /v2/models/{name}[/versions/{version}]/infer with JSON tensors. Text is a BYTES tensor; a photo is one too, in
base64, since JSON strings cannot hold bytes. The model comes back as BYTES (base64) or UINT8. The tensors' types and
shapes are asked of GET /v2/models/{name}, where the server has that.
"""

import uuid
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

from ml_worker.engines.port import BadInput
from ml_worker.engines.remote.driver import Photo, Question, decoded
from ml_worker.engines.remote.link import Link, garbage

_NAMES: Final = {"prompt": "prompt", "image": "image", "seed": "seed"}
_NO_METADATA: Final = frozenset({404, 405, 501})
_INTEGERS: Final = frozenset({"INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"})
_BITS: Final = {"INT8": 7, "INT16": 15, "INT32": 31, "UINT8": 8, "UINT16": 16, "UINT32": 32}
"""A seed is cut to what its tensor can hold."""


async def ask(question: Question, link: Link) -> bytes:
    remote = link.remote
    path = f"v2/models/{quote(remote.model or '', safe='')}"
    if remote.model_version:
        path += f"/versions/{quote(remote.model_version, safe='')}"
    known = await _metadata(path, link)
    values = question.named(remote, _NAMES, Photo.base64)
    body: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "inputs": [_tensor(name, value, known.get(name)) for name, value in values.items()],
    }
    if remote.output is not None:
        body["outputs"] = [{"name": remote.output, "parameters": {"binary_data": False}}]
    told = (await link.call("POST", f"{path}/infer", body, long=True)).json()
    return _file(told, remote.output)


async def _metadata(path: str, link: Link) -> dict[str, dict[str, Any]]:
    """Inputs by name; empty where the server does not tell."""
    reply = await link.call("GET", path, also=_NO_METADATA)
    if reply.status in _NO_METADATA:
        return {}
    told = reply.json()
    inputs = told.get("inputs") if isinstance(told, dict) else None
    if not isinstance(inputs, list):
        return {}
    return {item["name"]: item for item in inputs if isinstance(item, dict) and isinstance(item.get("name"), str)}


def _tensor(name: str, value: Any, known: dict[str, Any] | None) -> dict[str, Any]:
    values = value if isinstance(value, list) else [value]
    datatype = str(known.get("datatype", "")) if known else ""
    datatype = datatype or _datatype(values[0] if values else "")
    shape = [len(values)]
    if known and isinstance(known.get("shape"), list) and len(known["shape"]) > 1:
        shape = [1] * (len(known["shape"]) - 1) + [len(values)]
    return {"name": name, "shape": shape, "datatype": datatype, "data": [_cast(v, datatype, name) for v in values]}


def _datatype(value: Any) -> str:
    match value:
        case bool():
            return "BOOL"
        case int():
            return "INT64"
        case float():
            return "FP32"
        case _:
            return "BYTES"


def _cast(value: Any, datatype: str, name: str) -> Any:
    try:
        if datatype in _INTEGERS:
            bits = _BITS.get(datatype)
            return int(value) % (1 << bits) if bits and name == "seed" else int(value)
        if datatype.startswith("FP"):
            return float(value)
    except (TypeError, ValueError) as error:
        raise BadInput("remote-refused", f"{name} must be a number for this model.") from error
    return value if isinstance(value, str | bool) or datatype == "BOOL" else str(value)


def _file(told: Any, name: str | None) -> bytes:
    outputs = told.get("outputs") if isinstance(told, dict) else None
    if not isinstance(outputs, list):
        raise garbage("it has no outputs")
    fit = [o for o in outputs if isinstance(o, dict) and (o.get("name") == name if name else _may_be_file(o))]
    if len(fit) != 1:
        raise garbage(f"it has {len(fit)} outputs that could be the model; `output` must say which")
    data = list(_flat(fit[0].get("data")))
    if fit[0].get("datatype") == "UINT8":
        try:
            return bytes(data)
        except (TypeError, ValueError) as error:
            raise garbage("its bytes are no numbers of 0..255") from error
    if len(data) != 1 or not isinstance(data[0], str):
        raise garbage("its tensor is not one string")
    return decoded(data[0])


def _may_be_file(output: dict[str, Any]) -> bool:
    return output.get("datatype") in ("BYTES", "UINT8")


def _flat(data: Any) -> Iterator[Any]:
    """Row-major elements; tensors may be nested or flat."""
    if not isinstance(data, list):
        raise garbage("it has a tensor without data")
    for item in data:
        if isinstance(item, list):
            yield from _flat(item)
        else:
            yield item
