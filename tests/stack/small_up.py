"""`lathe up` with small parts: two vital ones, what the options ask for, a worker. Its folder is LATHE_HOME's."""

import sys
from dataclasses import replace
from functools import partial

import typer

from adapters.settings import Settings
from cli import up
from cli.stack.home import Home
from cli.stack.jars import Report
from cli.stack.part import Part
from cli.stack.plan import Plan
from cli.stack.services import USAGE, Addresses
from tests.stack.small_stack import small_part

USAGE_ADDRESS = "127.0.0.1:1"
NOISE = "[/data/x] cannot be opened :warning: [kafka-log] \\u2192"


def planned(options: list[str], settings: Settings, home: Home, report: Report) -> Plan:
    noisy = (sys.executable, "-c", f"import time; print('{NOISE}', flush=True); time.sleep(1)")
    broken = (sys.executable, "-c", "raise SystemExit('there is no space')")
    usage = replace(small_part(home.path, USAGE), vital=False, awaited=False)
    beside = {
        "--noisy": Part("noisy", noisy, is_task=True, environment={"PYTHONIOENCODING": "utf-8"}),
        "--no-packages": Part("packages", broken, is_task=True, vital=False),
        "--usage": usage,
        "--silent-usage": replace(usage, is_ready=lambda: False),
    }
    worker = replace(small_part(home.path, "worker"), vital=False)
    stages = [
        [small_part(home.path, "first")],
        [small_part(home.path, "second")],
        [beside[option] for option in options],
        [worker],
    ]
    return Plan(stages, Addresses("kafka:1", "postgres:1", "s3:1", "gateway:1", (), (), usage=USAGE_ADDRESS))


if __name__ == "__main__":
    up.run = partial(up.run, planned=partial(planned, sys.argv[1:]))  # type: ignore[assignment]
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(up.up)
    app([])
