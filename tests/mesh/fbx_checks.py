"""How far an FBX, as another program reads it, is from the GLB of the same run: point by point, in metres."""

import io
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image
from scipy.spatial import cKDTree

from tests.mesh.fbx_readers.readers import Seen
from tests.mesh.glb_reader import read_glb

NORMAL_DEGREES = {"ufbx": 1e-3, "assimp": 0.1, "blender": 1.5}
"""Blender keeps a corner's normal as 2 x 16 bits, relative to the faces around it."""


SMALL = 0.01


class Difference(msgspec.Struct, frozen=True):
    """Zero, or close to it, when both files show the same."""

    faces: int
    """Faces of the GLB that have no like in the FBX, and the other way round."""
    position: float
    """Metres, the largest over all corners of all faces."""
    bounds: float
    """Metres."""
    normal: float
    """Degrees, the largest."""
    uv: float
    """Share of the texture's side, the largest."""
    roughness: float
    """Largest over the parts: the part's value against the mean of the GLB's texels at its faces' centres. Parts of
    less than SMALL of the surface are left out: a door's knob has no texel of its own."""
    metallic: float
    color: bool | None
    """The picture is the GLB's, byte for byte; None: this reader does not hand out pictures."""
    relief: bool | None
    """The same for the normal map."""

    def wrong(self, reader: str) -> list[str]:
        """What differs by more than the reader's own precision."""
        within = {
            "faces": 0, "position": 1e-6, "bounds": 1e-6, "normal": NORMAL_DEGREES[reader], "uv": 1e-6,
            "roughness": 0.03, "metallic": 0.03,
        }  # fmt: skip
        found = [f"{name} {getattr(self, name):.3g}" for name, most in within.items() if getattr(self, name) > most]
        return found + [name for name in ("color", "relief") if getattr(self, name) is False]


def difference(glb: Path, seen: Seen) -> Difference:
    attributes, faces, images = read_glb(glb)
    corners, normals, uvs = (attributes[name][faces].astype(float) for name in ("POSITION", "NORMAL", "TEXCOORD_0"))
    place = cKDTree(np.concatenate([corners, uvs], axis=2).reshape(len(faces), -1))
    own = np.concatenate([seen["corners"], seen["uvs"]], axis=2).reshape(len(seen["corners"]), -1)
    like = place.query(own)[1]
    apart = np.linalg.norm(seen["normals"] - normals[like], axis=2)
    data = glb.read_bytes()
    return Difference(
        faces=len(set(range(len(faces))) ^ set(like.tolist())) + abs(len(faces) - len(like)),
        position=float(np.abs(seen["corners"] - corners[like]).max()),
        bounds=float(np.abs(_bounds(seen["corners"]) - _bounds(corners)).max()),
        normal=float(np.degrees(2 * np.arcsin(np.clip(apart / 2, 0, 1))).max()),
        uv=float(np.abs(seen["uvs"] - uvs[like]).max()),
        roughness=_off(images[1][:, :, 1], uvs[like], seen, "roughness"),
        metallic=_off(images[1][:, :, 2], uvs[like], seen, "metallic"),
        color=_same(seen.get("color"), data, images, 0),
        relief=_same(seen.get("normal"), data, images, 2),
    )


def _bounds(corners: np.ndarray) -> np.ndarray:
    return np.stack([corners.min(axis=(0, 1)), corners.max(axis=(0, 1))])


def _off(picture: np.ndarray, uvs: np.ndarray, seen: Seen, key: str) -> float:
    side = len(picture)
    column, row = np.clip(uvs.mean(axis=1) * side, 0, side - 1).astype(int).T
    texels = picture[row, column] / 255
    cross = np.cross(seen["corners"][:, 1] - seen["corners"][:, 0], seen["corners"][:, 2] - seen["corners"][:, 0])
    area = np.linalg.norm(cross, axis=1)
    part = seen["part"]
    assert set(part.tolist()) == set(range(len(seen["parts"]))), "a material without a face, or the other way round"
    return max(
        abs(float(np.average(texels[part == number], weights=area[part == number])) - value)
        for number, value in enumerate(seen[key])
        if area[part == number].sum() > SMALL * area.sum()
    )


def _same(picture: bytes | None, glb: bytes, images: list[np.ndarray], number: int) -> bool | None:
    if picture is None:
        return None
    if number >= len(images):
        return picture == b""
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))
    return picture in glb and np.array_equal(pixels, images[number])
