"""FBX 7.4, binary: one closed body, a material for each part, textures inside; centimetres, Y up, front towards +Z.

FBX knows no metallic-roughness material that all readers share. This writes the Phong one in the way Blender
writes and reads it: `Shininess` = (10 (1 - roughness))² and `ReflectionFactor` = metalness, with the colour and the
normal map as textures. Roughness and metalness are numbers, not textures: what Blender takes for a map of roughness
(ShininessExponent) is one of metal to Unreal. Occlusion has no place.
"""

from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

from ml_worker.mesh.assets import Asset
from ml_worker.mesh.fbx_properties import (
    COLOR,
    COMPOUND,
    DATE,
    DOUBLE,
    ENUM,
    GEOMETRY,
    INT,
    MATERIAL,
    MODEL,
    NUMBER,
    OBJECT,
    PLACE,
    TEXT,
    TEXTURE,
    TIME,
    VIDEO,
    Properties,
    definition,
    properties,
)  # fmt: skip
from ml_worker.mesh.fbx_records import CREATED, FILE_ID, VERSION, Long, Record, record, write_records
from ml_worker.mesh.parts import Part
from ml_worker.mesh.pictures import Picture

CENTIMETRES = 100.0
UVS = "UVMap"
SOURCE = "Lathe"

Array = npt.NDArray[Any]


def write_fbx(asset: Asset) -> bytes:
    """The same asset gives the same bytes, whenever it is written. Names may be any text."""
    name = _clean(asset.name)
    scene = _Scene(name)
    geometry = scene.object("Geometry", name, "Mesh", *_geometry(asset))
    model = scene.object("Model", name, "Mesh", *_MODEL)
    scene.connect(model, None)
    scene.connect(geometry, model)
    materials = [scene.object("Material", _clean(part.name), "", *_material(part)) for part in asset.parts.parts]
    for material in materials:
        scene.connect(material, model)
    pictures: dict[str, Picture] = {"DiffuseColor": asset.color}
    if asset.normal is not None:
        pictures["NormalMap"] = asset.normal
    for use, picture in pictures.items():
        if not picture.data:  # readers take an empty picture for a broken one
            continue
        label = f"{name}_{'color' if use == 'DiffuseColor' else 'normal'}"
        file = label.translate(_NO_PATH) + picture.suffix
        texture = scene.object("Texture", label, "", *_texture(label, file))
        scene.connect(scene.object("Video", label, "Clip", *_video(file, picture.data)), texture)
        for material in materials:
            scene.connect(texture, material, use)
    return write_records((*_header(), _settings(), *scene.records()))


class _Scene:
    """Objects with their ids, and what belongs to what."""

    def __init__(self, name: str) -> None:
        self._ids = count(1_000_000)
        self._document = Long(next(self._ids))
        self._name = name
        self._objects: list[Record] = []
        self._connections: list[Record] = []

    def object(self, kind: str, name: str, subkind: str, *children: Record) -> Long:
        number = Long(next(self._ids))
        self._objects.append(record(kind, number, _labelled(name, kind), subkind, children=children))
        return number

    def connect(self, child: Long, parent: Long | None, use: str | None = None) -> None:
        """`parent` None: the scene's root. `use`: the property that the child gives a value to."""
        above = Long(0) if parent is None else parent
        given = ("OO", child, above) if use is None else ("OP", child, above, use)
        self._connections.append(record("C", *given))

    def records(self) -> tuple[Record, ...]:
        about: Properties = {"SourceObject": (OBJECT, ()), "ActiveAnimStackName": (TEXT, ("",))}
        document = record(
            "Document", self._document, self._name, "Scene",
            children=(properties(about), record("RootNode", Long(0))),
        )  # fmt: skip
        return (
            record("Documents", children=(record("Count", 1), document)),
            record("References"),
            record("Definitions", children=self._definitions()),
            record("Objects", children=tuple(self._objects)),
            record("Connections", children=tuple(self._connections)),
        )

    def _definitions(self) -> tuple[Record, ...]:
        kinds = [each.name for each in self._objects]
        found = [
            definition(kind, kinds.count(kind), native, template)
            for kind, native, template in _TEMPLATES
            if kind in kinds
        ]
        total = record("Count", len(kinds) + 1)
        return (record("Version", 100), total, definition("GlobalSettings", 1), *found)


