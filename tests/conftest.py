"""One Kafka, one PostgreSQL, one S3 and one whole stack for a test run: started when a test first asks.

Started by the same code as `lathe up`. In a run of several processes each has its own (tests/sharing.py).

Where a Docker engine runs, containers can serve the same fixtures: LATHE_TEST_CONTAINERS=1.
A part that cannot start skips its tests on a developer's machine and fails them where CI=true.
"""

import asyncio
import gc
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any, NamedTuple, TypeVar

import pytest

from adapters.postgres.ops_migrate import migrate_ops
from adapters.postgres.read.migrate import migrate_read
from adapters.postgres.read.tables import SCHEMA
from cli.stack.errors import StackError
from cli.stack.postgres import ensure_database
from tests import containers, embedded, sharing
from tests.system.stack import Stack, lathe_up

Served = TypeVar("Served")

parts = containers if os.environ.get("LATHE_TEST_CONTAINERS") == "1" else embedded


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return sharing.scheduler(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=sharing.rank)


def pytest_collection_finish() -> None:
    """Everything is imported: no full collection, half a second each, looks at it again while a test counts on time."""
    gc.collect()
    gc.freeze()


class S3(NamedTuple):
    """Where the object store is, and the keys that open it. It has the bucket `lathe`."""

    url: str
    access_key: str
    secret_key: str


def _serve(part: AbstractContextManager[Served]) -> Iterator[Served]:
    with ExitStack() as stack:
        try:
            served = stack.enter_context(part)
        except StackError as error:
            if os.environ.get("CI") == "true":
                pytest.fail(str(error), pytrace=False)
            pytest.skip(str(error))
        yield served


@pytest.fixture(scope="session")
def kafka_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap servers of a broker that has Lathe's topics."""
    yield from _serve(parts.kafka(tmp_path_factory.mktemp("kafka")))


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """postgresql://… of a database that this test run shares. For one of your own: `fresh_database`."""
    yield from _serve(parts.postgres(tmp_path_factory.mktemp("postgres")))


@pytest.fixture(scope="session")
def fresh_database(postgres_url: str) -> Callable[[], str]:
    """Call it for the URL of a new, empty database; a module that wants one makes a module fixture of it."""

    def create() -> str:
        url = f"{postgres_url.rpartition('/')[0]}/test_{uuid.uuid4().hex}"
        asyncio.run(ensure_database(url))
        return url

    return create


@pytest.fixture(scope="session")
def fresh_read_models(fresh_database: Callable[[], str]) -> Callable[[], str]:
    """As `fresh_database`, with an empty schema `ops` and empty read models."""

    def create() -> str:
        url = fresh_database()
        asyncio.run(migrate_ops(url))
        asyncio.run(migrate_read(url, SCHEMA))
        return url

    return create


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    for served in _serve(parts.s3(tmp_path_factory.mktemp("s3"))):
        yield S3(*served)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One `lathe up` for all tests of the whole. Each test has users of its own."""
    with lathe_up(tmp_path_factory.mktemp("system") / "home") as running:
        yield running
