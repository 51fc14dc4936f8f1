"""A GLB as it stands in the file, its primitives together: no reader's idea of normals or seams in between."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

TYPES = {5126: np.float32, 5125: np.uint32, 5123: np.uint16}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}


def read_glb(path: Path) -> tuple[dict[str, np.ndarray], np.ndarray, list[np.ndarray]]:
    """Attributes by name, faces (F, 3), and the images (S, S, 3) in the order of the file."""
    data = path.read_bytes()
    length = int.from_bytes(data[12:16], "little")
    document: dict[str, Any] = json.loads(data[20 : 20 + length])
    binary = data[20 + length + 8 :]

    def view(number: int) -> bytes:
        entry = document["bufferViews"][number]
        return binary[entry["byteOffset"] : entry["byteOffset"] + entry["byteLength"]]

    def values(number: int) -> np.ndarray:
        entry = document["accessors"][number]
        return np.frombuffer(view(entry["bufferView"]), TYPES[entry["componentType"]]).reshape(
            -1, WIDTHS[entry["type"]]
        )

    primitives = document["meshes"][0]["primitives"]
    assert all(each["attributes"] == primitives[0]["attributes"] for each in primitives)
    images = [np.asarray(Image.open(io.BytesIO(view(i["bufferView"]))).convert("RGB")) for i in document["images"]]
    attributes = {name: values(number) for name, number in primitives[0]["attributes"].items()}
    faces = np.concatenate([values(each["indices"]).reshape(-1, 3).astype(int) for each in primitives])
    return attributes, faces, images
