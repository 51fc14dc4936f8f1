"""What `lathe generate` asks for: options as the body of POST /generate, and where the result goes."""

import json
import re
import tempfile
from pathlib import Path
from typing import Any, Final

import msgspec

from cli.client.failures import Misused

SUFFIXES: Final = {
    "glb": ".glb",
    "stl": ".stl",
    "obj": ".zip",
    "fbx": ".fbx",
    "3mf": ".3mf",
    "usdz": ".usdz",
    "webp": ".webp",
}
"""Of a result file, by format. An OBJ comes as a zip, with its materials and textures."""


class Target(msgspec.Struct, frozen=True):
    """Where the result goes, and in which format."""

    path: Path
    form: str


def parameters(given: list[str]) -> dict[str, Any]:
    """`name=value` options; a value is JSON where it can be read so, else text. Raises Misused."""
    found: dict[str, Any] = {}
    for item in given:
        name, separator, value = item.partition("=")
        if not separator or not name:
            raise Misused(f"--param takes name=value, not {item!r}.")
        if name in found:
            raise Misused(f"--param {name} is given twice.")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def target(output: Path | None, form: str | None, subject: str) -> Target:
    """`output` decides the format by its ending, unless `form` does. Raises Misused."""
    if form is not None and form not in SUFFIXES:
        raise Misused(f"--format is one of {', '.join(SUFFIXES)}, not {form}.")
    if output is None:
        form = form or "glb"
        return Target(Path(f"{_slug(subject)}{SUFFIXES[form]}"), form)
    ending = output.suffix.lower()
    if ending == ".obj":
        raise Misused(f"An OBJ comes as a zip with its materials and textures: -o {output.with_suffix('.zip')}")
    if form is None:
        form = next((name for name, suffix in SUFFIXES.items() if suffix == ending), None)
        if form is None:
            raise Misused(
                f"{output.name} tells no format: end it with .glb, .fbx, .stl, .3mf, .usdz, .webp or .zip (OBJ), or "
                "give --format."
            )
    return Target(output, form)


def require_writable(path: Path, *, force: bool) -> None:
    """Found out before anything is asked of the server, so that nothing is paid for in vain. Raises Misused."""
    if path.is_dir():
        raise Misused(f"{path} is a folder.")
    if path.exists() and not force:
        raise Misused(f"{path} is there already; -f replaces it.")
    if not path.parent.is_dir():
        raise Misused(f"There is no folder {path.parent}.")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise Misused(f"Nothing can be written into {path.parent}: {error.strerror}.") from None


def _slug(subject: str) -> str:
    return re.sub(r"[^\w]+", "-", subject.lower()).strip("-_")[:60] or "model"