_TEMPLATES: tuple[tuple[str, str, Properties], ...] = (
    ("Geometry", "FbxMesh", GEOMETRY),
    ("Model", "FbxNode", MODEL),
    ("Material", "FbxSurfacePhong", MATERIAL),
    ("Texture", "FbxFileTexture", TEXTURE),
    ("Video", "FbxVideo", VIDEO),
)
_MODEL = (
    record("Version", 232),
    properties({"DefaultAttributeIndex": (INT, (0,)), "InheritType": (ENUM, (1,))}),
    record("MultiLayer", 0),
    record("MultiTake", 0),
    record("Shading", True),
    record("Culling", "CullingOff"),
)
_NO_PATH = str.maketrans(dict.fromkeys('/\\:*?"<>|', "_"))


def _header() -> tuple[Record, ...]:
    date, time = CREATED.split()
    numbers = [int(number) for number in (*date.split("-"), *time.split(":"))]
    units = ("Year", "Month", "Day", "Hour", "Minute", "Second", "Millisecond")
    stamp = tuple(record(unit, number) for unit, number in zip(units, numbers, strict=True))
    titles = ("Title", "Subject", "Author", "Keywords", "Revision", "Comment")
    about: dict[str, Any] = {"DocumentUrl": (PLACE, ("",)), "SrcDocumentUrl": (PLACE, ("",))}
    for when in ("Original", "LastSaved"):
        about[when] = (COMPOUND, ())
        about |= {f"{when}|Application{what}": (TEXT, (SOURCE,)) for what in ("Vendor", "Name", "Version")}
        about[f"{when}|DateTime_GMT"] = (DATE, ("01/01/1970 00:00:00.000",))
    scene_info = record(
        "SceneInfo", _labelled("GlobalInfo", "SceneInfo"), "UserData",
        children=(
            record("Type", "UserData"),
            record("Version", 100),
            record("MetaData", children=(record("Version", 100), *(record(title, "") for title in titles))),
            properties(about),
        ),
    )  # fmt: skip
    extension = (
        record("FBXHeaderVersion", 1003),
        record("FBXVersion", VERSION),
        record("EncryptionType", 0),
        record("CreationTimeStamp", children=(record("Version", 1000), *stamp)),
        record("Creator", SOURCE),
        scene_info,
    )
    return (
        record("FBXHeaderExtension", children=extension),
        record("FileId", FILE_ID),
        record("CreationTime", CREATED),
        record("Creator", SOURCE),
    )


def _settings() -> Record:
    given: Properties = {
        "UpAxis": (INT, (1,)),
        "UpAxisSign": (INT, (1,)),
        "FrontAxis": (INT, (2,)),
        "FrontAxisSign": (INT, (1,)),
        "CoordAxis": (INT, (0,)),
        "CoordAxisSign": (INT, (1,)),
        "OriginalUpAxis": (INT, (1,)),
        "OriginalUpAxisSign": (INT, (1,)),
        "UnitScaleFactor": (DOUBLE, (1.0,)),  # centimetres in one unit
        "OriginalUnitScaleFactor": (DOUBLE, (1.0,)),
        "AmbientColor": (("ColorRGB", "Color", ""), (0.0, 0.0, 0.0)),
        "DefaultCamera": (TEXT, ("Producer Perspective",)),
        "TimeMode": (ENUM, (0,)),
        "TimeSpanStart": (TIME, (Long(0),)),
        "TimeSpanStop": (TIME, (Long(46_186_158_000),)),  # one second
        "CustomFrameRate": (DOUBLE, (-1.0,)),
    }
    return record("GlobalSettings", children=(record("Version", 1000), properties(given)))


