"""What a person is told about the finished model."""

from typing import Any

import numpy as np

from ml_worker.mesh.assets import Asset
from ml_worker.mesh.components import components
from ml_worker.mesh.gate import faults
from ml_worker.mesh.mesh import Floats, Mesh, directed_edges, merge_by_position
from ml_worker.mesh.rays import MISS, Rays

WALL_SAMPLES = 3000
OPPOSITE = -0.6
"""A wall has two faces: the far one must look the other way (cosine of the normals)."""
NOZZLE_MM = 0.4
BED_MM = 220.0
STEEP = -0.71
"""Faces that look down more than 45 degrees need support when printed."""


def shells(mesh: Mesh) -> int:
    edges = directed_edges(mesh.faces)
    count, _ = components(len(mesh.vertices), edges[:, 0], edges[:, 1])
    return count


def genus(mesh: Mesh) -> int:
    """Handles of a closed surface, all shells together (Euler: V - E + F = 2 shells - 2 genus)."""
    euler = len(mesh.vertices) - len(mesh.faces) * 3 // 2 + len(mesh.faces)
    return shells(mesh) - euler // 2


def thinnest_wall(mesh: Mesh, seed: int = 0) -> float | None:
    """Metres: the smallest wall met by rays sent inwards from places spread evenly over the surface.

    None when no ray meets an opposite wall. One ray in 300 may come out thinner (grazing hits near edges).
    """
    random = np.random.default_rng(seed)
    normals = mesh.face_normals()
    area = mesh.areas()
    face = random.choice(len(area), WALL_SAMPLES, p=area / area.sum())
    points = _spread(mesh.corners()[face], random)
    rays = Rays(mesh)
    start = points - normals[face] * (rays.size * 1e-5)
    hit, distance, _ = rays.first_hit(start, -normals[face])
    wall = (hit != MISS) & (np.einsum("ij,ij->i", normals[face], normals[np.maximum(hit, 0)]) < OPPOSITE)
    return float(np.quantile(distance[wall], 1 / 300)) if wall.any() else None


def _spread(corners: Floats, random: np.random.Generator) -> Floats:
    a, b = random.random((2, len(corners)))
    fold = a + b > 1
    a, b = np.where(fold, 1 - a, a), np.where(fold, 1 - b, b)
    return np.asarray(
        corners[:, 0] + a[:, None] * (corners[:, 1] - corners[:, 0]) + b[:, None] * (corners[:, 2] - corners[:, 0])
    )


def report(asset: Asset, *, uv_overlap: float, deviation: float | None) -> dict[str, Any]:
    """Plain JSON values. `deviation`: metres between mesh and exact surface, None when there is no exact one."""
    mesh = merge_by_position(asset.solid)
    wrong = faults(mesh)
    low, high = mesh.bounds() * 1000
    wall = thinnest_wall(mesh)
    count = shells(mesh)
    told: dict[str, Any] = {
        "watertight": "it is not watertight" not in wrong,
        "manifold": not any("edge" in fault or "point" in fault for fault in wrong),
        "winding": "outward" if mesh.volume() > 0 else "inward",
        "components": count,
        "genus": genus(mesh),
        "faces": len(mesh.faces),
        "vertices": len(mesh.vertices),
        "bounds_mm": [[round(float(v), 3) for v in low], [round(float(v), 3) for v in high]],
        "size_mm": [round(float(v), 3) for v in high - low],
        "volume_mm3": round(mesh.volume() * 1e9, 3),
        "area_mm2": round(mesh.area() * 1e6, 3),
        "thinnest_wall_mm": None if wall is None else round(wall * 1000, 3),
        "uv_overlap": round(uv_overlap, 6),
        "texture_size": int(asset.maps.color.shape[0]),
        "deviation_mm": None if deviation is None else round(deviation * 1000, 4),
    }
    return told | {"printability": printability(mesh, wrong, wall, count)}


def printability(mesh: Mesh, wrong: list[str], wall: float | None, count: int) -> dict[str, Any]:
    """Whether a filament printer could make it as it stands, and what to mind, in plain words."""
    hints = [f"Needs repair: {fault}." for fault in wrong]
    size = np.ptp(mesh.vertices, axis=0) * 1000
    scale = min(1.0, BED_MM / float(size.max()))
    if scale < 1:
        hints.append(f"Larger than a common {BED_MM:.0f} mm print bed: print it at {scale * 100:.2g} % or in parts.")
    if wall is not None and wall * 1000 * scale < 2 * NOZZLE_MM:
        at = "" if scale == 1 else " at that scale"
        hints.append(
            f"The thinnest wall is {wall * 1000 * scale:.2g} mm{at}; a 0.4 mm nozzle needs {2 * NOZZLE_MM} mm."
        )
    if count > 1:
        hints.append(f"It has {count} separate bodies; each must stand by itself or be joined.")
    area, up = mesh.areas(), mesh.face_normals()[:, 1]
    height = mesh.corners()[:, :, 1].mean(axis=1) - mesh.vertices[:, 1].min()
    on_bed = height < np.ptp(mesh.vertices[:, 1]) * 0.004
    overhang = float(area[(up < STEEP) & ~on_bed].sum() / area.sum())
    if overhang > 0.02:
        hints.append(f"{overhang * 100:.0f} % of its surface hangs over: print with supports.")
    if float(area[(up < -0.99) & on_bed].sum()) < 0.01 * float(size[0] * size[2]) / 1e6:
        hints.append("It has hardly any flat base: use a brim or a raft.")
    return {"printable": not wrong and (wall is None or wall * 1000 * scale >= 2 * NOZZLE_MM), "hints": hints}
