"""Which parts this installation runs, in which order: embedded ones where no external address is set."""

import asyncio
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final
from urllib.parse import urlsplit

from adapters.settings import Settings
from cli.stack.broker_cache import cache_parts
from cli.stack.gateway import GatewayConfig, gateway_part, local_url
from cli.stack.home import Home, require_space
from cli.stack.install import worker_packages
from cli.stack.jars import Report, default_repository, ensure_jars
from cli.stack.java import find_java
from cli.stack.kafka import KafkaConfig, kafka_part
from cli.stack.part import Part
from cli.stack.ports import LOOPBACK, Ports, require_gateway_port
from cli.stack.postgres import PostgresConfig, postgres_part
from cli.stack.s3 import S3Config, s3_part
from cli.stack.secrets import Secrets, load_secrets
from cli.stack.services import (
    PUBLISHER,
    Addresses,
    own_addresses,
    publisher_part,
    service_parts,
    shared_environment,
    usage_part,
    worker_part,
)
from cli.stack.topics import ensure_topics
from cli.stack.web import PAGE, page_build, page_policy

COMMAND_PROCESSES: Final = 2
WITHOUT_API: Final = ("processors", "ml_worker", PUBLISHER)
"""Parts that serve their figures at an address of their own."""
STATE_MEGABYTES: Final = 500
"""Free space that a start asks for: Kafka's segments and PostgreSQL's log are laid out in advance."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Parts of one stage start together, once those of the stage before are ready (`Part.awaited`)."""

    stages: Sequence[Sequence[Part]]
    addresses: Addresses


def make_plan(settings: Settings, home: Home, report: Report, ports: Ports | None = None) -> Plan:
    """Choose ports, make secrets, fetch the broker if it is needed. Raises StackError.

    `report` hears of the broker's download, in bytes so far and bytes in all.
    `ports`: by default the usual ones where they are free.
    """
    require_gateway_port(settings.port, settings.host)
    require_space(home.path, STATE_MEGABYTES, "The state of Lathe")
    secrets = load_secrets(home, settings)
    ports = ports or Ports()
    ports.leave_out(settings.port)
    embedded: list[Part] = []
    later: list[Part] = []
    kafka_url = settings.kafka_url or _embed_kafka(settings, home, ports, report, embedded, later)
    postgres_url = settings.postgres_url or _embed_postgres(home, ports, secrets, embedded)
    s3_url = settings.s3_url or _embed_s3(settings, home, ports, secrets, embedded)
    if settings.kafka_url:
        asyncio.run(ensure_topics(settings.kafka_url, replication=None))

    addresses = Addresses(
        kafka_url=kafka_url,
        postgres_url=postgres_url,
        s3_url=s3_url,
        gateway_url=local_url(settings.host, settings.port),
        command_api=own_addresses(tuple(ports.choose(8001 + n) for n in range(COMMAND_PROCESSES))),
        query_api=own_addresses((ports.choose(8001 + COMMAND_PROCESSES),)),
        metrics={
            part: f"{LOOPBACK}:{ports.choose(9100 + n)}"
            for n, part in enumerate(WITHOUT_API)
            if part != PUBLISHER or settings.publish
        },
        usage=f"{LOOPBACK}:{ports.choose(8090)}",
    )
    environment = shared_environment(settings, home, secrets, addresses)
    gateway = GatewayConfig(
        folder=home.gateway,
        host=settings.host,
        port=settings.port,
        page=PAGE,
        page_policy=page_policy(),
        command_api=addresses.command_api,
        query_api=addresses.query_api,
        store=None if settings.s3_url else urlsplit(s3_url).netloc,
        bucket=settings.s3_bucket,
        trusted_proxies=settings.trusted_proxies,
    )
    publisher = [publisher_part(home, environment, addresses)] if settings.publish else []
    stages = [
        [*embedded, *page_build(), gateway_part(gateway)],
        service_parts(home, environment, addresses),
        [usage_part(home, environment, addresses), *publisher, *later, *worker_packages()],
        [worker_part(home, environment, addresses)],
    ]
    return Plan(stages, addresses)


def _embed_kafka(
    settings: Settings, home: Home, ports: Ports, report: Report, parts: list[Part], later: list[Part]
) -> str:
    config = KafkaConfig(
        folder=home.kafka,
        port=ports.choose(9092),
        controller_port=ports.choose(9093),
        java=find_java(),
        class_path=ensure_jars(default_repository(), report),
        durability=settings.durability,
    )
    parts.append(kafka_part(config))
    later += cache_parts(config.java, config.class_path)
    return config.url


def _embed_postgres(home: Home, ports: Ports, secrets: Secrets, parts: list[Part]) -> str:
    config = PostgresConfig(home.postgres, ports.choose(5432), secrets.postgres_password)
    parts.append(postgres_part(config))
    return config.url


def _embed_s3(settings: Settings, home: Home, ports: Ports, secrets: Secrets, parts: list[Part]) -> str:
    config = S3Config(
        home.objects, ports.choose(9000), secrets.s3_access_key, secrets.s3_secret_key, settings.s3_bucket
    )
    parts.append(s3_part(config))
    return config.url


def announce(home: Home, plan: Plan) -> None:
    """Write `run/stack.json`, by which other `lathe` commands find a running stack. Readable by its owner only."""
    path = home.run / "stack.json"
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(plan.addresses), file)
