"""Settings: what they default to, where they come from, and how a bad one is named."""

import re
import socket
from pathlib import Path

import pytest

from adapters.settings import SettingsError, load_settings
from adapters.unused_settings import unused_settings
from tests.settings_example import COMMANDS, FILE, GROUPS, example


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in list(os.environ):
        if name.startswith(("LATHE_", "MINIO_", "DB_", "ML_", "REDIS_")) or name == "DATABASE_URL":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_the_example_file_agrees_with_the_code() -> None:
    assert FILE.read_text() == example(), "run `python -m tests.settings_example`"


def test_every_variable_that_the_code_names_is_in_the_example_file() -> None:
    listed = {f"LATHE_{name.upper()}" for _, group in GROUPS for name in group.model_fields}
    listed |= {variable for variable, _ in COMMANDS}
    for folder in ("adapters", "cli", "command_api", "domain", "ml_worker", "processors", "query_api"):
        for module in (FILE.parent / folder).rglob("*.py"):
            unlisted = set(re.findall("LATHE_[A-Z0-9_]*[A-Z0-9]", module.read_text())) - listed
            assert not unlisted, module


def test_without_any_setting_everything_is_embedded() -> None:
    settings = load_settings()
    assert (settings.kafka_url, settings.postgres_url, settings.s3_url) == (None, None, None)
    assert settings.page_url() == "http://localhost:8080"
    assert settings.limits.max_prompt_chars == 2000


def test_the_names_of_other_deployments_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+asyncpg://me:secret@db:5432/lathe")
    monkeypatch.setenv("MINIO_ENDPOINT", "store:9000")
    monkeypatch.setenv("MINIO_ACCESS_KEY", "key")
    monkeypatch.setenv("MINIO_SECRET_KEY", "secret")
    settings = load_settings()
    assert settings.postgres_url == "postgresql://me:secret@db:5432/lathe"
    assert (settings.s3_url, settings.s3_access_key, settings.s3_secret_key) == ("http://store:9000", "key", "secret")
    assert "secret" not in repr(settings)


def test_a_database_may_be_named_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_NAME", "tools")
    assert load_settings().postgres_url is None
    for name, value in {"HOST": "db", "USER": "me", "PASSWORD": "a/b@c:d", "PORT": "5433"}.items():
        monkeypatch.setenv(f"DB_{name}", value)
    assert load_settings().postgres_url == "postgresql://me:a%2Fb%40c%3Ad@db:5433/tools"
    assert "a/b@c" not in repr(load_settings())
    monkeypatch.setenv("DATABASE_URL", "postgresql://other/db")
    assert load_settings().postgres_url == "postgresql://other/db"


def test_an_external_ml_service_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"URL": "ml:9100", "TOKEN": "secret-token"}
    for name, value in values.items():
        monkeypatch.setenv(f"ML_SERVICE_{name}", value)
    monkeypatch.setenv("ML_DEFAULT_PROFILE", "fast")
    monkeypatch.setenv("ML_DECISION_THRESHOLD", "0.7")
    settings = load_settings()
    assert (settings.ml_service_url, settings.ml_service_token) == ("http://ml:9100", "secret-token")
    assert (settings.ml_default_profile, settings.ml_decision_threshold) == ("fast", 0.7)
    assert "secret-token" not in repr(settings)


def test_what_does_nothing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert unused_settings({}) == []
    (tmp_path / ".env").write_text("REDIS_PORT=6379\n")
    said = unused_settings({"REDIS_HOST": "redis", "REDIS_PASSWORD": "secret", "LATHE_ML_SERVICE_URL": "http://ml"})
    assert said == [
        "REDIS_HOST, REDIS_PORT, REDIS_PASSWORD: set, but not used "
        "(Lathe needs no Redis: Kafka and PostgreSQL do its work).",
        "ML_SERVICE_URL: set, but not used (no job goes to an external ML service in this version).",
    ]


def test_every_process_has_an_address_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().own_url() == "http://127.0.0.1:8000"
    monkeypatch.setenv("LATHE_BIND", "0.0.0.0:8000")
    assert load_settings().own_url() == f"http://{socket.gethostname()}:8000"
    monkeypatch.setenv("LATHE_INTERNAL_URL", "http://one:8001")
    assert load_settings().own_url() == "http://one:8001"


def test_our_own_name_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://theirs/db")
    monkeypatch.setenv("LATHE_POSTGRES_URL", "postgresql://ours/db")
    assert load_settings().postgres_url == "postgresql://ours/db"


def test_a_file_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LATHE_PORT=9001\nLATHE_MAX_QUEUED=7\nLATHE_KAFKA_URL=\n")
    assert load_settings().port == 9001
    assert load_settings().limits.max_queued == 7
    assert load_settings().kafka_url is None
    monkeypatch.setenv("LATHE_PORT", "9002")
    assert load_settings().port == 9002


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("LATHE_PORT", "http", "LATHE_PORT: input should be a valid integer"),
        ("LATHE_PORT", "70000", "LATHE_PORT: input should be less than or equal to 65535"),
        ("LATHE_HOST", "everywhere", "LATHE_HOST: "),
        ("LATHE_DURABILITY", "maybe", "LATHE_DURABILITY: input should be 'page-cache' or 'fsync'"),
        ("LATHE_KAFKA_URL", "broker", "LATHE_KAFKA_URL: must look like host:port"),
        ("LATHE_KAFKA_URL", "broker:port", "LATHE_KAFKA_URL: must look like host:port"),
        ("DB_PORT", "postgres", "LATHE_DB_PORT: input should be a valid integer"),
        ("ML_SERVICE_URL", "ftp://ml", "LATHE_ML_SERVICE_URL: must look like http"),
        ("ML_DECISION_THRESHOLD", "2", "LATHE_ML_DECISION_THRESHOLD: input should be less than or equal to 1"),
        ("LATHE_TRUSTED_PROXIES", "10.0.0.1/8", "LATHE_TRUSTED_PROXIES: "),
        ("DATABASE_URL", "mysql://db", "LATHE_POSTGRES_URL: must look like postgresql://"),
        ("LATHE_S3_URL", "ftp://store", "LATHE_S3_URL: must look like http"),
        ("LATHE_S3_URL", "http://store:9000", "LATHE_S3_ACCESS_KEY and LATHE_S3_SECRET_KEY must be set too"),
        ("LATHE_MAX_QUEUED", "0", "LATHE_MAX_QUEUED: input should be greater than or equal to 1"),
        ("LATHE_BIND", "8000", "LATHE_BIND: must look like host:port"),
    ],
)
def test_a_bad_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert says in str(refused.value)


def test_a_bad_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATHE_ADMIN_PASSWORD", "12345")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert "12345" not in str(refused.value)
