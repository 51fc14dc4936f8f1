"""The files of a result, as strangers will read them."""

import hashlib
import io
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from ml_worker import answers
from ml_worker.engines.conformance.findings import Broken
from ml_worker.engines.port import Result
from ml_worker.frames import Finished
from ml_worker.mesh import params
from ml_worker.mesh.gate import faults
from ml_worker.mesh.mesh import Mesh

MEDIA_TYPES: Final[dict[str, str]] = {**params.MEDIA_TYPES, "preview": "image/png"}
READABLE: Final = ("glb", "obj", "stl")
PREVIEW_SIDE: Final = 512
MILLIMETRES: Final = 1000.0


def hashes(told: Finished) -> dict[str, str]:
    """SHA-256 of each output by its format; what the person is told is one. Metrics are not: they have the timings."""
    outputs = {made.format: Path(made.path).read_bytes() for made in told.files}
    outputs["report"] = msgspec.json.encode([told.report, told.understood, told.ignored])
    return {form: hashlib.sha256(content).hexdigest() for form, content in outputs.items()}


def require_files(result: Result, folder: Path, wanted: Sequence[str]) -> None:
    """Raises Broken: what a worker would not deliver, or a wrong media type."""
    try:
        answers.require_files(answers.finished(0, result).files, folder, wanted)
    except answers.Malformed as error:
        raise Broken(str(error)) from error
    for made in result.files:
        right = MEDIA_TYPES.get(made.format)
        if right is not None and made.media_type != right:
            raise Broken(f"{made.format}: its media type is {right}, not {made.media_type}")


def require_clean_meshes(result: Result) -> list[str]:
    """What was checked. Raises Broken when a model file is not a closed, clean surface."""
    checked = []
    for made in result.files:
        if made.format in READABLE:
            mesh = read_mesh(made.path, made.format)
            wrong = faults(mesh)
            if wrong:
                raise Broken(f"{made.format}: {'; '.join(wrong)}")
            checked.append(f"{made.format} {len(mesh.faces):,} faces")
    return checked


def require_preview(result: Result) -> None:
    """Raises Broken unless there is a picture that lists can show."""
    from PIL import Image, UnidentifiedImageError

    previews = [made.path for made in result.files if made.format == "preview"]
    if not previews:
        raise Broken("a result with a model has a `preview`, a PNG")
    try:
        with Image.open(previews[0]) as picture:
            size, kind = picture.size, picture.format
    except (UnidentifiedImageError, OSError) as error:
        raise Broken(f"preview: it cannot be read: {error}") from error
    if kind != "PNG" or min(size) < PREVIEW_SIDE:
        raise Broken(f"preview: a PNG of at least {PREVIEW_SIDE} px is wanted, this is {kind} of {size}")


def read_mesh(path: Path, form: str) -> Mesh:
    """The triangles of a file, whole, corners as they stand in it. Raises Broken when it cannot be read."""
    try:
        loaded = _loaded(path, form)
    except Exception as error:
        raise Broken(f"{form}: it cannot be read: {type(error).__name__}: {error}") from error
    vertices = np.asarray(loaded.vertices, np.float64)
    return Mesh(vertices / MILLIMETRES if form == "stl" else vertices, np.asarray(loaded.faces, np.int32))


def _loaded(path: Path, form: str) -> Any:
    import trimesh

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if form == "obj":
            with zipfile.ZipFile(path) as archive:
                name = next(n for n in archive.namelist() if n.endswith(".obj"))
                content = archive.read(name)
            return trimesh.load(io.BytesIO(content), file_type="obj", force="mesh", process=False, skip_materials=True)
        return trimesh.load(path, file_type=form, force="mesh", process=False)
