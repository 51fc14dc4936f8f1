"""`python -m ml_worker.command` (`lathe engines`): which engines there are here, and running one without a server."""

import json
import mimetypes
import shutil
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from ml_worker.device import choose_device
from ml_worker.engines.port import EngineError, Input, Inputs
from ml_worker.engines.registry import EngineMissing, find, make, sources
from ml_worker.local_run import LocalRun

app = typer.Typer(
    name="engines",
    help="Engines of this machine, without a server.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
Names = Annotated[str, typer.Option(help="As in LATHE_ENGINES: builtin, module:Class.", envvar="LATHE_ENGINES")]
_FORMATS = {".glb": "glb", ".fbx": "fbx", ".stl": "stl", ".zip": "obj"}


@app.command("list")
def list_engines(names: Names = "builtin") -> None:
    """Name the engines that can be imported, and why the others cannot."""
    for name, source in sources(names.split(",")).items():
        try:
            told = make(source).describe()
        except EngineMissing as missing:
            typer.echo(f"{name}: cannot be used: {missing}")
        else:
            typer.echo(f"{told.id} {told.version}: {told.title} (takes {', '.join(told.kinds)})")


@app.command("run")
def run_engine(
    engine: Annotated[str, typer.Argument(help="An engine's id.")],
    prompt: Annotated[str | None, typer.Argument(help="What to make, in words.")] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help=".glb, .fbx, .stl or .zip (OBJ).")] = Path("model.glb"),
    image: Annotated[Path | None, typer.Option(help="A photo.", exists=True, dir_okay=False)] = None,
    param: Annotated[list[str] | None, typer.Option(help="name=value; repeatable.")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda:<n>")] = "auto",
    names: Names = "builtin",
    force: Annotated[bool, typer.Option("-f", "--force", help="Replace the result file.")] = False,
) -> None:
    """Run an engine here and now. Prints what it understood and its report."""
    form = _FORMATS.get(output.suffix.lower())
    if form is None:
        raise typer.BadParameter("end it with .glb, .fbx, .stl or .zip", param_hint="--output")
    if output.exists() and not force:
        raise typer.BadParameter(f"{output} is there already; -f replaces it", param_hint="--output")
    try:
        found = find(engine, names.split(","))
        defaults = found.describe().params_schema.get("properties", {})
        params = {name: p["default"] for name, p in defaults.items() if "default" in p}
        params |= dict(map(_parameter, param or [])) | {"formats": [form]}
        found.load(choose_device(device))
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="lathe-run-") as folder:
            run = LocalRun(seed, Path(folder), found.describe().stages, _show)
            result = found.run(Inputs(prompt=prompt, files=_files(image)), params, run)
            made = {file.format: file.path for file in result.files}
            shutil.copyfile(made[form], output)
    except (EngineError, EngineMissing) as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(1) from None
    told = {"seconds": round(time.monotonic() - began, 3), "understood": result.understood, "report": result.report}
    typer.echo(json.dumps(told | {"ignored": result.ignored, "metrics": result.metrics}, indent=1, ensure_ascii=False))


def _files(image: Path | None) -> tuple[Input, ...]:
    if image is None:
        return ()
    media_type = mimetypes.guess_type(image.name)[0] or "application/octet-stream"
    return (Input(role="image", path=image, media_type=media_type),)


def _parameter(given: str) -> tuple[str, Any]:
    name, separator, value = given.partition("=")
    if not separator:
        raise typer.BadParameter("takes name=value", param_hint="--param")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _show(told: dict[str, Any]) -> None:
    typer.echo(f"{told['progress']:4.0%}  {told['stage']}", err=True)


if __name__ == "__main__":
    app()
