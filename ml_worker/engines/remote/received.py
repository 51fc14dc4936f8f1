"""A model file from elsewhere: its triangles welded and set upright, and its look as paint."""

import io
import warnings
from typing import Any, Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt
import trimesh

from ml_worker.engines.port import Permanent
from ml_worker.engines.remote.link import garbage
from ml_worker.engines.remote.looks import SampledPaint, finish, sampled
from ml_worker.mesh.mesh import Mesh, merge_by_position

Array = npt.NDArray[Any]
MOST_FACES: Final = 5_000_000
_UPRIGHT: Final = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
"""From Z up to Y up."""


class Received(msgspec.Struct, frozen=True, eq=False):
    """Metres, Y up, standing on Y = 0, centred on X and Z."""

    mesh: Mesh
    paint: SampledPaint


def read_model(content: bytes, up: Literal["y", "z"] = "y") -> Received:
    """From GLB, PLY, STL or OBJ (without its files). Raises Permanent `remote-garbage`, `mesh-invalid`."""
    kind = _kind(content)
    parts = _parts(content, kind)
    count = sum(len(part.faces) for part in parts)
    if not 0 < count <= MOST_FACES:
        raise garbage(f"it has {count} faces" if count else "there is no surface in it")
    vertices, faces = _joined(parts)
    if not np.isfinite(vertices).all():
        raise garbage("it has corners that are not finite")
    points, colors = sampled(parts, linear=kind == "glb")
    if up == "z":
        vertices, points = vertices @ _UPRIGHT.T, points @ _UPRIGHT.T
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    ground = np.array([(low[0] + high[0]) / 2, low[1], (low[2] + high[2]) / 2])
    return Received(_closed(vertices - ground, faces), SampledPaint(points - ground, colors, *finish(parts)))


def _kind(content: bytes) -> str:
    if content[:4] == b"glTF":
        return "glb"
    if content[:3] == b"ply":
        return "ply"
    count = int.from_bytes(content[80:84], "little") if len(content) >= 84 else -1
    if len(content) == 84 + 50 * count or content[:6] == b"solid ":
        return "stl"
    if any(line.startswith(b"v ") for line in content[:4096].splitlines()):
        return "obj"
    raise garbage("it is no GLB, PLY, STL or OBJ")


def _parts(content: bytes, kind: str) -> list[trimesh.Trimesh]:
    """Meshes in the scene's coordinates. Other files that it names are not there, so they are never read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parts = trimesh.load_scene(io.BytesIO(content), file_type=kind, process=False).dump()
    except Exception as error:
        raise garbage(f"it is no whole {kind.upper()} ({type(error).__name__})") from error
    return [part for part in parts if isinstance(part, trimesh.Trimesh) and len(part.faces)]


def _joined(parts: list[trimesh.Trimesh]) -> tuple[Array, Array]:
    vertices, faces, start = [], [], 0
    for part in parts:
        vertices.append(np.asarray(part.vertices, np.float64))
        faces.append(np.asarray(part.faces, np.int64) + start)
        start += len(part.vertices)
    return np.concatenate(vertices), np.concatenate(faces)


def _closed(vertices: Array, faces: Array) -> Mesh:
    """Corners at one place become one, faces without area and twins go, small holes are filled."""
    welded = merge_by_position(Mesh(vertices, faces.astype(np.int32)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shape: Any = trimesh.Trimesh(welded.vertices, welded.faces, process=False)
        shape.update_faces(shape.nondegenerate_faces() & shape.unique_faces())
        if not shape.is_watertight:
            shape.fill_holes()
        if not shape.is_winding_consistent or shape.volume < 0:
            shape.fix_normals(multibody=True)
    if not shape.is_watertight:
        raise Permanent("mesh-invalid", "The model server's surface has holes: it does not close a volume.")
    return Mesh(np.asarray(shape.vertices, np.float64), np.asarray(shape.faces, np.int32)).compact()
