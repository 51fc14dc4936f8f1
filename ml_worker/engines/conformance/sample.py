"""What the suite gives an engine to work on, where its author names nothing better."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from domain.catalog.schema import validate_params
from ml_worker.engines.port import Description, Input, Inputs

PROMPT: Final = "a red mug"
SIDE: Final = 256
VIEWS: Final = ("front", "left", "back", "right")
LIGHT: Final[dict[str, Any]] = {"quality": "draft", "target_faces": 2000, "texture_size": 512}
"""Values that make runs short, for the parameters of these names that an engine shares with others."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """`images`: paths by role (`image`, or a view). What is left out is filled in: a prompt, a drawn photo."""

    prompt: str | None = None
    images: Mapping[str, Path] = {}
    params: Mapping[str, Any] = {}

    def inputs(self, told: Description, kind: str, folder: Path) -> Inputs:
        """For one of the engine's kinds. Drawn photos are put into `folder`."""
        if kind == "text":
            return Inputs(prompt=self.prompt or PROMPT)
        roles = ("image",) if kind == "image" else VIEWS
        given = {role: path for role, path in self.images.items() if kind == "images" or role == "image"}
        paths = given or {role: draw_photo(folder / f"{role}.png", turn) for turn, role in enumerate(roles)}
        return Inputs(files=tuple(Input(role=r, path=p, media_type=_media_type(p)) for r, p in paths.items()))

    def all_params(self, told: Description) -> dict[str, Any]:
        """As the API hands them to an engine: with every default. Raises InvalidInput when the sample's own are wrong.

        Every format is asked for, and light values are taken where the schema allows them.
        """
        properties = told.params_schema.get("properties", {})
        params = dict(self.params)
        formats = properties.get("formats", {}).get("items", {}).get("enum")
        if formats:
            params.setdefault("formats", list(formats))
        for name, value in LIGHT.items():
            if name in properties and name not in params and _allows(told.params_schema, name, value):
                params[name] = value
        return validate_params(told.params_schema, params)


def _allows(schema: dict[str, Any], name: str, value: Any) -> bool:
    from domain.errors import InvalidInput

    try:
        validate_params({**schema, "required": []}, {name: value})
    except InvalidInput:
        return False
    return True


def draw_photo(path: Path, turn: int = 0) -> Path:
    """An orange vase-like thing on white; `turn` (quarter turns) makes a view that differs a little."""
    from PIL import Image

    picture = Image.new("RGB", (SIDE, SIDE), (250, 250, 250))
    for y in range(40, 216):
        half = 38 + 22 * math.sin((y - 40) / 28) + 2 * turn
        for x in range(round(128 - half), round(128 + half)):
            picture.putpixel((x, y), (230 - abs(x - 128), 120 - abs(x - 128) // 2, 40))
    picture.save(path)
    return path


def _media_type(path: Path) -> str:
    return {".png": "image/png", ".webp": "image/webp"}.get(path.suffix.lower(), "image/jpeg")