def _geometry(asset: Asset) -> tuple[Record, ...]:
    """Shared vertices, so that a reader gets the closed surface; normals and texture corners on their own."""
    points = asset.solid.vertices.astype(np.float32).astype(np.float64) * CENTIMETRES
    ends = asset.solid.faces.astype(np.int32)
    ends[:, 2] = ~ends[:, 2]  # the last corner of a polygon
    uvs = asset.uvs.astype(np.float64) * [1, -1] + [0, 1]
    parts = asset.parts
    many = len(parts.parts) > 1
    layers = (
        _layer("Normal", 101, "", "ByPolygonVertex", Normals=asset.normals.astype(np.float64)[asset.faces]),
        _layer("UV", 101, UVS, "ByPolygonVertex", UV=uvs, UVIndex=asset.faces.astype(np.int32)),
        _layer("Smoothing", 102, "", "ByPolygon", Smoothing=np.ones(len(ends), np.int32)),
        _layer(
            "Material", 101, "", "ByPolygon" if many else "AllSame", "IndexToDirect",
            Materials=parts.of_face if many else np.zeros(1, np.int32),
        ),
    )  # fmt: skip
    named = tuple(
        record("LayerElement", children=(record("Type", each.name), record("TypedIndex", 0))) for each in layers
    )
    return (
        properties({}),
        record("GeometryVersion", 124),
        record("Vertices", points.ravel()),
        record("PolygonVertexIndex", ends.ravel()),
        *layers,
        record("Layer", 0, children=(record("Version", 100), *named)),
    )


def _layer(kind: str, version: int, name: str, mapping: str, reference: str = "", **arrays: Array) -> Record:
    reference = reference or ("Direct" if len(arrays) == 1 else "IndexToDirect")
    head = (
        record("Version", version),
        record("Name", name),
        record("MappingInformationType", mapping),
        record("ReferenceInformationType", reference),
    )
    return record(
        f"LayerElement{kind}", 0, children=(*head, *(record(key, array.ravel()) for key, array in arrays.items()))
    )


def _material(part: Part) -> tuple[Record, ...]:
    shininess = (10 * (1 - part.roughness)) ** 2
    given: dict[str, Any] = {
        "DiffuseColor": (COLOR, (1.0, 1.0, 1.0)),
        "SpecularColor": (COLOR, (1.0, 1.0, 1.0)),
        "SpecularFactor": (NUMBER, (0.25,)),
        "Shininess": (NUMBER, (shininess,)),
        "ShininessExponent": (NUMBER, (shininess,)),
        "ReflectionFactor": (NUMBER, (part.metallic,)),
    }
    if part.opacity < 1:
        # All three, as Blender writes them: some readers take the factor, some the colour times it, some `Opacity`.
        given |= {
            "TransparentColor": (COLOR, (1.0, 1.0, 1.0)),
            "TransparencyFactor": (NUMBER, (1 - part.opacity,)),
            "Opacity": (NUMBER, (part.opacity,)),
        }
    return (record("Version", 102), record("ShadingModel", "Phong"), record("MultiLayer", 0), properties(given))


def _texture(label: str, file: str) -> tuple[Record, ...]:
    given: Properties = {"UVSet": (TEXT, (UVS,)), "UseMaterial": (("bool", "", ""), (1,))}
    return (
        record("Type", "TextureVideoClip"),
        record("Version", 202),
        record("TextureName", _labelled(label, "Texture")),
        properties(given),
        record("Media", _labelled(label, "Video")),
        record("FileName", file),
        record("RelativeFilename", file),
        record("ModelUVTranslation", 0.0, 0.0),
        record("ModelUVScaling", 1.0, 1.0),
        record("Texture_Alpha_Source", "None"),
        record("Cropping", 0, 0, 0, 0),
    )


def _video(file: str, data: bytes) -> tuple[Record, ...]:
    return (
        record("Type", "Clip"),
        properties({"Path": (PLACE, (file,))}),
        record("UseMipMap", 0),
        record("Filename", file),
        record("RelativeFilename", file),
        record("Content", data),
    )


def _labelled(name: str, kind: str) -> str:
    return f"{name}\0\1{kind}"


def _clean(name: str) -> str:
    """Without what would end a name early, and never empty."""
    return "".join(each for each in name if each.isprintable()).strip() or "model"
