"""`lathe up` whose services reach the broker and PostgreSQL through proxies of their own, each by a clock of its own.

Run by stack.py as `python -m tests.chaos.up <lines.json>`. The plan, the parts and the supervisor are the real ones.
"""

import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from rich.console import Console

from adapters.settings import Settings, load_settings
from cli import up
from cli.stack.home import Home, lock, open_home
from cli.stack.jars import Report, default_repository, ensure_jars
from cli.stack.java import find_java
from cli.stack.kafka import kafka_part
from cli.stack.part import Part
from cli.stack.plan import Plan, make_plan
from cli.stack.ports import Ports
from cli.stack.screen import Screen
from tests.chaos.clock import Clocks
from tests.log.broker import ProxiedKafka


class Line(msgspec.Struct, frozen=True):
    """How one service reaches what it depends on: ports of its proxies and of the broker's listener behind one."""

    kafka: int
    kafka_listener: int
    postgres: int


class Lines(msgspec.Struct, frozen=True):
    services: dict[str, Line]
    """By the part's name."""
    kafka: int
    postgres: int
    """Where the embedded ones are to listen themselves."""
    clocks: str | None = None
    """Folder of the parts' clocks; None: true time for all."""


def rewired(plan: Plan, lines: Lines, home: Home, settings: Settings) -> Plan:
    """The same plan, with every service's connections and clock in our hands."""
    clocks = Clocks(Path(lines.clocks)) if lines.clocks is not None else None

    def change(part: Part) -> Part:
        if part.name == "kafka":
            part = _broker(lines, home, settings)
        line = lines.services.get(part.name)
        told = dict(part.environment)
        if line is not None:
            told["LATHE_KAFKA_URL"] = f"127.0.0.1:{line.kafka}"
            if url := told.get("LATHE_POSTGRES_URL"):  # a worker is not told
                told["LATHE_POSTGRES_URL"] = url.replace(f":{urlsplit(url).port}/", f":{line.postgres}/")
        if clocks is not None and (line is not None or part.name in ("kafka", "postgres")):
            told |= clocks.environment(part.name)
        return replace(part, environment=told)

    return Plan([[change(part) for part in stage] for stage in plan.stages], plan.addresses)


def _broker(lines: Lines, home: Home, settings: Settings) -> Part:
    names = {name: f"VIA{n}" for n, name in enumerate(lines.services)}
    listeners = [(names[name], line.kafka_listener, line.kafka) for name, line in lines.services.items()]
    config = ProxiedKafka(
        folder=home.kafka,
        port=lines.kafka,
        controller_port=Ports(prefer_usual=False).choose(0),
        java=find_java(),
        class_path=ensure_jars(default_repository(), lambda done, total: None),
        durability=settings.durability,
        extra=tuple(listeners),
    )
    return kafka_part(config)


class _ChosenPorts(Ports):
    """The broker and PostgreSQL listen where the proxies expect them; all others take any port."""

    def __init__(self, lines: Lines) -> None:
        super().__init__(prefer_usual=False)
        self._chosen = {9092: lines.kafka, 5432: lines.postgres}

    def choose(self, usual: int) -> int:
        return self._chosen.get(usual) or super().choose(usual)


def main(arguments: Sequence[str]) -> None:
    lines = msgspec.json.decode(Path(arguments[0]).read_bytes(), type=Lines)
    settings = load_settings()
    home = open_home(settings.home)

    def plan(settings: Settings, home: Home, report: Report) -> Plan:
        return rewired(make_plan(settings, home, report, _ChosenPorts(lines)), lines, home, settings)

    with closing(lock(home)):
        up.run(settings, home, Screen(Console()), plan)


if __name__ == "__main__":
    main(sys.argv[1:])
