"""USDZ for augmented reality: metres, Y up, the corners of the GLB, one UsdPreviewSurface with the GLB's pictures.

A layer in USD's binary form and the pictures, in a ZIP without compression whose files start at multiples of 64 bytes
(USDZ File Format Specification 1.3). `pxr` is imported when the first is written: it takes half a second.
"""

from pathlib import Path
from typing import Any

import numpy as np

from ml_worker.mesh.archive import write_zip
from ml_worker.mesh.assets import Asset
from ml_worker.mesh.parts import Layer

ALIGNMENT = 64
_INPUTS = (
    ("diffuseColor", "Color3f", "color", "rgb"),
    ("occlusion", "Float", "surface", "r"),
    ("roughness", "Float", "surface", "g"),
    ("metallic", "Float", "surface", "b"),
    ("normal", "Normal3f", "normal", "rgb"),
)
"""(input of the shader, its type, picture, channels)."""


def write_usdz(asset: Asset, folder: Path) -> bytes:
    """The same asset gives the same bytes. `folder`: where the layer may lie while it is written."""
    pictures = {"color": asset.color, "surface": asset.surface}
    if asset.normal is not None:
        pictures["normal"] = asset.normal
    files = {use: f"textures/{use}{picture.suffix}" for use, picture in pictures.items()}
    entries = {"model.usdc": _layer(asset, files, folder)}  # the first is what a reader opens
    entries |= {files[use]: picture.data for use, picture in pictures.items()}
    return write_zip(entries, packed=lambda name: False, alignment=ALIGNMENT)


def _layer(asset: Asset, files: dict[str, str], folder: Path) -> bytes:
    from pxr import Kind, Tf, Usd, UsdGeom

    stage = Usd.Stage.CreateInMemory()
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    stage.GetRootLayer().customLayerData = {"creator": "Lathe"}
    name = Tf.MakeValidIdentifier(asset.name)
    root = UsdGeom.Xform.Define(stage, f"/{name}")
    stage.SetDefaultPrim(root.GetPrim())
    Usd.ModelAPI(root).SetKind(Kind.Tokens.component)
    root.GetPrim().SetDisplayName(asset.name)
    for group in ("Geom", "Materials"):
        UsdGeom.Scope.Define(stage, f"/{name}/{group}")
    mesh = _mesh(stage, f"/{name}/Geom/{name}", asset)
    layers = asset.parts.layers()
    if layers[-1].opacity < 1:  # through glass one sees things from within
        mesh.CreateDoubleSidedAttr(True)
    for layer in layers:
        material = _material(stage, f"/{name}/Materials/{name}{layer.suffix}", files, layer.opacity)
        _bind(mesh if len(layers) == 1 else _subset(mesh, f"part{layer.suffix}", layer), material)
    path = folder / "layer.usdc"
    try:
        stage.GetRootLayer().Export(str(path))
        return path.read_bytes()
    finally:
        path.unlink(missing_ok=True)


def _mesh(stage: Any, path: str, asset: Asset) -> Any:
    from pxr import Sdf, UsdGeom, Vt

    mesh = UsdGeom.Mesh.Define(stage, path)
    mesh.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    mesh.CreateFaceVertexCountsAttr(Vt.IntArray.FromNumpy(np.full(len(asset.faces), 3, np.int32)))
    mesh.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(asset.faces.astype(np.int32).ravel()))
    mesh.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(asset.positions))
    bounds = np.stack([asset.positions.min(axis=0), asset.positions.max(axis=0)])
    mesh.CreateExtentAttr(Vt.Vec3fArray.FromNumpy(bounds))
    mesh.CreateNormalsAttr(Vt.Vec3fArray.FromNumpy(asset.normals))
    mesh.SetNormalsInterpolation(UsdGeom.Tokens.vertex)
    uvs = asset.uvs * np.array([1, -1], np.float32) + np.array([0, 1], np.float32)
    places = UsdGeom.PrimvarsAPI(mesh).CreatePrimvar("st", Sdf.ValueTypeNames.TexCoord2fArray, UsdGeom.Tokens.vertex)
    places.Set(Vt.Vec2fArray.FromNumpy(uvs))
    return mesh


def _subset(mesh: Any, name: str, layer: Layer) -> Any:
    """The faces of a layer, each face being in one subset."""
    from pxr import UsdGeom, UsdShade, Vt

    binding = UsdShade.MaterialBindingAPI.Apply(mesh.GetPrim())
    subset = binding.CreateMaterialBindSubset(name, Vt.IntArray.FromNumpy(layer.faces.astype(np.int32)))
    binding.SetMaterialBindSubsetsFamilyType(UsdGeom.Tokens.partition)
    return subset


def _bind(mesh: Any, material: Any) -> None:
    from pxr import UsdShade

    UsdShade.MaterialBindingAPI.Apply(mesh.GetPrim()).Bind(material)


def _material(stage: Any, path: str, files: dict[str, str], opacity: float) -> Any:
    """The inputs that glTF's material has too, by the channels of the same pictures."""
    from pxr import Gf, Sdf, UsdShade

    types = Sdf.ValueTypeNames
    material = UsdShade.Material.Define(stage, path)
    shader = UsdShade.Shader.Define(stage, f"{path}/shader")
    shader.CreateIdAttr("UsdPreviewSurface")
    material.CreateSurfaceOutput().ConnectToSource(shader.ConnectableAPI(), "surface")
    place = UsdShade.Shader.Define(stage, f"{path}/place")
    place.CreateIdAttr("UsdPrimvarReader_float2")
    place.CreateInput("varname", types.String).Set("st")
    read = place.CreateOutput("result", types.Float2)
    nodes = {}
    for use, file in files.items():
        node = nodes[use] = UsdShade.Shader.Define(stage, f"{path}/{use}")
        node.CreateIdAttr("UsdUVTexture")
        node.CreateInput("file", types.Asset).Set(Sdf.AssetPath(file))
        node.CreateInput("st", types.Float2).ConnectToSource(read)
        node.CreateInput("sourceColorSpace", types.Token).Set("sRGB" if use == "color" else "raw")
        for side in ("wrapS", "wrapT"):
            node.CreateInput(side, types.Token).Set("clamp")
    if "normal" in nodes:  # texels of 0..1 are vectors of -1..1
        nodes["normal"].CreateInput("scale", types.Float4).Set(Gf.Vec4f(2, 2, 2, 1))
        nodes["normal"].CreateInput("bias", types.Float4).Set(Gf.Vec4f(-1, -1, -1, 0))
    if opacity < 1:
        shader.CreateInput("opacity", types.Float).Set(opacity)
    for name, kind, use, channel in _INPUTS:
        if use in nodes and not (name == "occlusion" and opacity < 1):
            single = channel != "rgb"
            output = nodes[use].CreateOutput(channel, types.Float if single else types.Float3)
            shader.CreateInput(name, getattr(types, kind)).ConnectToSource(output)
    return material
