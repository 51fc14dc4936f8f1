"""Puts what a part of `make chaos` said into docs/reports/chaos.md, between that part's marks."""

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[2] / "docs" / "reports" / "chaos.md"
PARTS: Final = ("model", "rivals", "service")


def write(part: str, began: datetime, lines: Sequence[str]) -> None:
    """Replace the figures of one part; what stands around them stays."""
    text = PAGE.read_text()
    begin, end = f"<!-- {part}: written by `make chaos REPORT=1` -->", f"<!-- end of {part} -->"
    before, rest = text.split(begin)
    after = rest.split(end)[1]
    told = [f"Run of {began:%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores:", "", *(f"    {line}" for line in lines)]
    PAGE.write_text("\n".join([before + begin, "", *told, "", end]) + after)
