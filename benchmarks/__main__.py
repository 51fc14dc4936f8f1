"""Runs every benchmark of this folder, or those named: `python -m benchmarks [--quick] [--report] [name…]`.

A benchmark is a module with `measure() -> list[Result]`. Results are printed as a table and written to
`build/benchmarks/<name>.json`. `--report` writes them to docs/reports/benchmark.{md,json,svg} too.
"""

import argparse
import json
import os
import platform
import time
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.pace import EVENTS_VARIABLE, VARIABLE
from benchmarks.report import Measured, figures, write_report
from benchmarks.result import Result

OUTPUT: Final = Path("build") / "benchmarks"
BENCHMARKS: Final = (
    "accept",
    "end_to_end",
    "durable",
    "rebuild",
    "rebuild_command",
    "export",
    "takeover",
    "log",
    "mesh",
)
"""In this order. A new one is a module beside this file and its name here."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Lathe against its peers.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"which: {', '.join(BENCHMARKS)}. Default: all.")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="the same, one at a time")
    parser.add_argument("--quick", action="store_true", help="a third of the time, coarser")
    parser.add_argument("--report", action="store_true", help="write docs/reports/benchmark.*")
    parser.add_argument("--events", type=int, metavar="N", help="events in the log of the rebuilds")
    arguments = parser.parse_args()
    chosen = [*arguments.names, *arguments.only] or list(BENCHMARKS)
    if unknown := set(chosen) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    if arguments.quick:
        os.environ[VARIABLE] = "quick"
    if arguments.events is not None:
        os.environ[EVENTS_VARIABLE] = str(arguments.events)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    measured: list[Measured] = []
    for name in chosen:
        print(f"{name} …", flush=True)
        began = time.monotonic()
        results: list[Result] = import_module(f"benchmarks.{name}").measure()
        measured.append((name, results))
        show(name, results, time.monotonic() - began)
        rows = {"machine": platform.platform(), "results": [asdict(result) for result in results]}
        (OUTPUT / f"{name}.json").write_text(json.dumps(rows, indent=2) + "\n")
    if arguments.report:
        write_report(measured)


def show(name: str, results: list[Result], seconds: float) -> None:
    table = Table("what", "measured", "peer", "ratio", "goal", title=f"{name} ({seconds:.0f} s)")
    for result in results:
        table.add_row(*figures(result))
    Console().print(table)


if __name__ == "__main__":
    main()
