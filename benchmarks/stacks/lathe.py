"""The real Lathe for a benchmark: broker, PostgreSQL, object store, two command_api, query_api, processors, worker.

The parts are those of `lathe up`, without the gateway (the peers have none either), with an engine that does nothing.
"""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Literal

import httpx

from adapters.settings import load_settings
from benchmarks.engine import MODEL
from benchmarks.load.target import Target
from cli.stack.home import Home, open_home
from cli.stack.jars import default_repository, ensure_jars
from cli.stack.java import find_java
from cli.stack.kafka import KafkaConfig, kafka_part
from cli.stack.part import Part
from cli.stack.ports import Ports
from cli.stack.postgres import PostgresConfig, postgres_part
from cli.stack.process import start
from cli.stack.s3 import S3Config, s3_part
from cli.stack.secrets import load_secrets
from cli.stack.services import Addresses, own_addresses, service_parts, shared_environment, worker_part

Durability = Literal["page-cache", "fsync"]
PORTS: Final = Ports(prefer_usual=False)
SLOTS: Final = 2
"""As many as the peers' workers have processes."""
PASSWORD: Final = "only for benchmarks"


@contextmanager
def lathe(users: int, *, durability: Durability = "page-cache", worker: bool = True) -> Iterator[Target]:
    """A running stack with `users` registered users."""
    with tempfile.TemporaryDirectory(prefix="lathe-bench-") as folder, ExitStack() as running:
        Path(folder).chmod(0o755)  # PostgreSQL runs as another user
        target = _start(open_home(Path(folder) / "lathe"), running, durability=durability, worker=worker)
        if worker:
            _wait_for_model(target[1])
        tokens = asyncio.run(_register(target[0], users))
        yield Target(
            name="Lathe",
            write=target[0],
            read=target[1],
            tokens=tokens,
            generation={"prompt": "nothing at all", "model": MODEL if worker else "lathe/form"},
        )


def _start(
    home: Home, running: ExitStack, *, durability: Durability, worker: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    settings = load_settings(port=PORTS.choose(8080), durability=durability, home=home.path)
    secrets = load_secrets(home, settings)
    kafka = KafkaConfig(
        home.kafka,
        PORTS.choose(9092),
        PORTS.choose(9093),
        find_java(),
        ensure_jars(default_repository(), report=lambda done, total: None),
        durability,
    )
    postgres = PostgresConfig(home.postgres, PORTS.choose(5432), secrets.postgres_password)
    s3 = S3Config(home.objects, PORTS.choose(9000), secrets.s3_access_key, secrets.s3_secret_key)
    addresses = Addresses(
        kafka_url=kafka.url,
        postgres_url=postgres.url,
        s3_url=s3.url,
        gateway_url=f"http://127.0.0.1:{settings.port}",
        command_api=own_addresses((PORTS.choose(8001), PORTS.choose(8002))),
        query_api=own_addresses((PORTS.choose(8003),)),
    )
    environment = shared_environment(settings, home, secrets, addresses) | {
        "LATHE_REQUESTS_PER_SECOND": "100000",
        "LATHE_MAX_QUEUED": "1000000",
        "LATHE_SIGN_UP_CREDITS": "100000000",
        "LATHE_TOKEN_MINUTES": "1440",
        "LATHE_WORKER_SLOTS": str(SLOTS),
        "LATHE_ENGINES": "benchmarks.engine:NoopEngine",
        "LATHE_LOG_LEVEL": "warning",  # as on the peers' side
    }
    stages = [[kafka_part(kafka), postgres_part(postgres), s3_part(s3)], service_parts(home, environment, addresses)]
    if worker:
        stages.append([worker_part(home, environment, addresses)])
    for stage in stages:
        start_together(stage, home.logs, running)
    return addresses.command_api, addresses.query_api


def start_together(parts: list[Part], logs: Path, running: ExitStack) -> None:
    """Start parts and wait until all are ready; they are stopped when `running` closes. Raises StackError."""
    started = []
    for part in parts:
        process = start(part, logs / f"{part.name}.log")
        running.callback(process.stop)
        started.append(process)
    for process in started:
        process.wait_ready()
        process.part.once_ready()


def _wait_for_model(read: tuple[str, ...]) -> None:
    """Until the worker is heard of and the catalog has its engine."""
    with httpx.Client(base_url=f"http://{read[0]}", timeout=30, transport=httpx.HTTPTransport(retries=3)) as client:
        for _ in range(600):
            offered = [model["id"] for model in client.get("/generate/models").json()["items"]]
            if MODEL in offered:
                return
            asyncio.run(asyncio.sleep(0.1))
    raise RuntimeError("the worker's engine was not published")


async def _register(write: tuple[str, ...], users: int) -> tuple[str, ...]:
    """Access tokens of new users."""
    few = asyncio.Semaphore(4)

    async def one(client: httpx.AsyncClient, number: int) -> str:
        body = {"username": f"bench-{number}", "password": PASSWORD}
        async with few:
            made = await client.post("/auth/register", json=body)
            made.raise_for_status()
            answer = await client.post("/auth/login", json=body)
            answer.raise_for_status()
        return str(answer.json()["access_token"])

    async with httpx.AsyncClient(base_url=f"http://{write[0]}", timeout=60) as client:
        return tuple(await asyncio.gather(*(one(client, number) for number in range(users))))
