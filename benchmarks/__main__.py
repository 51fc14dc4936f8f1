"""Runs every benchmark of this folder, or those named: `python -m benchmarks [name…]`.

A benchmark is a module with `measure() -> list[Result]`. Results are printed as a table and written to
`build/benchmarks/<name>.json`.
"""

import json
import platform
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from rich.console import Console
from rich.table import Table

from benchmarks.result import Result

OUTPUT = Path("build") / "benchmarks"
NOT_BENCHMARKS = {"__main__", "result"}


def main(names: list[str]) -> None:
    found = sorted(module.name for module in iter_modules([str(Path(__file__).parent)]))
    chosen = names or [name for name in found if name not in NOT_BENCHMARKS]
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for name in chosen:
        results: list[Result] = import_module(f"benchmarks.{name}").measure()
        show(name, results)
        rows = {"machine": platform.platform(), "results": [asdict(result) for result in results]}
        (OUTPUT / f"{name}.json").write_text(json.dumps(rows, indent=2) + "\n")


def show(name: str, results: list[Result]) -> None:
    table = Table("what", "measured", "peer", "ratio", title=name)
    for result in results:
        ratio = f"{result.value / result.peer:.2f}" if result.peer else ""
        peer = f"{result.peer:,.0f} {result.unit}" if result.peer else ""
        table.add_row(result.what, f"{result.value:,.0f} {result.unit}", peer, ratio)
    Console().print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
