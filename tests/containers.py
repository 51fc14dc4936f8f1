"""The same Kafka, PostgreSQL and S3 from containers, for machines with a Docker engine (LATHE_TEST_CONTAINERS=1)."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.stack.topics import ensure_topics


@contextmanager
def kafka(folder: Path) -> Iterator[str]:
    from testcontainers.kafka import KafkaContainer

    with KafkaContainer("confluentinc/cp-kafka:8.0.0").with_kraft() as container:
        url = str(container.get_bootstrap_server())
        asyncio.run(ensure_topics(url, replication=1))
        yield url


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    from testcontainers.postgres import PostgresContainer

    with PostgresContainer("postgres:18", username="lathe", password="only-for-tests", dbname="lathe") as container:
        yield str(container.get_connection_url(driver=None))


@contextmanager
def s3(folder: Path) -> Iterator[tuple[str, str, str]]:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    container = (
        DockerContainer("rclone/rclone:1.71")
        .with_env("RCLONE_AUTH_KEY", '"tester,only-for-tests"')
        .with_command("serve s3 /data --addr :9000")
        .with_exposed_ports(9000)
        .waiting_for(LogMessageWaitStrategy("Starting s3 server"))
    )
    with container:
        url = f"http://{container.get_container_host_ip()}:{container.get_exposed_port(9000)}"
        yield url, "tester", "only-for-tests"
