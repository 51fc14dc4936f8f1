"""Lathe's own processes as parts: which there are, what each is told, and what each is not told."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from adapters.settings import PREFIX, Settings
from cli.stack.home import Home
from cli.stack.part import Part
from cli.stack.ports import LOOPBACK
from cli.stack.readiness import answers_ready, was_touched
from cli.stack.secrets import Secrets

PROJECT: Final = Path(__file__).resolve().parents[2]
PUBLISHER: Final = "processors.publisher"
USAGE: Final = "processors.metrics"
"""The part that serves the usage page."""
SECRETS: Final = (
    "POSTGRES_URL",
    "DB_PASSWORD",
    "S3_URL",
    "S3_ACCESS_KEY",
    "S3_SECRET_KEY",
    "MASTER_KEY",
    "ADMIN_PASSWORD",
    "ML_SERVICE_TOKEN",
)
"""A worker gets none of these: it fetches its orders, with presigned URLs, from command_api (architecture.md, Runs)."""
ALIASES: Final = (
    "DATABASE_URL",
    "DB_PASSWORD",
    "MINIO_ENDPOINT",
    "MINIO_ACCESS_KEY",
    "MINIO_SECRET_KEY",
    "ML_SERVICE_TOKEN",
)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything is reached, embedded or not."""

    kafka_url: str
    postgres_url: str
    s3_url: str
    gateway_url: str
    """By processes of this machine."""
    command_api: tuple[str, ...]
    """host:port of each."""
    query_api: tuple[str, ...]
    metrics: Mapping[str, str] = field(default_factory=dict)
    """host:port of /metrics of each part that has no API; the APIs serve it at their own address."""
    usage: str | None = None
    """host:port of the usage page; it is for this machine only."""


def shared_environment(settings: Settings, home: Home, secrets: Secrets, addresses: Addresses) -> dict[str, str]:
    """What every process with full trust is told, as variables."""
    told = {
        "HOME": str(home.path),
        "KAFKA_URL": addresses.kafka_url,
        "POSTGRES_URL": addresses.postgres_url,
        "S3_URL": addresses.s3_url,
        "S3_ACCESS_KEY": secrets.s3_access_key,
        "S3_SECRET_KEY": secrets.s3_secret_key,
        "S3_BUCKET": settings.s3_bucket,
        "UPLOADS_BY_GATEWAY": str(settings.uploads_by_gateway or not settings.s3_url).lower(),
        "MASTER_KEY": secrets.master_key,
        "ADMIN_PASSWORD": secrets.admin_password,
        "SERVICE_TOKEN": secrets.service_token,
        "PORT": str(settings.port),
        "PUBLIC_URL": settings.page_url(),
        "API_URL": addresses.gateway_url,
        "DURABILITY": settings.durability,
    }
    return {PREFIX + name: value for name, value in told.items()} | {"PYTHONUNBUFFERED": "1"}


def http_service(module: str, address: str, environment: Mapping[str, str], *, number: int | None = None) -> Part:
    """A service that listens on `address` (host:port) and answers /readyz."""
    host, _, port = address.rpartition(":")
    return Part(
        name=module if number is None else f"{module}-{number}",
        command=(sys.executable, "-m", module),
        environment={
            **environment,
            f"{PREFIX}BIND": address,
            f"{PREFIX}INTERNAL_URL": f"http://{address}",
            f"{PREFIX}READY_FILE": None,
        },
        is_ready=lambda: answers_ready(host, int(port)),
        folder=str(PROJECT),
    )


def background_service(
    module: str,
    home: Home,
    environment: Mapping[str, str | None],
    *,
    metrics: str | None,
    vital: bool = True,
    awaited: bool = True,
    stop_seconds: float = 15,
) -> Part:
    """A process without an API, which touches LATHE_READY_FILE when it is ready. `metrics`: host:port of /metrics."""
    ready = home.run / f"{module}.ready"
    return Part(
        name=module,
        command=(sys.executable, "-m", module),
        environment={**environment, f"{PREFIX}READY_FILE": str(ready), f"{PREFIX}METRICS_BIND": metrics},
        prepare=lambda: ready.unlink(missing_ok=True),
        is_ready=lambda: was_touched(ready),
        folder=str(PROJECT),
        vital=vital,
        awaited=awaited,
        ready_seconds=120,
        stop_seconds=stop_seconds,
    )


def service_parts(home: Home, environment: Mapping[str, str], addresses: Addresses) -> list[Part]:
    """The services that the page and the API need."""
    several = len(addresses.command_api) > 1
    return [
        *(
            http_service("command_api", address, environment, number=number if several else None)
            for number, address in enumerate(addresses.command_api, start=1)
        ),
        *(http_service("query_api", address, environment) for address in addresses.query_api),
        background_service("processors", home, environment, metrics=addresses.metrics.get("processors")),
    ]


def worker_part(home: Home, environment: Mapping[str, str], addresses: Addresses) -> Part:
    """The worker runs other people's engines, so it is told as little as possible."""
    untold: dict[str, str | None] = dict.fromkeys([*(PREFIX + name for name in SECRETS), *ALIASES])
    told = {
        **environment,
        **untold,
        f"{PREFIX}COMMAND_URL": ",".join(f"http://{address}" for address in addresses.command_api),
    }
    return background_service(
        "ml_worker", home, told, metrics=addresses.metrics.get("ml_worker"), vital=False, stop_seconds=30
    )


def publisher_part(home: Home, environment: Mapping[str, str], addresses: Addresses) -> Part:
    """Copies for foreign readers; for installations that have some."""
    metrics = addresses.metrics.get(PUBLISHER)
    return background_service(PUBLISHER, home, environment, metrics=metrics, vital=False, awaited=False)


def usage_part(home: Home, environment: Mapping[str, str], addresses: Addresses) -> Part:
    """Usage by model and minute. Nothing depends on it, and it needs Kafka alone."""
    untold: dict[str, str | None] = dict.fromkeys([*(PREFIX + name for name in (*SECRETS, "SERVICE_TOKEN")), *ALIASES])
    told = {**environment, **untold, f"{PREFIX}USAGE_BIND": addresses.usage}
    return background_service(USAGE, home, told, metrics=None, vital=False, awaited=False)


def own_addresses(ports: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(f"{LOOPBACK}:{port}" for port in ports)
