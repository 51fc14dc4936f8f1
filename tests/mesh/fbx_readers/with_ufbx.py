"""Reads FBX files with ufbx, strictly: `python with_ufbx.py FILE…` writes FILE.ufbx.npz beside each.

A program of its own because the binding frees what its objects still use: here nothing is freed before the end.
"""

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import ufbx

KEPT: list[Any] = []


def kept(thing: Any) -> Any:
    KEPT.append(thing)
    return thing


def read(path: Path) -> dict[str, Any]:
    axis = ufbx.CoordinateAxis
    scene = kept(
        ufbx.load_file(
            str(path),
            strict=True,
            target_axes=ufbx.CoordinateAxes(axis.POSITIVE_X, axis.POSITIVE_Y, axis.POSITIVE_Z),
            target_unit_meters=1.0,
            space_conversion=ufbx.SpaceConversion.MODIFY_GEOMETRY,
        )
    )
    warnings = [kept(warning).description for warning in kept(scene.metadata.warnings)]
    assert not warnings, warnings
    assert (scene.metadata.version, scene.metadata.ascii) == (7400, False)
    (mesh,) = kept(scene.meshes)
    (node,) = kept(kept(mesh).instances)
    assert not mesh.generated_normals
    positions, normals, uvs = (kept(each) for each in (mesh.vertex_position, mesh.vertex_normal, mesh.vertex_uv))
    materials = [kept(material) for material in kept(mesh.materials)]
    color = kept(kept(materials[0].fbx.diffuse_color).texture)
    normal = kept(kept(materials[0].fbx.normal_map).texture)
    return {
        "name": kept(node).name,
        "unit": scene.settings.unit_meters,
        "vertices": len(kept(mesh.vertices)),
        "corners": np.asarray(positions.values)[np.asarray(positions.indices)].reshape(-1, 3, 3),
        "normals": np.asarray(normals.values)[np.asarray(normals.indices)].reshape(-1, 3, 3),
        "uvs": np.asarray(uvs.values)[np.asarray(uvs.indices)].reshape(-1, 3, 2) * [1, -1] + [0, 1],
        "part": np.asarray(mesh.face_material),
        "parts": [material.name for material in materials],
        "roughness": [1 - kept(m.fbx.specular_exponent).value_vec4.x ** 0.5 / 10 for m in materials],
        "metallic": [kept(m.fbx.reflection_factor).value_vec4.x for m in materials],
        "factor": [tuple(kept(m.fbx.diffuse_color).value_vec4)[:3] for m in materials],
        "opacity": [1 - kept(m.fbx.transparency_factor).value_vec4.x for m in materials],
        "color": np.frombuffer(color.content, np.uint8) if color else np.zeros(0, np.uint8),
        "normal": np.frombuffer(normal.content, np.uint8) if normal else np.zeros(0, np.uint8),
    }


if __name__ == "__main__":
    for name in sys.argv[1:]:
        np.savez(f"{name}.ufbx.npz", **read(Path(name)))
    os._exit(0)
