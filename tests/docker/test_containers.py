"""What tests/containers.py asks of testcontainers, where there is no engine that could carry it out."""

from typing import Any
from unittest.mock import MagicMock, create_autospec

import pytest
from testcontainers.core import container as containers_module
from testcontainers.core.container import DockerContainer

from tests import containers
from tests.docker import files


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, MagicMock]:
    """Image to what was asked of its container, by the real class's signatures."""
    found: dict[str, MagicMock] = {}

    def make(image: str) -> Any:
        made = create_autospec(DockerContainer, instance=True)
        for method in ("with_envs", "with_command", "waiting_for", "with_bind_ports", "with_exposed_ports"):
            getattr(made, method).return_value = made
        found[image] = made
        return made

    monkeypatch.setattr(containers_module, "DockerContainer", make)
    return found


@pytest.mark.parametrize("name", ["kafka", "postgres", "s3"])
def test_containers_of_tests_are_those_of_compose(name: str, asked: dict[str, MagicMock]) -> None:
    service = files.services()[name]
    containers.made(name, EXTRA="yes")
    container = asked[service["image"]]
    told = container.with_envs.call_args.kwargs
    assert set(told) == {*service["environment"], "EXTRA"}
    assert not any("${" in value for value in told.values())
    if "command" in service:
        container.with_command.assert_called_once_with(service["command"])
    (strategy,) = container.waiting_for.call_args.args
    assert strategy._command == service["healthcheck"]["test"][1:]


def test_the_secrets_of_containers_are_the_tests_own(asked: dict[str, MagicMock]) -> None:
    containers.made("s3")
    containers.made("postgres")
    told = asked[files.services()["s3"]["image"]].with_envs.call_args.kwargs
    assert (told["ROOT_ACCESS_KEY"], told["ROOT_SECRET_KEY"]) == (containers.SECRET, containers.SECRET)
    told = asked[files.services()["postgres"]["image"]].with_envs.call_args.kwargs
    assert told["POSTGRES_PASSWORD"] == containers.SECRET
