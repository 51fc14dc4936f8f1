"""One collector of traces and one stack for the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.telemetry.collector import Collector, collecting
from tests.telemetry.stack import Stack, running_stack


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("telemetry")
    folder.chmod(0o755)  # PostgreSQL may run as another user
    folder.parent.chmod(0o755)
    with running_stack(folder, {"LATHE_OTLP_ENDPOINT": collector.url}) as running:
        yield running
