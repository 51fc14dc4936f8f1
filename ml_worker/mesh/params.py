"""The parameters that every engine which makes a 3D model shares, as one JSON Schema fragment and one struct."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

import msgspec

Quality = Literal["draft", "standard", "high"]
Format = Literal["glb", "obj", "stl", "fbx", "3mf", "usdz", "webp"]
FORMATS: tuple[Format, ...] = get_args(Format)
MEDIA_TYPES: dict[str, str] = {
    "glb": "model/gltf-binary",
    "obj": "application/zip",
    "stl": "model/stl",
    "fbx": "application/vnd.autodesk.fbx",
    "3mf": "model/3mf",
    "usdz": "model/vnd.usdz+zip",
    "webp": "image/webp",
}

PROPERTIES: dict[str, Any] = {
    "formats": {
        "type": "array",
        "items": {"enum": list(FORMATS)},
        "minItems": 1,
        "uniqueItems": True,
        "default": ["glb"],
        "description": "File formats to write: glb and obj in metres with Y up and textures, stl in millimetres, Z up, "
        "fbx in centimetres with Y up and textures, 3mf in millimetres, Z up, with its colours, usdz in metres with Y "
        "up and textures, webp a turntable: an animated picture of one turn.",
    },
    "target_faces": {
        "type": "integer",
        "minimum": 500,
        "maximum": 200_000,
        "default": 12_000,
        "description": "The most triangles the model should have. Flat parts take fewer by themselves.",
    },
    "texture_size": {
        "type": "integer",
        "enum": [512, 1024, 2048],
        "default": 1024,
        "description": "Side of the textures, in pixels.",
    },
    "quality": {
        "enum": list(get_args(Quality)),
        "default": "standard",
        "description": "How finely the shape is sampled: draft is quickest, high keeps the smallest details.",
    },
    "size": {
        "type": "number",
        "minimum": 0.005,
        "maximum": 100,
        "description": "Longest side of the model in metres. Without it the object gets its usual real size.",
    },
}
"""Merge into an engine's `params_schema["properties"]`. `size` has no default: absent means the usual size."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The shared parameters of one run."""

    formats: tuple[Format, ...] = ("glb",)
    target_faces: int = 12_000
    texture_size: int = 1024
    quality: Quality = "standard"
    size: float | None = None

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> "Options":
        """From an engine's validated parameters; others than the shared ones are left alone."""
        return msgspec.convert({key: value for key, value in params.items() if key in PROPERTIES}, cls)
