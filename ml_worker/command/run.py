"""`lathe engines run`: one run, here and now."""

import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.telemetry.stdout import stdout_apart
from domain.catalog.schema import validate_params
from domain.errors import InvalidInput
from ml_worker.answers import Malformed, delivered, formats_of
from ml_worker.command.options import (
    Device,
    EngineName,
    Images,
    Names,
    Params,
    Remote,
    images_by_role,
    input_files,
    parameters,
)
from ml_worker.device import choose_device
from ml_worker.engines.port import Description, EngineError, Inputs
from ml_worker.engines.registry import ALL, EngineMissing, find
from ml_worker.local_run import LocalRun

_FORMATS = {".glb": "glb", ".stl": "stl", ".fbx": "fbx", ".3mf": "3mf", ".usdz": "usdz", ".webp": "webp", ".zip": "obj"}


def run(
    engine: EngineName,
    words: Annotated[str | None, typer.Argument(metavar="[PROMPT]", help="What to make, in words.")] = None,
    prompt: Annotated[str | None, typer.Option(help="The same as an option.")] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help=f"Ends with {', '.join(_FORMATS)}.")] = Path(
        "model.glb"
    ),
    image: Images = None,
    param: Params = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    device: Device = "auto",
    names: Names = ALL,
    remote: Remote = None,
    force: Annotated[bool, typer.Option("-f", "--force", help="Replace the result file.")] = False,
) -> None:
    """Run an engine here and now, without a server. Prints what it understood and its report as JSON."""
    form = _FORMATS.get(output.suffix.lower())
    if form is None:
        raise typer.BadParameter(f"end it with one of {', '.join(_FORMATS)}", param_hint="--output")
    if output.exists() and not force:
        raise typer.BadParameter(f"{output} is there already; -f replaces it", param_hint="--output")
    results = stdout_apart(2)  # for them alone: what an engine prints is none
    inputs = Inputs(prompt=prompt or words, files=input_files(images_by_role(image)))
    try:
        found = find(engine, names.split(","), remote)
        told = found.describe()
        params = validate_params(told.params_schema, _with_format(told, parameters(param), form))
        found.load(choose_device(device))
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="lathe-run-") as folder:
            made = found.run(inputs, params, LocalRun(seed, Path(folder), told.stages, _show))
            result = delivered(0, made, Path(folder), formats_of(params))
            files = {file.format: file.path for file in result.files}
            if form not in files:
                raise EngineMissing(f"{told.id} made {', '.join(files)}, no {form}")
            shutil.copyfile(files[form], output)
    except InvalidInput as wrong:
        for problem in wrong.extra["errors"]:
            typer.echo(f"{problem['pointer'].removeprefix('/params/')}: {problem['detail']}", err=True)
        raise typer.Exit(2) from None
    except Malformed as wrong:
        typer.echo(f"The engine's result cannot be used: {wrong}.", err=True)
        raise typer.Exit(1) from None
    except (EngineError, EngineMissing) as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(1) from None
    said = {"seconds": round(time.monotonic() - began, 3), "understood": result.understood, "report": result.report}
    said |= {"ignored": result.ignored, "metrics": result.metrics}
    typer.echo(json.dumps(said, indent=1, ensure_ascii=False), file=results)


def _with_format(told: Description, params: dict[str, Any], form: str) -> dict[str, Any]:
    return params | ({"formats": [form]} if "formats" in told.params_schema.get("properties", {}) else {})


def _show(told: dict[str, Any]) -> None:
    typer.echo(f"{told['progress']:4.0%}  {told['stage']}", err=True)
