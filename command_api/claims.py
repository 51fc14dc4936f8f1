"""What an uploaded file claims to be, by its declared type or its name's ending, and what its first bytes say.

An image or a mesh must be what it claims. Everything else is stored as it is, and only ever served as an attachment.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from adapters.http.multipart import ReceivedFile
from adapters.http.problems import pointer_of
from adapters.http.refusals import UnsupportedMedia
from adapters.settings import Limits
from domain.account.names import ENDINGS

_HEAD: Final = 4096
_IMAGES: Final = (
    *("png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff", "svg", "heic", "heif", "avif"),
    *("ico", "psd", "eps", "fits"),
)
"""Endings of names that claim to be images."""
_UNKNOWN_TYPE: Final = "application/octet-stream"
_STATEMENT: Final = re.compile(rb"^\s*(#|(v|vn|vt|f|l|o|g|s|mtllib|usemtl)\s)", re.MULTILINE)
"""The beginning of a line in an OBJ file."""


def largest_mb(limits: Limits, media_type: str, name: str) -> int:
    """What a file that claims this may have, in megabytes."""
    if _says_image(media_type, name):
        return limits.max_image_mb
    return limits.max_upload_mb if _mesh(media_type, name) is None else limits.max_mesh_mb


def is_image(file: ReceivedFile) -> bool:
    """Whether it says that it is an image, or begins as one: then it must be one, whatever else it may be."""
    if _says_image(file.media_type, file.name):
        return True
    head = _head(file.path)
    return head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")) or (head[:4], head[8:12]) == (b"RIFF", b"WEBP")


def media_type_of(file: ReceivedFile) -> str:
    """Of a file that is no image: a mesh's own type, or what the client says if that is known to do no harm.

    Raises UnsupportedMedia for what claims to be a mesh and is none.
    """
    if (ending := _mesh(file.media_type, file.name)) is not None:
        if not _MESHES[ending](_head(file.path), file.bytes):
            raise UnsupportedMedia(f"This is no {ending.upper()} file.", pointer=pointer_of([file.field]))
        return _TYPES[ending]
    claimed = file.media_type.lower()
    return claimed if claimed in ENDINGS else _UNKNOWN_TYPE


def _says_image(media_type: str, name: str) -> bool:
    return media_type.lower().startswith("image/") or _ending(name) in _IMAGES


def _mesh(media_type: str, name: str) -> str | None:
    """The ending of the mesh format that is claimed, by the type first."""
    claims = (ENDINGS.get(media_type.lower(), ""), _ending(name))
    return next((claim for claim in claims if claim in _MESHES), None)


def _ending(name: str) -> str:
    return name.lower().rpartition(".")[2]


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _is_glb(head: bytes, size: int) -> bool:
    """glTF 2.0, 4.4.2: magic, version 2, length of the whole."""
    return head[:8] == b"glTF\x02\x00\x00\x00" and int.from_bytes(head[8:12], "little") == size


def _is_stl(head: bytes, size: int) -> bool:
    """Binary: 80 bytes, the number of triangles, 50 bytes for each. Text: `solid`."""
    binary = size >= 84 and size == 84 + 50 * int.from_bytes(head[80:84], "little")
    return binary or head.lstrip().startswith(b"solid")


def _is_obj(head: bytes, _: int) -> bool:
    return b"\0" not in head and _STATEMENT.search(head) is not None


def _is_fbx(head: bytes, _: int) -> bool:
    return head.startswith(b"Kaydara FBX Binary  \0") or (head.lstrip().startswith(b";") and b"FBX" in head)


def _is_ply(head: bytes, _: int) -> bool:
    return re.match(rb"ply\r?\nformat (ascii|binary_(little|big)_endian) 1.0\r?\n", head) is not None


def _is_zip(head: bytes, _: int) -> bool:
    return head.startswith(b"PK\x03\x04")


_MESHES: Final[dict[str, Callable[[bytes, int], bool]]] = {
    "glb": _is_glb,
    "stl": _is_stl,
    "obj": _is_obj,
    "fbx": _is_fbx,
    "ply": _is_ply,
    "3mf": _is_zip,
    "usdz": _is_zip,
}
_TYPES: Final = {ending: media_type for media_type, ending in ENDINGS.items() if ending in _MESHES}
