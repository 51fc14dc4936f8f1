"""GLB: one mesh, a metallic-roughness material, and one more for glass, textures inside.

glTF 2.0, Khronos; binary layout: chapter 4.
"""

import struct
from typing import Any

import numpy as np
import orjson

from ml_worker.mesh.assets import Asset
from ml_worker.mesh.parts import Layer
from ml_worker.mesh.pictures import Picture

FLOAT, UNSIGNED_SHORT, UNSIGNED_INT = 5126, 5123, 5125
ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963
LINEAR, LINEAR_MIPMAP_LINEAR, CLAMP_TO_EDGE = 9729, 9987, 33071


class _Binary:
    """The one buffer, its views and accessors."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def view(self, data: bytes, target: int | None = None) -> int:
        self.data += b"\0" * (-len(self.data) % 4)
        entry: dict[str, Any] = {"buffer": 0, "byteOffset": len(self.data), "byteLength": len(data)}
        if target is not None:
            entry["target"] = target
        self.data += data
        self.views.append(entry)
        return len(self.views) - 1

    def accessor(self, values: np.ndarray, kind: str, component: int, target: int, bounds: bool = False) -> int:
        entry: dict[str, Any] = {
            "bufferView": self.view(np.ascontiguousarray(values).tobytes(), target),
            "componentType": component,
            "count": values.size if kind == "SCALAR" else len(values),
            "type": kind,
        }
        if bounds:
            entry |= {"min": values.min(axis=0).tolist(), "max": values.max(axis=0).tolist()}
        self.accessors.append(entry)
        return len(self.accessors) - 1


def write_glb(asset: Asset) -> bytes:
    """The same asset gives the same bytes."""
    binary = _Binary()
    small = len(asset.positions) < 65535
    attributes = {
        "POSITION": binary.accessor(asset.positions, "VEC3", FLOAT, ARRAY_BUFFER, bounds=True),
        "NORMAL": binary.accessor(asset.normals, "VEC3", FLOAT, ARRAY_BUFFER),
        "TEXCOORD_0": binary.accessor(asset.uvs, "VEC2", FLOAT, ARRAY_BUFFER),
    }
    if asset.normal is not None:
        attributes["TANGENT"] = binary.accessor(asset.tangents, "VEC4", FLOAT, ARRAY_BUFFER)
    pictures: list[Picture] = [asset.color, asset.surface]
    if asset.normal is not None:
        pictures.append(asset.normal)
    materials: list[dict[str, Any]] = []
    primitives: list[dict[str, Any]] = []
    for layer in asset.parts.layers():
        indices = binary.accessor(
            asset.faces[layer.faces].ravel().astype(np.uint16 if small else np.uint32),
            "SCALAR",
            UNSIGNED_SHORT if small else UNSIGNED_INT,
            ELEMENT_ARRAY_BUFFER,
        )
        primitives.append({"attributes": attributes, "indices": indices, "material": len(materials)})
        materials.append(_material(asset, layer))
    document = {
        "asset": {"version": "2.0", "generator": "Lathe"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": asset.name}],
        "meshes": [{"name": asset.name, "primitives": primitives}],
        "materials": materials,
        "textures": [{"sampler": 0, "source": number} for number in range(len(pictures))],
        "images": [{"bufferView": binary.view(p.data), "mimeType": p.media_type} for p in pictures],
        "samplers": [
            {
                "magFilter": LINEAR,
                "minFilter": LINEAR_MIPMAP_LINEAR,
                "wrapS": CLAMP_TO_EDGE,
                "wrapT": CLAMP_TO_EDGE,
            }
        ],
        "accessors": binary.accessors,
        "bufferViews": binary.views,
        "buffers": [{"byteLength": len(binary.data)}],
    }
    return _container(orjson.dumps(document), bytes(binary.data))


def _material(asset: Asset, layer: Layer) -> dict[str, Any]:
    """Textures are shared by all; what can be seen through is blended with what is behind it."""
    shown: dict[str, Any] = {"baseColorTexture": {"index": 0}, "metallicRoughnessTexture": {"index": 1}}
    material: dict[str, Any] = {"name": asset.name + layer.suffix, "pbrMetallicRoughness": shown}
    if (asset.parts.opacity() < 1).any():  # through glass one sees things from within
        material["doubleSided"] = True
    if layer.opacity < 1:
        material["alphaMode"] = "BLEND"
        shown["baseColorFactor"] = [1, 1, 1, layer.opacity]
    else:  # light comes through glass: no corner of it is dark
        material["occlusionTexture"] = {"index": 1}
    if asset.normal is not None:
        material["normalTexture"] = {"index": 2}
    return material


def _container(document: bytes, data: bytes) -> bytes:
    document += b" " * (-len(document) % 4)
    data += b"\0" * (-len(data) % 4)
    total = 12 + 8 + len(document) + 8 + len(data)
    return b"".join(
        [
            struct.pack("<4sII", b"glTF", 2, total),
            struct.pack("<I4s", len(document), b"JSON"),
            document,
            struct.pack("<I4s", len(data), b"BIN\0"),
            data,
        ]
    )
