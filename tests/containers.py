"""The same Kafka, PostgreSQL and S3 from containers, for machines with a Docker engine (LATHE_TEST_CONTAINERS=1).

Images, variables, commands and health checks are those of docker/compose.yaml: no other place names them.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from adapters.object_store.s3 import S3Store
from cli.stack.errors import StackError
from cli.stack.ports import Ports
from cli.stack.postgres import DATABASE, SUPERUSER
from cli.stack.topics import ensure_topics
from tests.docker import files

SECRET: Final = "only-for-tests"
CLUSTER_ID: Final = "MkU3OEVBNTcwNTJENDM2Qg"
READY_SECONDS: Final = 120
PORTS: Final = Ports(prefer_usual=False)


@contextmanager
def kafka(folder: Path) -> Iterator[str]:
    # The broker tells clients where it is, so the port has to be known before it starts.
    port = PORTS.choose(9092)
    container = made("kafka", CLUSTER_ID=CLUSTER_ID)
    host = container.get_docker_client().host()
    container.with_env("KAFKA_ADVERTISED_LISTENERS", f"PLAINTEXT://{host}:{port}")
    with container.with_bind_ports(9092, port):
        url = f"{host}:{port}"
        asyncio.run(ensure_topics(url, replication=1))
        yield url


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    with made("postgres").with_exposed_ports(5432) as container:
        yield f"postgresql://{SUPERUSER}:{SECRET}@{address(container, 5432)}/{DATABASE}"


@contextmanager
def s3(folder: Path) -> Iterator[tuple[str, str, str]]:
    port = int(files.services()["s3"]["environment"]["VGW_PORT"].rpartition(":")[2])
    # Its folder is a volume in compose; here it lies in the container and ends with it.
    own_folder = ["sh", "-c", 'mkdir -p /data && exec versitygw "$@"', "sh"]
    with made("s3").with_kwargs(entrypoint=own_folder).with_exposed_ports(port) as container:
        url = f"http://{address(container, port)}"
        asyncio.run(_make_bucket(url))
        yield url, SECRET, SECRET


def made(name: str, **changed: str) -> Any:
    """A container as docker/compose.yaml describes it, not started; every secret is SECRET. Raises StackError."""
    from docker.errors import DockerException
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import ExecWaitStrategy

    service = files.services()[name]
    told = {variable: files.filled(str(value), SECRET) for variable, value in service["environment"].items()}
    try:
        container = DockerContainer(service["image"]).with_envs(**told | changed)
    except DockerException as error:
        raise StackError(f"LATHE_TEST_CONTAINERS=1, but no Docker engine answers: {error}") from None
    if "command" in service:
        container.with_command(service["command"])
    check = service["healthcheck"]["test"][1:]
    return container.waiting_for(ExecWaitStrategy(check).with_startup_timeout(READY_SECONDS))


def address(container: Any, port: int) -> str:
    """host:port at which this machine reaches a container's port."""
    return f"{container.get_container_host_ip()}:{container.get_exposed_port(port)}"


async def _make_bucket(url: str) -> None:
    store = S3Store(url, SECRET, SECRET)
    await store.start()
    await store.close()
