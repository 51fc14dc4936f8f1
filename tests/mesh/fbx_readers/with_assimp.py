"""Reads FBX files with assimp: `python with_assimp.py FILE…` writes FILE.assimp.npz beside each.

Assimp cuts a mesh into one for each material; faces keep their order in each. Textures it names, but this binding
does not hand out their bytes.
"""

import sys
from typing import Any

import assimp_py
import numpy as np

DIFFUSE, NORMALS = 1, 6


def read(path: str) -> dict[str, Any]:
    scene = assimp_py.import_file(path, assimp_py.Process_ValidateDataStructure | assimp_py.Process_GlobalScale)
    order = sorted(scene.meshes, key=lambda mesh: mesh.material_index)
    materials = [scene.materials[mesh.material_index] for mesh in order]
    (node,) = scene.root_node.children or [scene.root_node]
    turn = np.asarray(scene.root_node.transformation) @ np.asarray(node.transformation)
    found: dict[str, list[np.ndarray]] = {"corners": [], "normals": [], "uvs": [], "part": []}
    for number, mesh in enumerate(order):
        faces = np.asarray(mesh.indices).reshape(-1, 3)
        points = np.asarray(mesh.vertices).reshape(-1, 3) @ turn[:3, :3].T + turn[:3, 3]
        found["corners"].append(points[faces])
        found["normals"].append(np.asarray(mesh.normals).reshape(-1, 3)[faces])
        texture = np.asarray(mesh.texcoords[0]).reshape(len(points), -1)[:, :2]
        found["uvs"].append((texture * [1, -1] + [0, 1])[faces])
        found["part"].append(np.full(len(faces), number))
    return {
        **{key: np.concatenate(values) for key, values in found.items()},
        "name": node.name,
        "parts": [material["NAME"] for material in materials],
        "roughness": [1 - material["SHININESS"] ** 0.5 / 10 for material in materials],
        "metallic": [material["REFLECTIVITY"] for material in materials],
        "factor": [material["COLOR_DIFFUSE"][:3] for material in materials],
        "opacity": [material["OPACITY"] for material in materials],
        "pictures": sorted({name for m in materials for each in m.get("TEXTURES", {}).values() for name in each}),
    }


if __name__ == "__main__":
    for name in sys.argv[1:]:
        np.savez(f"{name}.assimp.npz", **read(name))
