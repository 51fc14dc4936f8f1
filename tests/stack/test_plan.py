"""Which parts run under which settings, and what each is told."""

from pathlib import Path

import pytest

from adapters.settings import Settings, load_settings
from cli.stack import plan as planning
from cli.stack import ports
from cli.stack.broker_cache import cache_parts
from cli.stack.home import open_home
from cli.stack.java import find_java
from cli.stack.part import Part
from cli.stack.plan import Plan, make_plan
from tests.embedded import PORTS

EXTERNAL = {
    "kafka_url": "broker:9092",
    "postgres_url": "postgresql://me:secret@db/lathe",
    "s3_url": "http://store:9000",
    "s3_access_key": "key",
    "s3_secret_key": "secret",
}


def planned(folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: str | bool | int) -> Plan:
    async def nothing_to_do(bootstrap: str, *, replication: int | None) -> None:
        assert bootstrap == "broker:9092"

    monkeypatch.setattr(planning, "ensure_topics", nothing_to_do)  # there is no external broker in this test
    values: Settings = load_settings(**({"port": PORTS.choose(8080)} | settings))
    return make_plan(values, open_home(folder / "home"), lambda done, total: None)


def parts(plan: Plan) -> dict[str, Part]:
    return {part.name: part for stage in plan.stages for part in stage}


def test_everything_is_embedded_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(tmp_path, monkeypatch)
    assert {"kafka", "postgres", "s3", "gateway"} <= {part.name for part in plan.stages[0]}
    services = [part.name for part in plan.stages[1]]
    assert services == ["command_api-1", "command_api-2", "query_api", "processors"]
    assert [part.name for part in plan.stages[-1]] == ["ml_worker"]
    assert not parts(plan)["ml_worker"].vital


def test_the_worker_waits_for_its_packages_and_for_nothing_else_that_is_not_vital(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = Part("worker-packages", ("install",), is_task=True, vital=False)
    cache = cache_parts(find_java(), "/jars/none.jar")
    monkeypatch.setattr(planning, "worker_packages", lambda: [packages])
    monkeypatch.setattr(planning, "cache_parts", lambda java, class_path: cache)
    *before, beside, last = planned(tmp_path, monkeypatch, publish=True).stages
    assert [part.name for part in last] == ["ml_worker"]
    assert {part.name for part in beside} >= {"processors.metrics", "processors.publisher", "worker-packages"}
    assert [part for stage in (*before, beside) for part in stage if part.awaited and not part.vital] == [packages]


@pytest.mark.parametrize("usual", [8001, 8003, 8090, 9092, 9100])
def test_no_part_takes_the_port_that_was_chosen_for_the_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, usual: int
) -> None:
    """`LATHE_PORT=8090` is the usual port of the usage page, free while the ports are chosen."""
    monkeypatch.setattr(planning, "require_gateway_port", lambda port, host: None)
    monkeypatch.setattr(ports, "is_free", lambda port: True)
    monkeypatch.setattr(ports, "_reserve", lambda name: True)
    addresses = planned(tmp_path, monkeypatch, port=usual).addresses
    others = [addresses.usage, addresses.kafka_url, *addresses.command_api, *addresses.query_api]
    assert not [at for at in [*others, *addresses.metrics.values()] if str(at).endswith(f":{usual}")]


def test_the_publisher_is_there_when_it_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(planned(tmp_path, monkeypatch).addresses.metrics) == {"processors", "ml_worker"}
    plan = planned(tmp_path, monkeypatch, publish=True)
    assert parts(plan)["processors.publisher"].environment["LATHE_METRICS_BIND"]


@pytest.mark.parametrize(
    ("names", "part", "variable", "value"),
    [
        (("kafka_url",), "kafka", "LATHE_KAFKA_URL", "broker:9092"),
        (("postgres_url",), "postgres", "LATHE_POSTGRES_URL", "postgresql://me:secret@db/lathe"),
        (("s3_url", "s3_access_key", "s3_secret_key"), "s3", "LATHE_S3_URL", "http://store:9000"),
    ],
)
def test_an_external_part_switches_only_its_own_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], part: str, variable: str, value: str
) -> None:
    plan = planned(tmp_path, monkeypatch, **{name: EXTERNAL[name] for name in names})
    embedded = {"kafka", "postgres", "s3"}
    assert embedded - parts(plan).keys() == {part}
    assert parts(plan)["processors"].environment[variable] == value


def test_services_get_secrets_and_the_worker_gets_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(tmp_path, monkeypatch)
    service, worker = parts(plan)["command_api-1"].environment, parts(plan)["ml_worker"].environment
    secrets = {"LATHE_POSTGRES_URL", "LATHE_S3_SECRET_KEY", "LATHE_MASTER_KEY", "LATHE_ADMIN_PASSWORD"}
    assert all(service[name] for name in secrets)
    assert {worker[name] for name in secrets | {"DATABASE_URL", "MINIO_SECRET_KEY"}} == {None}
    known = [value for name, value in service.items() if name in secrets and value]
    assert not [value for value in worker.values() if value and any(secret in value for secret in known)]
    assert worker["LATHE_SERVICE_TOKEN"] == service["LATHE_SERVICE_TOKEN"]


def test_no_secret_stands_in_a_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(tmp_path, monkeypatch)
    environment = parts(plan)["command_api-1"].environment
    secrets = [environment[f"LATHE_{name}"] for name in ("S3_SECRET_KEY", "MASTER_KEY", "SERVICE_TOKEN")]
    lines = " ".join(word for part in parts(plan).values() for word in part.command)
    assert not [secret for secret in secrets if secret and secret in lines]


def test_each_process_knows_its_own_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(tmp_path, monkeypatch)
    first, second = parts(plan)["command_api-1"].environment, parts(plan)["command_api-2"].environment
    assert first["LATHE_BIND"] != second["LATHE_BIND"]
    assert first["LATHE_INTERNAL_URL"] == f"http://{first['LATHE_BIND']}"
    assert (first["LATHE_BIND"], second["LATHE_BIND"]) == plan.addresses.command_api


def test_processes_reach_the_gateway_where_it_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = PORTS.choose(8080)
    plan = planned(tmp_path, monkeypatch, host="::1", port=port)
    assert parts(plan)["command_api-1"].environment["LATHE_API_URL"] == f"http://[::1]:{port}"
