"""Results as rows of a table, as JSON, and as a plot of the ratios (SVG), for docs/reports/benchmark.*."""

import json
import math
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Final

from benchmarks.result import Result

Measured = tuple[str, Sequence[Result]]
FOLDER: Final = Path(__file__).parent.parent / "docs" / "reports"
BEGIN: Final = "<!-- the table below is written by `make bench REPORT=1` -->"
END: Final = "<!-- end of the table -->"
PLOT: Final = "![Ratios to the peers](benchmark.svg)"
_ROW: Final = 30
_LEFT: Final = 430
_WIDE: Final = 360
_DECADES: Final = 2.2
"""The plot reaches from 10^-2.2 to 10^2.2 times the peer."""


def figures(result: Result) -> tuple[str, str, str, str, str]:
    """What was measured, by how much, the peer, the ratio, and whether that is what was wanted."""
    peer = f"{_number(result.peer)} {result.unit} ({result.against})" if result.peer is not None else ""
    ratio = "" if result.ratio is None else f"{result.ratio:.2f}"
    goal = ""
    if result.goal is not None:
        goal = f"{'≤' if result.less_is_better else '≥'} {result.goal:g}: {'met' if result.met else 'missed'}"
    return result.what, f"{_number(result.value)} {result.unit}", peer, ratio, goal


def write_report(measured: Sequence[Measured]) -> None:
    """Write the JSON and the plot, and replace the table in benchmark.md."""
    machine = {"platform": platform.platform(), "python": platform.python_version(), "cores": os.cpu_count()}
    found = {name: [asdict(result) for result in results] for name, results in measured}
    (FOLDER / "benchmark.json").write_text(json.dumps({"machine": machine, "results": found}, indent=2) + "\n")
    (FOLDER / "benchmark.svg").write_text(plot(result for _, results in measured for result in results))
    page = FOLDER / "benchmark.md"
    text = page.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n\n{table(measured)}\n{PLOT}\n\n{END}{after}")


def table(measured: Sequence[Measured]) -> str:
    """A Markdown table."""
    lines = ["| what | Lathe | peer | ratio | goal |", "|---|---|---|---|---|"]
    lines += ["| " + " | ".join(figures(result)) + " |" for _, results in measured for result in results]
    return "\n".join(lines) + "\n"


def plot(results: Iterable[Result]) -> str:
    """A bar for each ratio, on a logarithmic scale: to the right is better than the peer, a tick is the goal."""
    rows = [r for r in results if r.ratio]
    height = _ROW * (len(rows) + 2)
    shapes = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDE + 90}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<line x1="{_x(1):.0f}" y1="{_ROW}" x2="{_x(1):.0f}" y2="{height - _ROW}" stroke="#888"/>',
        f'<text x="{_x(1):.0f}" y="{_ROW - 8}" text-anchor="middle">as good as the peer</text>',
    ]
    for number, row in enumerate(rows):
        shapes += _bar(row, _ROW * (number + 1))
    return "\n".join([*shapes, "</svg>"]) + "\n"


def _bar(row: Result, y: int) -> list[str]:
    assert row.ratio is not None, "only rows with a peer are drawn"
    better = 1 / row.ratio if row.less_is_better else row.ratio
    x, one = _x(better), _x(1)
    colour = {True: "#2e7d32", False: "#c62828", None: "#607d8b"}[row.met]
    shapes = [
        f'<text x="{_LEFT - 8}" y="{y + 19}" text-anchor="end">{escape(f"{row.what} / {row.against}")}</text>',
        f'<rect x="{min(x, one):.0f}" y="{y + 6}" width="{max(1.0, abs(x - one)):.0f}" height="18" fill="{colour}"/>',
        f'<text x="{_LEFT + _WIDE + 8}" y="{y + 19}">{better:.2f} x</text>',
    ]
    if row.goal is not None:
        goal = _x(1 / row.goal if row.less_is_better else row.goal)
        shapes.append(f'<line x1="{goal:.0f}" y1="{y + 2}" x2="{goal:.0f}" y2="{y + 28}" stroke="black" width="2"/>')
    return shapes


def _x(ratio: float) -> float:
    decades = max(-_DECADES, min(_DECADES, math.log10(ratio)))
    return _LEFT + _WIDE * (decades + _DECADES) / (2 * _DECADES)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
