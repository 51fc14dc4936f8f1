"""3MF files as the consortium's own library reads them, strictly."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

lib3mf = pytest.importorskip("lib3mf", reason="The consortium builds no lib3mf for Linux on aarch64")
Lib3MF = lib3mf.Lib3MF
LIBRARY = lib3mf.get_wrapper()


class Printed(msgspec.Struct, frozen=True, eq=False):
    """The one object of a file, whose one item is built."""

    warnings: list[str]
    millimetres: bool
    metadata: dict[str, str]
    name: str
    sound: bool
    """Manifold, and all triangles face outwards."""
    corners: np.ndarray
    """(F, 3, 3) float32, as they stand in the file."""
    uvs: np.ndarray
    """(F, 3, 2), origin at the lower left."""
    picture: bytes
    move: np.ndarray
    """(4, 3): where the item is built; the last row is the translation."""


def read_3mf(path: Path) -> Printed:
    """Raises Lib3MF.ELib3MFException where it is no 3MF."""
    model = LIBRARY.CreateModel()
    reader = model.QueryReader("3mf")
    reader.SetStrictModeActive(True)
    reader.ReadFromFile(str(path))
    warnings = [reader.GetWarning(number)[1] for number in range(reader.GetWarningCount())]
    group = model.GetMetaDataGroup()
    told = [group.GetMetaData(number) for number in range(group.GetMetaDataCount())]
    mesh = _only(model.GetMeshObjects(), "GetCurrentMeshObject")
    item = _only(model.GetBuildItems(), "GetCurrent")
    places = _only(model.GetTexture2DGroups(), "GetCurrentTexture2DGroup")
    points = np.array([tuple(vertex.Coordinates) for vertex in mesh.GetVertices()], np.float32)
    faces = np.array([tuple(triangle.Indices) for triangle in mesh.GetTriangleIndices()])
    shown = mesh.GetAllTriangleProperties()
    assert {triangle.ResourceID for triangle in shown} == {places.GetUniqueResourceID()}
    ids = places.GetAllPropertyIDs()
    places_of = {number: (place.U, place.V) for number in ids for place in [places.GetTex2Coord(number)]}
    return Printed(
        warnings=warnings,
        millimetres=model.GetUnit() == Lib3MF.ModelUnit.MilliMeter,
        metadata={each.GetName(): each.GetValue() for each in told},
        name=mesh.GetName(),
        sound=mesh.IsValid() and mesh.IsManifoldAndOriented(),
        corners=points[faces],
        uvs=np.array([[places_of[number] for number in triangle.PropertyIDs] for triangle in shown]),
        picture=bytes(places.GetTexture2D().GetAttachment().WriteToBuffer()),
        move=np.array([list(row) for row in item.GetObjectTransform().Fields]),
    )


def _only(found: Any, current: str) -> Any:
    assert found.Count() == 1
    assert found.MoveNext()
    return getattr(found, current)()
