"""Packages of third parties, as they lie in a folder that is on the path: installed wheels, and broken ones."""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def environment(**more: str) -> dict[str, str]:
    """With `lathe` and `uv` of this Python first on the path, and no package index to ask."""
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LATHE_")}
    own = {
        "PATH": tools,
        "UV_OFFLINE": "1",
        "VIRTUAL_ENV": str(Path(sys.executable).parents[1]),
        "OMP_NUM_THREADS": "1",
    }
    return clean | own | more


def lathe(*arguments: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """`lathe engines …`: the process that the command line starts."""
    command = [sys.executable, "-m", "ml_worker.command", *arguments]
    path = os.pathsep.join(p for p in (str(PROJECT), more.pop("PYTHONPATH", "")) if p)
    return subprocess.run(
        command, cwd=cwd, env=environment(PYTHONPATH=path, **more), capture_output=True, text=True, check=False
    )


def broken(target: Path, name: str, engine: str, source: str) -> None:
    """A package with one module that registers `engine`, as an installer leaves it."""
    module = name.replace("-", "_")
    (target / f"{module}.py").write_text(source)
    info = target / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[lathe.engines]\n{engine} = {module}:Engine\n")


def quick(engine: str) -> str:
    """The source of a package whose engine needs nothing."""
    return f"""
from ml_worker.engines.port import Description
class Engine:
    def describe(self):
        return Description(id={engine!r}, version="1", title="Quick", kinds=("text",), price=0, typical_seconds=1,
            params_schema={{"type": "object", "additionalProperties": False, "properties": {{}}}}, stages=(("all", 1),))
    def load(self, device):
        pass
"""
