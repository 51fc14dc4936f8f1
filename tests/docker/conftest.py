import pytest

from cli.stack.jars import default_repository, ensure_jars


@pytest.fixture(scope="session")
def kafka_class_path() -> str:
    """The pinned jars of the broker, which are those of its image."""
    return ensure_jars(default_repository(), report=lambda done, total: None)
