"""Kafka, PostgreSQL and S3 of an installation without any service: nobody writes but us."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from adapters.settings import PREFIX, Settings
from cli.stack.home import Home, lock, open_home
from cli.stack.jars import default_repository, ensure_jars
from cli.stack.java import find_java
from cli.stack.kafka import KafkaConfig, kafka_part
from cli.stack.part import Part
from cli.stack.ports import Ports
from cli.stack.postgres import PostgresConfig, postgres_part
from cli.stack.process import start
from cli.stack.s3 import S3Config, s3_part
from cli.stack.secrets import load_secrets


@contextmanager
def bare_parts(settings: Settings) -> Iterator[dict[str, str]]:
    """Those that `lathe up` would run itself, until the block ends; yields what a process of ours is told.

    Raises StackError, also when Lathe runs there.
    """
    home = open_home(settings.home)
    with ExitStack() as running:
        running.enter_context(closing(lock(home)))
        secrets, ports = load_secrets(home, settings), Ports(prefer_usual=False)
        told = {
            "HOME": str(home.path),
            "MASTER_KEY": secrets.master_key,
            "S3_ACCESS_KEY": secrets.s3_access_key,
            "S3_SECRET_KEY": secrets.s3_secret_key,
            "S3_BUCKET": settings.s3_bucket,
        }
        if settings.kafka_url is None:
            jars = ensure_jars(default_repository(), lambda done, total: None)
            kafka = KafkaConfig(
                home.kafka, ports.choose(9092), ports.choose(9093), find_java(), jars, settings.durability
            )
            told["KAFKA_URL"] = kafka.url
            _run(kafka_part(kafka), home, running)
        if settings.postgres_url is None:
            postgres = PostgresConfig(home.postgres, ports.choose(5432), secrets.postgres_password)
            told["POSTGRES_URL"] = postgres.url
            _run(postgres_part(postgres), home, running)
        if settings.s3_url is None:
            s3 = S3Config(home.objects, ports.choose(9000), secrets.s3_access_key, secrets.s3_secret_key,
                          settings.s3_bucket)  # fmt: skip
            told["S3_URL"] = s3.url
            _run(s3_part(s3), home, running)
        yield {PREFIX + name: value for name, value in told.items()}


def _run(part: Part, home: Home, running: ExitStack) -> None:
    process = start(part, home.logs / f"{part.name}.log")
    running.callback(process.stop)
    process.wait_ready()
    part.once_ready()
