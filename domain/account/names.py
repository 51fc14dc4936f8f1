"""Names of files as they are stored and told: `<file id>.<ending>`, the ending by media type."""

from typing import Final

ENDINGS: Final = {
    "application/json": "json",
    "application/octet-stream": "bin",
    "application/pdf": "pdf",
    "application/vnd.autodesk.fbx": "fbx",
    "application/zip": "zip",
    "image/bmp": "bmp",
    "image/gif": "gif",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "model/3mf": "3mf",
    "model/gltf-binary": "glb",
    "model/obj": "obj",
    "model/ply": "ply",
    "model/stl": "stl",
    "model/vnd.usdz+zip": "usdz",
    "text/csv": "csv",
    "text/plain": "txt",
}


def stored_name(file_id: str, media_type: str) -> str:
    """The unique name of a stored file; `bin` for media types without a usual ending."""
    return f"{file_id}.{ENDINGS.get(media_type, 'bin')}"


def result_name(task_id: str, media_type: str, form: str) -> str:
    """The name of a result: its task's id; the ending by media type, else the format's own name."""
    return f"{task_id}.{ENDINGS.get(media_type, form)}"
