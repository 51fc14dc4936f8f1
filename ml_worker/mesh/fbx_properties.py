"""FBX's named properties, and the templates with the values that objects leave out."""

from collections.abc import Mapping

from ml_worker.mesh.fbx_records import Record, Value, record

ENUM, INT, BOOL = ("enum", "", ""), ("int", "Integer", ""), ("bool", "", "")
DOUBLE, NUMBER = ("double", "Number", ""), ("Number", "", "A")
COLOR, VECTOR = ("Color", "", "A"), ("Vector3D", "Vector", "")
TEXT, PLACE, TIME, DATE = ("KString", "", ""), ("KString", "Url", ""), ("KTime", "Time", ""), ("DateTime", "", "")
COMPOUND, OBJECT = ("Compound", "", ""), ("object", "", "")
TRANSLATION, ROTATION, SCALING = (("Lcl Translation", "", "A"), ("Lcl Rotation", "", "A"), ("Lcl Scaling", "", "A"))
VISIBILITY, INHERITED = ("Visibility", "", "A"), ("Visibility Inheritance", "", "")

Kind = tuple[str, str, str]
"""Type, what the type is shown as, and flags (A: may be animated)."""
Properties = Mapping[str, tuple[Kind, tuple[Value, ...]]]

ZERO, ONE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)

MODEL: Properties = {
    "QuaternionInterpolate": (ENUM, (0,)),
    "RotationOffset": (VECTOR, ZERO),
    "RotationPivot": (VECTOR, ZERO),
    "ScalingOffset": (VECTOR, ZERO),
    "ScalingPivot": (VECTOR, ZERO),
    "RotationOrder": (ENUM, (0,)),
    "PreRotation": (VECTOR, ZERO),
    "PostRotation": (VECTOR, ZERO),
    "RotationActive": (BOOL, (0,)),
    "InheritType": (ENUM, (1,)),
    "ScalingActive": (BOOL, (0,)),
    "GeometricTranslation": (VECTOR, ZERO),
    "GeometricRotation": (VECTOR, ZERO),
    "GeometricScaling": (VECTOR, ONE),
    "Show": (BOOL, (1,)),
    "DefaultAttributeIndex": (INT, (-1,)),
    "Freeze": (BOOL, (0,)),
    "Lcl Translation": (TRANSLATION, ZERO),
    "Lcl Rotation": (ROTATION, ZERO),
    "Lcl Scaling": (SCALING, ONE),
    "Visibility": (VISIBILITY, (1.0,)),
    "Visibility Inheritance": (INHERITED, (1,)),
}
GEOMETRY: Properties = {
    "Color": (("ColorRGB", "Color", ""), (0.8, 0.8, 0.8)),
    "BBoxMin": (VECTOR, ZERO),
    "BBoxMax": (VECTOR, ZERO),
    "Primary Visibility": (BOOL, (1,)),
    "Casts Shadows": (BOOL, (1,)),
    "Receive Shadows": (BOOL, (1,)),
}
MATERIAL: Properties = {
    "ShadingModel": (TEXT, ("Phong",)),
    "MultiLayer": (BOOL, (0,)),
    "EmissiveColor": (COLOR, ZERO),
    "EmissiveFactor": (NUMBER, (1.0,)),
    "AmbientColor": (COLOR, ZERO),
    "AmbientFactor": (NUMBER, (0.0,)),
    "DiffuseColor": (COLOR, ONE),
    "DiffuseFactor": (NUMBER, (1.0,)),
    "Bump": (VECTOR, ZERO),
    "NormalMap": (VECTOR, ZERO),
    "BumpFactor": (DOUBLE, (1.0,)),
    "TransparentColor": (COLOR, ZERO),
    "TransparencyFactor": (NUMBER, (0.0,)),
    "Opacity": (NUMBER, (1.0,)),
    "SpecularColor": (COLOR, ONE),
    "SpecularFactor": (NUMBER, (0.25,)),
    "Shininess": (NUMBER, (20.0,)),
    "ShininessExponent": (NUMBER, (20.0,)),
    "ReflectionColor": (COLOR, ONE),
    "ReflectionFactor": (NUMBER, (0.0,)),
}
TEXTURE: Properties = {
    "TextureTypeUse": (ENUM, (0,)),
    "Texture alpha": (("Number", "", "A"), (1.0,)),
    "CurrentMappingType": (ENUM, (0,)),
    "WrapModeU": (ENUM, (1,)),
    "WrapModeV": (ENUM, (1,)),
    "UVSwap": (BOOL, (0,)),
    "PremultiplyAlpha": (BOOL, (0,)),
    "Translation": (VECTOR, ZERO),
    "Rotation": (VECTOR, ZERO),
    "Scaling": (VECTOR, ONE),
    "TextureRotationPivot": (VECTOR, ZERO),
    "TextureScalingPivot": (VECTOR, ZERO),
    "CurrentTextureBlendMode": (ENUM, (1,)),
    "UVSet": (TEXT, ("default",)),
    "UseMaterial": (BOOL, (1,)),
    "UseMipMap": (BOOL, (0,)),
}
VIDEO: Properties = {
    "Path": (PLACE, ("",)),
    "AccessMode": (ENUM, (0,)),
    "ImageSequence": (BOOL, (0,)),
}


def properties(given: Properties) -> Record:
    entries = tuple(record("P", name, *kind, *values) for name, (kind, values) in given.items())
    return record("Properties70", children=entries)


def definition(kind: str, count: int, native: str = "", template: Properties | None = None) -> Record:
    """How many objects of a kind there are, and the values they share. `native`: the class in Autodesk's library."""
    shared = () if template is None else (record("PropertyTemplate", native, children=(properties(template),)),)
    return record("ObjectType", kind, children=(record("Count", count), *shared))
