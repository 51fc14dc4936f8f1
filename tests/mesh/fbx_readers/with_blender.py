"""Reads FBX files with Blender's importer: `python with_blender.py FILE…` writes FILE.blender.npz beside each.

Needs `bpy`, which needs Python 3.11 to the point and ties up 900 MB: it has an environment of its own
(`python -m tests.mesh.fbx_readers.blender` makes it).
"""

import sys
from typing import Any

import bpy
import numpy as np

Y_UP = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], float)
"""Blender's (x, y, z) with Z up -> (x, z, -y)."""


def read(path: str) -> dict[str, Any]:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.fbx(filepath=path)
    (body,) = bpy.data.objects
    mesh = body.data
    turn = Y_UP @ np.array(body.matrix_world)[:3, :3]
    assert np.allclose(np.array(body.matrix_world)[:3, 3], 0)
    points = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", points)
    index = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", index)
    normals = np.empty(len(mesh.loops) * 3, np.float32)
    mesh.corner_normals.foreach_get("vector", normals)
    uvs = np.empty(len(mesh.loops) * 2, np.float32)
    mesh.uv_layers[0].uv.foreach_get("vector", uvs)
    part = np.empty(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("material_index", part)
    sizes = np.empty(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("loop_total", sizes)
    assert (sizes == 3).all()
    shaders = [material.node_tree.nodes["Principled BSDF"] for material in mesh.materials]
    unit = normals.reshape(-1, 3).astype(float) @ turn.T
    return {
        "name": body.name,
        "vertices": len(mesh.vertices),
        "corners": (points.reshape(-1, 3).astype(float) @ turn.T)[index].reshape(-1, 3, 3),
        "normals": (unit / np.linalg.norm(unit, axis=1, keepdims=True)).reshape(-1, 3, 3),
        "uvs": (uvs.reshape(-1, 3, 2) * [1, -1] + [0, 1]),
        "part": part,
        "parts": [material.name for material in mesh.materials],
        "roughness": [shader.inputs["Roughness"].default_value for shader in shaders],
        "metallic": [shader.inputs["Metallic"].default_value for shader in shaders],
        "factor": [(1.0, 1.0, 1.0)] * len(shaders),
        "opacity": [shader.inputs["Alpha"].default_value for shader in shaders],
        **{use: packed(shaders[0], socket) for use, socket in (("color", "Base Color"), ("normal", "Normal"))},
    }


def packed(shader: Any, socket: str) -> np.ndarray:
    """The bytes of the picture that leads to a socket; none: an empty array."""
    links = shader.inputs[socket].links
    while links:
        node = links[0].from_node
        if node.type == "TEX_IMAGE":
            return np.frombuffer(node.image.packed_file.data, np.uint8)
        links = node.inputs["Color"].links
    return np.zeros(0, np.uint8)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        np.savez(f"{name}.blender.npz", **read(name))
