"""OBJ as a zip with its MTL and textures: the same triangles as the GLB, metres, Y up."""

import numpy as np

from ml_worker.mesh.archive import write_zip
from ml_worker.mesh.assets import Asset
from ml_worker.mesh.parts import Layer


def write_obj_zip(asset: Asset) -> bytes:
    color, surface = f"{asset.name}_color{asset.color.suffix}", f"{asset.name}_surface{asset.surface.suffix}"
    layers = asset.parts.layers()
    entries = {
        f"{asset.name}.obj": _geometry(asset).encode(),
        f"{asset.name}.mtl": "\n".join(_material(asset, layer, color, surface) for layer in layers).encode(),
        color: asset.color.data,
        surface: asset.surface.data,
    }
    if asset.normal is not None:
        entries[f"{asset.name}_normal{asset.normal.suffix}"] = asset.normal.data
    return write_zip(entries, packed=lambda name: name.endswith((".obj", ".mtl")))


def _geometry(asset: Asset) -> str:
    """Shared vertices, so that a reader gets the closed surface; texture corners and normals on their own."""
    vertices = asset.solid.vertices.astype(np.float32)
    uv = asset.uvs * np.array([1, -1], np.float32) + np.array([0, 1], np.float32)
    face, corner = asset.solid.faces.ravel() + 1, asset.faces.ravel() + 1
    numbers = np.stack([face, corner, corner], axis=1).reshape(-1, 9)
    shown = [(asset.name + layer.suffix, numbers[layer.faces]) for layer in asset.parts.layers()]
    return "".join(
        [
            f"# {asset.name}: metres, Y up\nmtllib {asset.name}.mtl\no {asset.name}\n",
            "v %.9g %.9g %.9g\n" * len(vertices) % tuple(vertices.ravel().tolist()),
            "vt %.6g %.6g\n" * len(uv) % tuple(uv.ravel().tolist()),
            "vn %.5g %.5g %.5g\n" * len(asset.normals) % tuple(asset.normals.ravel().tolist()),
            *(
                f"usemtl {material}\n" + "f %d/%d/%d %d/%d/%d %d/%d/%d\n" * len(own) % tuple(own.ravel().tolist())
                for material, own in shown
            ),
        ]
    )


def _material(asset: Asset, layer: Layer, color: str, surface: str) -> str:
    """The classic illumination model, and the PBR extension (Pr, Pm, norm) that newer readers understand."""
    roughness, metallic = asset.maps.surface[:, :, 1:].reshape(-1, 2).mean(axis=0) / 255
    if layer.opacity < 1:
        glass = [part for part in asset.parts.parts if part.opacity == layer.opacity]
        roughness, metallic = np.mean([(part.roughness, part.metallic) for part in glass], axis=0)
    shine = 2 / max(roughness, 0.04) ** 4 - 2
    lines = [
        f"newmtl {asset.name}{layer.suffix}",
        "Ka 1 1 1",
        "Kd 1 1 1",
        f"Ks {0.04 + 0.5 * metallic:.3f} {0.04 + 0.5 * metallic:.3f} {0.04 + 0.5 * metallic:.3f}",
        f"Ns {min(max(shine, 1.0), 1000.0):.2f}",
        "illum 2",
        f"Pr {roughness:.3f}",
        f"Pm {metallic:.3f}",
        f"map_Kd {color}",
        f"# occlusion, roughness and metallic in red, green and blue: {surface}",
    ]
    if layer.opacity < 1:
        lines += [f"d {layer.opacity:.3f}", f"Tr {1 - layer.opacity:.3f}"]
    if asset.normal is not None:
        lines.append(f"norm {asset.name}_normal{asset.normal.suffix}")
    return "\n".join(lines) + "\n"
