"""3MF for printing: millimetres, Z up, front towards -Y as in our STL; one closed object, the base colour on it.

3MF Core Specification 1.4 and Materials and Properties Extension 1.2: the picture is a `texture2d`, told where by a
`texture2dgroup`. Slicers that print in one colour read the mesh alone.
"""

from xml.sax.saxutils import escape, quoteattr

import numpy as np

from ml_worker.mesh.archive import write_zip
from ml_worker.mesh.assets import Asset
from ml_worker.mesh.stl import printed

_CORE = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
_MATERIALS = "http://schemas.microsoft.com/3dmanufacturing/material/2015/02"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_RELATED = "http://schemas.microsoft.com/3dmanufacturing/2013/01"
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_MODEL = "/3D/3dmodel.model"
_TEXTURE, _PLACES, _OBJECT = 1, 2, 3
"""Ids of the resources."""


def write_3mf(asset: Asset) -> bytes:
    """The same asset gives the same bytes. The name may be any text."""
    texture = f"/3D/Textures/color{asset.color.suffix}"
    entries = {
        "[Content_Types].xml": _content_types(asset).encode(),
        "_rels/.rels": _relationship(_MODEL, f"{_RELATED}/3dmodel").encode(),
        _MODEL[1:]: _model(asset, texture).encode(),
        "3D/_rels/3dmodel.model.rels": _relationship(texture, f"{_RELATED}/3dtexture").encode(),
        texture[1:]: asset.color.data,
    }
    return write_zip(entries, packed=lambda name: name != texture[1:])


def _content_types(asset: Asset) -> str:
    types = {
        "rels": "application/vnd.openxmlformats-package.relationships+xml",
        "model": "application/vnd.ms-package.3dmanufacturing-3dmodel+xml",
        asset.color.suffix[1:]: asset.color.media_type,
    }
    told = "".join(f'<Default Extension="{ending}" ContentType="{kind}"/>' for ending, kind in types.items())
    return f'{_XML}<Types xmlns="{_PACKAGE}/content-types">{told}</Types>\n'


def _relationship(target: str, kind: str) -> str:
    told = f'<Relationship Target="{target}" Id="rel0" Type="{kind}"/>'
    return f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{told}</Relationships>\n'


def _model(asset: Asset, texture: str) -> str:
    vertices = printed(asset.solid)
    uv = asset.uvs.astype(np.float64) * [1, -1] + [0, 1]
    numbers = np.concatenate([asset.solid.faces, asset.faces], axis=1).ravel().tolist()
    corner = -vertices.min(axis=0) + 0.0
    name = "".join(each for each in asset.name if each.isprintable()).strip() or "model"
    return "".join(
        [
            f'{_XML}<model unit="millimeter" xmlns="{_CORE}" xmlns:m="{_MATERIALS}">\n',
            f'<metadata name="Title">{escape(name)}</metadata>\n',
            '<metadata name="Application">Lathe</metadata>\n',
            "<resources>\n",
            f'<m:texture2d id="{_TEXTURE}" path="{texture}" contenttype="{asset.color.media_type}"'
            ' tilestyleu="clamp" tilestylev="clamp" filter="linear"/>\n',
            f'<m:texture2dgroup id="{_PLACES}" texid="{_TEXTURE}">\n',
            '<m:tex2coord u="%.6g" v="%.6g"/>\n' * len(uv) % tuple(uv.ravel().tolist()),
            "</m:texture2dgroup>\n",
            f'<object id="{_OBJECT}" type="model" name={quoteattr(name)} pid="{_PLACES}" pindex="0">\n<mesh>\n',
            "<vertices>\n",
            '<vertex x="%.9g" y="%.9g" z="%.9g"/>\n' * len(vertices) % tuple(vertices.ravel().tolist()),
            "</vertices>\n<triangles>\n",
            f'<triangle v1="%d" v2="%d" v3="%d" pid="{_PLACES}" p1="%d" p2="%d" p3="%d"/>\n'
            * len(asset.faces)
            % tuple(numbers),
            "</triangles>\n</mesh>\n</object>\n</resources>\n",
            # Into the positive octant, where the bed is (Core Specification 3.3).
            f'<build>\n<item objectid="{_OBJECT}" transform="1 0 0 0 1 0 0 0 1 %.9g %.9g %.9g"/>\n</build>\n'
            % tuple(corner.tolist()),
            "</model>\n",
        ]
    )
