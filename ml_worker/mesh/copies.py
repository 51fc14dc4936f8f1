"""Several of one finished object in one model: they share the textures, so each is as fine as one alone."""

from collections.abc import Sequence

import msgspec
import numpy as np

from ml_worker.mesh.assets import Asset
from ml_worker.mesh.mesh import Mesh
from ml_worker.mesh.parts import Parts

Place = tuple[float, float]
"""Where a copy stands: X and Z in metres from where the object stands by itself."""


def spread(places: Sequence[Place]) -> np.ndarray:
    """(3,) metres that the places add to the object's own extent."""
    return np.asarray([np.ptp([x for x, _ in places]), 0.0, np.ptp([z for _, z in places])])


def repeated(asset: Asset, places: Sequence[Place]) -> Asset:
    """The object once at each place; a single object stays as it is, wherever its place."""
    if len(places) == 1:
        return asset
    moves = np.asarray([[x, 0.0, z] for x, z in places])
    corners, vertices, count = len(asset.positions), len(asset.solid.vertices), len(places)
    numbers = np.arange(count, dtype=np.int32)[:, None, None]
    return msgspec.structs.replace(
        asset,
        positions=(asset.positions[None] + moves[:, None].astype(np.float32)).reshape(-1, 3),
        normals=np.tile(asset.normals, (count, 1)),
        tangents=np.tile(asset.tangents, (count, 1)),
        uvs=np.tile(asset.uvs, (count, 1)),
        faces=(asset.faces[None] + numbers * corners).reshape(-1, 3),
        parts=Parts(asset.parts.parts, np.tile(asset.parts.of_face, count)),
        solid=Mesh(
            (asset.solid.vertices[None] + moves[:, None]).reshape(-1, 3),
            (asset.solid.faces[None] + numbers * vertices).reshape(-1, 3),
        ),
    )
