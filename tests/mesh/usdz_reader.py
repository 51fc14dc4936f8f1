"""USDZ files as USD itself reads them, and what its own validators say of them."""

import zipfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from pxr import Usd, UsdGeom, UsdShade, UsdValidation


class Look(msgspec.Struct, frozen=True, eq=False):
    """A material, and the faces that have it."""

    name: str
    faces: np.ndarray
    """(N,) of the mesh's."""
    opacity: float
    inputs: dict[str, tuple[str, str, str]]
    """Of the shader, by name: picture in the archive, its channel, its colour space."""


class Placed(msgspec.Struct, frozen=True, eq=False):
    """The one mesh of a file and its materials."""

    metres: float
    up: str
    root: str
    shown_as: str
    """The name for people of the prim that a reader takes."""
    points: np.ndarray
    normals: np.ndarray
    uvs: np.ndarray
    """(N, 2), origin at the lower left."""
    faces: np.ndarray
    extent: np.ndarray
    two_sided: bool
    looks: list[Look]
    """Each face has one."""


def faults(path: Path) -> list[str]:
    """What all validators that come with USD find, those for USDZ among them."""
    validators = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    found = UsdValidation.ValidationContext(validators).Validate(Usd.Stage.Open(str(path)))
    return [f"{error.GetIdentifier()}: {error.GetMessage()}" for error in found]


def read_usdz(path: Path) -> Placed:
    """Raises pxr.Tf.ErrorException where it is no USDZ."""
    stage = Usd.Stage.Open(str(path))
    root = stage.GetDefaultPrim()
    (mesh,) = (UsdGeom.Mesh(prim) for prim in stage.Traverse() if prim.IsA(UsdGeom.Mesh))
    counts = np.array(mesh.GetFaceVertexCountsAttr().Get())
    assert (counts == 3).all()
    places = UsdGeom.PrimvarsAPI(mesh).GetPrimvar("st")
    assert mesh.GetNormalsInterpolation() == places.GetInterpolation() == UsdGeom.Tokens.vertex
    assert mesh.GetSubdivisionSchemeAttr().Get() == UsdGeom.Tokens.none
    assert mesh.ComputeLocalToWorldTransform(Usd.TimeCode.Default()) == type(mesh.GetLocalTransformation())(1)
    subsets = UsdShade.MaterialBindingAPI(mesh.GetPrim()).GetMaterialBindSubsets()
    looks = [_look(each.GetPrim(), np.array(each.GetIndicesAttr().Get())) for each in subsets]
    return Placed(
        metres=UsdGeom.GetStageMetersPerUnit(stage),
        up=UsdGeom.GetStageUpAxis(stage),
        root=root.GetName(),
        shown_as=root.GetDisplayName(),
        points=np.array(mesh.GetPointsAttr().Get()),
        normals=np.array(mesh.GetNormalsAttr().Get()),
        uvs=np.array(places.Get()),
        faces=np.array(mesh.GetFaceVertexIndicesAttr().Get()).reshape(-1, 3),
        extent=np.array(mesh.GetExtentAttr().Get()),
        two_sided=mesh.GetDoubleSidedAttr().Get(),
        looks=looks or [_look(mesh.GetPrim(), np.arange(len(counts)))],
    )


def _look(bound: Any, faces: np.ndarray) -> Look:
    material, _ = UsdShade.MaterialBindingAPI(bound).ComputeBoundMaterial()
    shader, _, _ = material.ComputeSurfaceSource()
    assert shader.GetIdAttr().Get() == "UsdPreviewSurface"
    opacity = shader.GetInput("opacity")
    inputs = {each.GetBaseName(): _source(each) for each in shader.GetInputs() if each.HasConnectedSource()}
    name = material.GetPrim().GetName()
    return Look(name, faces, opacity.Get() if opacity else 1.0, inputs)


def _source(wanted: Any) -> tuple[str, str, str]:
    (found,), _ = wanted.GetConnectedSources()
    node = UsdShade.Shader(found.source.GetPrim())
    assert node.GetIdAttr().Get() == "UsdUVTexture"
    (place,), _ = node.GetInput("st").GetConnectedSources()
    assert UsdShade.Shader(place.source.GetPrim()).GetInput("varname").Get() == "st"
    return node.GetInput("file").Get().path, found.sourceName, node.GetInput("sourceColorSpace").Get()


def picture(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)
