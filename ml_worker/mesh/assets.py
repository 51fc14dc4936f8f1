"""A finished model, ready to be written in any format: corners as files want them, and encoded pictures."""

from typing import Any

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from ml_worker.mesh.bake import Maps
from ml_worker.mesh.mesh import Floats, Ints, Mesh

Array = npt.NDArray[Any]


class Picture(msgspec.Struct, frozen=True):
    """An encoded image."""

    media_type: str
    data: bytes

    @property
    def suffix(self) -> str:
        return ".png" if self.media_type == "image/png" else ".jpg"


class Asset(msgspec.Struct, frozen=True, eq=False):
    """One textured object: metres, Y up. Corners are split where normals or texture coordinates part."""

    name: str
    positions: Array
    """(N, 3) float32. Corners that were one vertex still have exactly the same position."""
    normals: Array
    """(N, 3) float32, unit."""
    uvs: Array
    """(N, 2) float32, 0..1, origin at the top left."""
    faces: Ints
    """(F, 3) int32."""
    solid: Mesh
    """The same surface with shared vertices."""
    color: Picture
    surface: Picture
    normal: Picture | None
    maps: Maps


def encode(picture: Array, lossless: bool) -> Picture:
    """(S, S, 3) RGB uint8 as PNG, or as JPEG without chroma subsampling."""
    rows = np.ascontiguousarray(picture[:, :, ::-1])
    if lossless:
        _, data = cv2.imencode(".png", rows, [cv2.IMWRITE_PNG_COMPRESSION, 4])
        return Picture("image/png", data.tobytes())
    options = [cv2.IMWRITE_JPEG_QUALITY, 92, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111]
    _, data = cv2.imencode(".jpg", rows, options)
    return Picture("image/jpeg", data.tobytes())


def assemble(name: str, mesh: Mesh, normals: Floats, group: Ints, chart: Ints, uvs: Floats, maps: Maps) -> Asset:
    """`normals` (3F, 3), `group` (3F,), `uvs` (3F, 2) by corner; `chart` (F,)."""
    key = np.stack([mesh.faces.ravel(), group, np.repeat(chart, 3)], axis=1).astype(np.int64)
    packed = (key[:, 0] * (int(group.max()) + 1) + key[:, 1]) * (int(chart.max()) + 1) + key[:, 2]
    _, first, number = np.unique(packed, return_index=True, return_inverse=True)
    faces = number.reshape(-1, 3).astype(np.int32)
    order, faces = _reading_order(faces)
    first = first[order]
    unit = normals[first].astype(np.float32)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    return Asset(
        name=name,
        positions=mesh.vertices[mesh.faces.ravel()[first]].astype(np.float32) + np.float32(0),
        normals=unit,
        uvs=np.clip(uvs[first], 0, 1).astype(np.float32),
        faces=faces,
        solid=mesh,
        color=encode(maps.color, maps.lossless),
        surface=encode(maps.surface, lossless=False),
        normal=None if maps.normal is None else encode(maps.normal, lossless=False),
        maps=maps,
    )


def _reading_order(faces: Ints) -> tuple[Ints, Ints]:
    """Number the vertices as the faces first name them: neighbours in use become neighbours in memory."""
    flat = faces.ravel()
    _, first = np.unique(flat, return_index=True)
    order = flat[np.sort(first)]
    number = np.empty(len(order), np.int32)
    number[order] = np.arange(len(order), dtype=np.int32)
    return order, number[faces]
