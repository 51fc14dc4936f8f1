"""`lathe events export` as analysts call it: the whole log into Parquet, and into JSON lines.

Beside it, in the same run: the bare reading of the same topic.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from benchmarks.pace import events, pick, rounds
from benchmarks.rebuild import EVENTS_A_TASK, read_raw, write
from benchmarks.result import Result, compared
from tests import embedded

FORMS = {"Parquet": "history", "JSON lines": "history.jsonl"}
"""What it is → the name of the output."""


def measure() -> list[Result]:
    tasks = events(pick(240_000, 48_000, 120)) // EVENTS_A_TASK
    with tempfile.TemporaryDirectory(prefix="lathe-bench-") as folder:
        root = Path(folder)
        with embedded.kafka(root) as kafka:
            written = uvloop.run(write(kafka, tasks))
            raw: list[float] = []
            found: dict[str, list[float]] = {form: [] for form in FORMS}
            for number in range(rounds()):
                raw.append(written / uvloop.run(read_raw(kafka)))
                for form, name in FORMS.items():
                    found[form].append(written / _export(kafka, root, root / f"{number}-{name}"))
                print(f"  export {number + 1}: " + ", ".join(f"{form} {v[-1]:,.0f}/s" for form, v in found.items()))
    return [
        compared(f"export to {form}", "events/s", rates, raw, "bare aiokafka getmany") for form, rates in found.items()
    ]


def _export(kafka: str, home: Path, target: Path) -> float:
    """Seconds from the call to its end, with the start of the process."""
    told = os.environ | {"LATHE_KAFKA_URL": kafka, "LATHE_HOME": str(home)}
    command = [sys.executable, "-m", "cli.main", "events", "export", str(target), "--topic", "accounts"]
    began = time.perf_counter()
    subprocess.run(command, env=told, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
