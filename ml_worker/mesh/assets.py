"""A finished model, ready to be written in any format: corners as files want them, and encoded pictures."""

from typing import Any

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from ml_worker.mesh.bake import Maps
from ml_worker.mesh.lane import Lane
from ml_worker.mesh.mesh import Ints, Mesh
from ml_worker.mesh.parts import Parts
from ml_worker.mesh.skin import Skin

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
    tangents: Array
    """(N, 4) float32: unit, and the hand of the bitangent."""
    uvs: Array
    """(N, 2) float32, 0..1, origin at the top left."""
    faces: Ints
    """(F, 3) int32."""
    solid: Mesh
    """The same surface with shared vertices."""
    color: Picture
    surface: Picture
    normal: Picture | None
    parts: Parts
    maps: Maps


def encode(picture: Array, lossless: bool) -> Picture:
    """(S, S, 3) RGB uint8 as PNG, or as JPEG without chroma subsampling."""
    rows = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    if lossless:
        # One filter for all rows: trying them all takes twice as long and gives no smaller files.
        options = [cv2.IMWRITE_PNG_COMPRESSION, 4, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP]
        _, data = cv2.imencode(".png", rows, options)
        return Picture("image/png", data.tobytes())
    options = [cv2.IMWRITE_JPEG_QUALITY, 92, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111]
    _, data = cv2.imencode(".jpg", rows, options)
    return Picture("image/jpeg", data.tobytes())


def assemble(name: str, mesh: Mesh, skin: Skin, maps: Maps, lane: Lane) -> Asset:
    color = lane.beside(lambda: encode(maps.color, maps.lossless))
    normal = None if maps.normal is None else encode(maps.normal, maps.mirrors)
    surface = encode(maps.surface, lossless=False)
    return Asset(
        name=name,
        positions=mesh.vertices[skin.vertex].astype(np.float32) + np.float32(0),  # -0 becomes +0
        normals=skin.normals,
        tangents=skin.tangents,
        uvs=skin.uvs,
        faces=skin.faces,
        solid=mesh,
        color=color(),
        surface=surface,
        normal=normal,
        parts=maps.parts,
        maps=maps,
    )
