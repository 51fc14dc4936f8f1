"""`lathe ops rebuild` as operators call it, beside live read models: built, compared, swapped.

The bare reading of the same topic is measured right before and right after, in the same run. What counts is the time
to build, from the first record to the last; comparing the two schemas and swapping them is told beside it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from benchmarks.pace import events, pick
from benchmarks.rebuild import EVENTS_A_TASK, project, read_raw, write
from benchmarks.result import Result, compared
from cli.stack.postgres import PostgresConfig, ensure_database, postgres_part
from tests import embedded


def measure() -> list[Result]:
    tasks = events(pick(240_000, 48_000, 120)) // EVENTS_A_TASK
    with tempfile.TemporaryDirectory(prefix="lathe-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)  # PostgreSQL runs as another user
        config = PostgresConfig(root / "postgres", embedded.PORTS.choose(5432), password="only-for-benchmarks")
        with embedded.kafka(root) as kafka, embedded.running(postgres_part(config), root):
            written = uvloop.run(write(kafka, tasks))
            url = f"{config.url.rpartition('/')[0]}/rebuilt"
            uvloop.run(ensure_database(url))
            live_s = project(kafka, url, written)
            print(f"  {written:,} events; the live models took {live_s:.0f} s ({written / live_s:,.0f}/s)", flush=True)
            raw = [written / uvloop.run(read_raw(kafka))]
            took = _rebuild(kafka, url, root)
            raw.append(written / uvloop.run(read_raw(kafka)))
    rate = written / took["building"]
    print(f"  bare reading before and after: {raw[0]:,.0f}/s, {raw[1]:,.0f}/s", flush=True)
    print("  " + ", ".join(f"{state} {seconds:.1f} s" for state, seconds in took.items()), flush=True)
    return [compared("lathe ops rebuild", "events/s", [rate], raw, "bare aiokafka getmany", goal=0.25)]


def _rebuild(kafka: str, url: str, home: Path) -> dict[str, float]:
    """Seconds in each state of the command, by the lines it prints. Raises RuntimeError unless it swapped."""
    told = os.environ | {"LATHE_KAFKA_URL": kafka, "LATHE_POSTGRES_URL": url, "LATHE_HOME": str(home)}
    command = [sys.executable, "-m", "processors.rebuild"]
    took: dict[str, float] = {}
    state, since = "starting", time.perf_counter()
    with subprocess.Popen(command, env=told, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            now = time.perf_counter()
            took[state] = took.get(state, 0.0) + now - since
            state, since = json.loads(line)["state"], now
    if process.returncode or state != "swapped":
        raise RuntimeError(f"lathe ops rebuild ended with {process.returncode} as {state}")
    return took
