"""Where an installation is and what opens it, found without starting or making anything."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.settings import Settings
from cli.stack.errors import StackError
from cli.stack.home import Home, running_pid
from cli.stack.services import USAGE


@dataclass(frozen=True, slots=True, repr=False)
class Place:
    """None, or empty: not known, because that part is embedded and the stack does not run."""

    settings: Settings
    home: Home
    running: bool
    """A `lathe up` holds this state folder."""
    problem: str | None = None
    """Why that cannot be seen."""
    kafka_url: str | None = None
    postgres_url: str | None = None
    s3_url: str | None = None
    s3_access_key: str | None = None
    s3_secret_key: str | None = None
    gateway_url: str | None = None
    command_api: tuple[str, ...] = ()
    """host:port of each."""
    query_api: tuple[str, ...] = ()
    metrics: dict[str, str] = field(default_factory=dict)
    """host:port of /metrics by process, of those that are known: all that the running stack has."""
    master_key: str | None = None
    """32 bytes in base64."""

    @property
    def embeds(self) -> bool:
        """Something is run by `lathe up` itself, not named by a setting."""
        return not (self.settings.kafka_url and self.settings.postgres_url and self.settings.s3_url)


def find_place(settings: Settings) -> Place:
    """What the running stack announced, else what the settings name."""
    home = Home(settings.home.expanduser().absolute())
    problem = None
    try:
        running = running_pid(home) is not None
    except StackError as unseen:
        running, problem = False, str(unseen)
    told = _announced(home) if running else {}
    away = not running and settings.kafka_url is not None
    return Place(
        settings=settings,
        home=home,
        running=running,
        problem=problem,
        kafka_url=told.get("kafka_url") or settings.kafka_url,
        postgres_url=told.get("postgres_url") or settings.postgres_url,
        s3_url=told.get("s3_url") or settings.s3_url,
        s3_access_key=settings.s3_access_key or _kept(home.path / "secrets" / "s3-access-key"),
        s3_secret_key=settings.s3_secret_key or _kept(home.path / "secrets" / "s3-secret-key"),
        gateway_url=told.get("gateway_url") or (settings.worker_api_url() if away else None),
        command_api=tuple(told.get("command_api", ())),
        query_api=tuple(told.get("query_api", ())),
        metrics=_metrics(told),
        master_key=settings.master_key or _kept(home.path / "master.key"),
    )


def _metrics(told: dict[str, Any]) -> dict[str, str]:
    """The APIs and the usage page serve their figures at their own address."""
    apis = {f"{name}-{n}": address for name in ("command_api", "query_api")
            for n, address in enumerate(told.get(name, ()), start=1)}  # fmt: skip
    usage = {USAGE: told["usage"]} if told.get("usage") else {}
    return apis | dict(told.get("metrics", {})) | usage


def _announced(home: Home) -> dict[str, Any]:
    """`run/stack.json`; empty while a stack is about to start, or when it was damaged."""
    try:
        found = json.loads((home.run / "stack.json").read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _kept(path: Path) -> str | None:
    try:
        return path.read_text().strip() or None
    except OSError:
        return None
