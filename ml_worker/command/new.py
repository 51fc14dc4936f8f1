"""`lathe engines new`: a package with an engine that works, to start from."""

import re
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Annotated, Final

import typer

_ID: Final = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*/[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
_FILES: Final = {
    "pyproject.toml": "pyproject.toml",
    "readme.md": "README.md",
    "package.py": "src/{module}/__init__.py",
    "engine.py": "src/{module}/engine.py",
    "test_engine.py": "tests/test_engine.py",
}


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The engine's id, as maker/model: acme/pebble.")],
    folder: Annotated[Path | None, typer.Option("--into", help="Default: a new folder maker-model here.")] = None,
) -> None:
    """Make a package with an engine that works: pyproject.toml, the engine, and a test that checks its promises."""
    if not _ID.fullmatch(name) or len(name) > 80:
        raise typer.BadParameter("name it like acme/pebble: a-z, 0-9, - and _", param_hint="NAME")
    package = re.sub(r"[/_]", "-", name)
    target = folder or Path(package)
    if target.exists() and any(target.iterdir()):
        raise typer.BadParameter(f"there is something in {target} already", param_hint="--into")
    words = {
        "id": name,
        "package": package,
        "module": package.replace("-", "_"),
        "engine": "".join(word.title() for word in re.split(r"[-_]", name.partition("/")[2])) + "Engine",
        "title": name.partition("/")[2].replace("-", " ").replace("_", " ").capitalize(),
    }
    for template, place in _FILES.items():
        path = target / place.format(**words)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = files("ml_worker.engines").joinpath("template", f"{template}.tmpl").read_text()
        path.write_text(Template(text).substitute(words))
        typer.echo(path)
    typer.echo(f"\nNext: uv pip install -e {target} && lathe engines check {name}", err=True)
