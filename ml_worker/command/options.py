"""Options that several subcommands share."""

import json
import mimetypes
from pathlib import Path
from typing import Annotated, Any

import typer

from ml_worker.engines.port import Input

EngineName = Annotated[str, typer.Argument(metavar="ENGINE", help="An engine's id, or module:Class.")]
Names = Annotated[
    str, typer.Option(help="As in LATHE_ENGINES: builtin, registered, remote, module:Class.", envvar="LATHE_ENGINES")
]
Remote = Annotated[
    Path | None,
    typer.Option(help="As in LATHE_REMOTE_ENGINES: a TOML file of model servers.", envvar="LATHE_REMOTE_ENGINES"),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda:<n>")]
Images = Annotated[
    list[str] | None, typer.Option("--image", metavar="[VIEW=]PATH", help="A photo, or one of several views; repeat.")
]
Params = Annotated[
    list[str] | None, typer.Option("--param", metavar="NAME=VALUE", help="A parameter; VALUE as JSON or text; repeat.")
]


def images_by_role(given: list[str] | None) -> dict[str, Path]:
    """`front=a.png` is the view `front`; a path alone is `image`. Raises typer.BadParameter."""
    found: dict[str, Path] = {}
    for item in given or []:
        role, separator, name = item.partition("=")
        path = Path(name if separator else item)
        if not path.is_file():
            raise typer.BadParameter(f"there is no file {path}", param_hint="--image")
        found[role if separator else "image"] = path
    return found


def input_files(images: dict[str, Path]) -> tuple[Input, ...]:
    return tuple(
        Input(role=role, path=path, media_type=mimetypes.guess_type(path.name)[0] or "application/octet-stream")
        for role, path in images.items()
    )


def parameters(given: list[str] | None) -> dict[str, Any]:
    """Raises typer.BadParameter."""
    found: dict[str, Any] = {}
    for item in given or []:
        name, separator, value = item.partition("=")
        if not separator:
            raise typer.BadParameter("takes NAME=VALUE", param_hint="--param")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found
