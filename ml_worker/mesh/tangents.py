"""Tangents for normal maps (glTF 2.0, 3.7.2.1): along growing u, with the hand in which the chart is laid."""

import numpy as np

from ml_worker.mesh.mesh import Floats, Ints
from ml_worker.mesh.vectors import crosses, directions, dots, lengths


def tangents(positions: Floats, normals: Floats, uvs: Floats, faces: Ints) -> Floats:
    """(N, 4) float32: unit tangents square to the normals, and +1 or -1."""
    p, t = positions.astype(np.float64)[faces], uvs.astype(np.float64)[faces]
    one, two = p[:, 1] - p[:, 0], p[:, 2] - p[:, 0]
    (u1, v1), (u2, v2) = (t[:, 1] - t[:, 0]).T, (t[:, 2] - t[:, 0]).T
    turn = u1 * v2 - u2 * v1
    # Weighted by the face's area on the texture: faces without any there do not count.
    along = (one * v2[:, None] - two * v1[:, None]) * np.sign(turn)[:, None]
    upward = -(two * u1[:, None] - one * u2[:, None]) * np.sign(turn)[:, None]
    total, rising = (
        np.stack([np.bincount(faces.ravel(), np.repeat(w[:, k], 3), len(positions)) for k in range(3)], axis=1)
        for w in (along, upward)
    )
    normal = normals.astype(np.float64)
    flat = total - normal * dots(normal, total)[:, None]
    length = lengths(flat)[:, None]
    fallback = crosses(normal, np.where(np.abs(normal[:, :1]) < 0.9, [[1.0, 0, 0]], [[0, 1.0, 0]]))
    tangent = directions(np.where(length > 1e-20, flat, fallback))
    hand = np.where(dots(crosses(normal, tangent), rising) < 0, -1.0, 1.0)
    return np.concatenate([tangent, hand[:, None]], axis=1).astype(np.float32)
