"""Kafka, PostgreSQL and S3 for tests, by the code of `lathe up`, on free ports, without fsync."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.settings import load_settings
from cli.stack.jars import default_repository, ensure_jars
from cli.stack.java import find_java
from cli.stack.kafka import KafkaConfig, kafka_part
from cli.stack.part import Part
from cli.stack.ports import Ports
from cli.stack.postgres import PostgresConfig, postgres_part
from cli.stack.process import start
from cli.stack.s3 import S3Config, s3_part

PORTS = Ports(prefer_usual=False)


@contextmanager
def running(part: Part, folder: Path) -> Iterator[None]:
    """The part, ready, until the block ends. Its log is `<name>.log` in the folder."""
    process = start(part, folder / f"{part.name}.log")
    try:
        process.wait_ready()
        part.once_ready()
        yield
    finally:
        process.stop()


@contextmanager
def kafka(folder: Path) -> Iterator[str]:
    """Bootstrap servers of a broker with Lathe's topics."""
    config = kafka_config(folder)
    with running(kafka_part(config), folder):
        yield config.url


def kafka_config(folder: Path) -> KafkaConfig:
    return KafkaConfig(
        folder=folder,
        port=PORTS.choose(9092),
        controller_port=PORTS.choose(9093),
        java=find_java(),
        class_path=ensure_jars(default_repository(), report=lambda done, total: None),
        durability=load_settings().durability,
    )


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """URL of an empty database on a new server."""
    config = PostgresConfig(folder / "postgres", PORTS.choose(5432), password="only-for-tests", durable=False)
    with running(postgres_part(config), folder):
        yield config.url


@contextmanager
def s3(folder: Path) -> Iterator[tuple[str, str, str]]:
    """URL, access key and secret key of a store with the bucket `lathe`."""
    config = S3Config(folder / "objects", PORTS.choose(9000), access_key="tester", secret_key="only-for-tests")
    with running(s3_part(config), folder):
        yield config.url, config.access_key, config.secret_key
