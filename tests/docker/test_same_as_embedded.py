"""What runs in containers is what `lathe up` runs: the same broker, database, processes, variables and routes."""

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal

import pytest

from adapters.settings import Limits, Settings, load_settings
from cli.stack.caddyfile import config_of
from cli.stack.gateway import GatewayConfig, caddyfile, gateway_part
from cli.stack.home import Home
from cli.stack.jars import locked_jars
from cli.stack.java import find_java
from cli.stack.kafka import HEAP_MB, KafkaConfig, kafka_part
from cli.stack.part import Part
from cli.stack.postgres import CLUSTER_OPTIONS, DATABASE, SUPERUSER, VERSION, PostgresConfig, postgres_part
from cli.stack.s3 import packaged_program
from cli.stack.secrets import Secrets
from cli.stack.services import (
    ALIASES,
    SECRETS,
    Addresses,
    publisher_part,
    service_parts,
    shared_environment,
    usage_part,
    worker_part,
)
from cli.stack.web import page_policy
from ml_worker.settings import WorkerSettings
from tests.docker import files

HOME: Final = Home(Path("home"))
ADDRESSES: Final = Addresses("kafka:1", "postgresql://db", "http://s3:1", "http://gateway:1", ("a:1", "b:1"), ("c:1",))
NAMES: Final = {"processors.metrics": "usage", "processors.publisher": "publisher"}
KNOWN: Final = {
    f"LATHE_{name.upper()}" for settings in (Settings, Limits, WorkerSettings) for name in settings.model_fields
}


def embedded_processes() -> dict[str, Part]:
    """Our own processes as `lathe up` starts them, by the names that their services have."""
    parts = [*service_parts(HOME, {}, ADDRESSES), worker_part(HOME, {}, ADDRESSES), usage_part(HOME, {}, ADDRESSES)]
    parts.append(publisher_part(HOME, {}, ADDRESSES))
    return {NAMES.get(part.command[-1], part.command[-1].replace("_", "-")): part for part in parts}


def kafka_config() -> KafkaConfig:
    return KafkaConfig(folder=Path("/var/lib/kafka"), port=9092, controller_port=9093, java=Path("java"), class_path="")


def seconds(text: str) -> float:
    return float(re.fullmatch(r"(\d+)s", text)[1])  # type: ignore[index]


def test_the_broker_has_the_settings_of_the_embedded_one() -> None:
    given = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in files.services()["kafka"]["environment"].items()
        if name.startswith("KAFKA_") and name != "KAFKA_HEAP_OPTS"
    }
    expected = kafka_config().properties()
    differs = {
        "listeners": "PLAINTEXT://0.0.0.0:9092,CONTROLLER://127.0.0.1:9093",
        "advertised.listeners": "PLAINTEXT://kafka:9092",
        "log.dirs": "/var/lib/kafka/data/log",
        "controller.quorum.voters": "1@127.0.0.1:9093",
    }
    del expected["controller.quorum.bootstrap.servers"]
    assert given == expected | differs


def test_the_broker_is_of_the_version_whose_jars_are_pinned() -> None:
    version = next(jar.version for jar in locked_jars() if jar.artifact == "kafka_2.13")
    assert files.services()["kafka"]["image"] == f"apache/kafka:{version}"
    assert f"-Xmx{HEAP_MB}m" in files.services()["kafka"]["environment"]["KAFKA_HEAP_OPTS"].split()


def test_the_entry_point_of_the_brokers_image_takes_the_settings(tmp_path: Path, kafka_class_path: str) -> None:
    """The very class that the image starts with writes the broker's settings and formats its folder."""
    for folder in ("default", "mounted", "final"):
        (tmp_path / folder).mkdir()
    given = {name: str(value) for name, value in files.services()["kafka"]["environment"].items()}
    given |= {"CLUSTER_ID": "MkU3OEVBNTcwNTJENDM2Qg", "KAFKA_LOG_DIRS": str(tmp_path / "data")}
    done = subprocess.run(
        [
            find_java(), "-cp", kafka_class_path, "kafka.docker.KafkaDockerWrapper", "setup",
            "--default-configs-dir", "default", "--mounted-configs-dir", "mounted", "--final-configs-dir", "final",
        ],
        cwd=tmp_path, env=given, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "final" / "server.properties").read_text()
    lines = dict(line.split("=", 1) for line in written.splitlines() if line)
    assert lines["log.retention.ms"] == "-1"
    assert lines["auto.create.topics.enable"] == "false"
    assert "cluster.id=MkU3OEVBNTcwNTJENDM2Qg" in (tmp_path / "data" / "meta.properties").read_text()


def test_the_database_has_the_settings_of_the_embedded_one() -> None:
    postgres = files.services()["postgres"]
    program, *options = postgres["command"]
    own = {"listen_addresses", "port", "unix_socket_directories"}
    expected = PostgresConfig(Path("postgres"), 5432, "secret").settings().items()
    assert program == "postgres"
    assert options == [f"--{name}={value}" for name, value in expected if name not in own]
    assert postgres["image"].startswith(f"postgres:{VERSION}.")
    told = postgres["environment"]
    assert (told["POSTGRES_USER"], told["POSTGRES_DB"]) == (SUPERUSER, DATABASE)
    assert told["POSTGRES_INITDB_ARGS"].split() == list(CLUSTER_OPTIONS)


def test_the_same_processes_run_by_the_same_commands() -> None:
    processes = embedded_processes()
    for name, part in processes.items():
        service = files.services()[name]
        command = service.get("command") or files.command(service["build"]["target"])
        assert command == ["python", *part.command[1:]]
    assert set(files.built()) - {"gateway", "lathe", "topics"} == set(processes)


def test_every_part_has_as_long_to_stop() -> None:
    gateway = gateway_part(GatewayConfig(Path(), "127.0.0.1", 1, Path(), "", ["a:1"], ["b:1"]))
    parts = [kafka_part(kafka_config()), postgres_part(PostgresConfig(Path("postgres"), 1, "secret")), gateway]
    found = {part.name: part for part in parts} | embedded_processes()
    for name, part in found.items():
        service = files.services()[name.replace("_", "-")]
        assert seconds(service["stop_grace_period"]) == part.stop_seconds, name
        assert service.get("stop_signal", "SIGTERM") == part.stop_signal.name, name


@pytest.mark.parametrize("name", files.built())
def test_every_variable_is_a_setting(name: str) -> None:
    told = {**files.environment(files.built()[name]["build"]["target"]), **files.built()[name].get("environment", {})}
    ours = {variable for variable in told if variable.startswith("LATHE_")}
    assert ours <= KNOWN
    assert set(told) - ours <= {
        "NUMBA_CACHE_DIR",
        "PATH",
        "PYTHONUNBUFFERED",
        "PYTHONDONTWRITEBYTECODE",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
    }


@pytest.mark.parametrize("name", ["command-api", "query-api", "processors", "lathe"])
def test_a_trusted_process_is_told_what_the_embedded_one_is_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = shared_environment(load_settings(), HOME, Secrets("p", "k", "s", "t", "m", "a"), ADDRESSES)
    told = {**files.environment(name), **files.services()[name]["environment"]}
    named_in_parts = {"LATHE_POSTGRES_URL": "LATHE_DB_HOST"}
    assert {named_in_parts.get(variable, variable) for variable in made} <= set(told)

    for variable, value in told.items():
        monkeypatch.setenv(variable, files.filled(str(value)))
    settings = load_settings()
    assert settings.postgres_url == f"postgresql://{SUPERUSER}:the-secret@postgres:5432/{DATABASE}"
    assert (
        settings.kafka_url == files.services()["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].partition("//")[2]
    )
    assert settings.s3_url == f"http://s3{files.services()['s3']['environment']['VGW_PORT']}"
    assert settings.page_url() == "http://localhost:8080"
    assert settings.limits == Limits()
    assert (settings.snapshot_events, settings.sign_up_credits) == (10_000, 100)


def test_what_an_operator_sets_reaches_the_processes_that_it_is_for() -> None:
    def settable(told: object) -> set[str]:
        return set(re.findall(r"\$\{(LATHE_\w+)", str(told)))

    workers_own = {f"LATHE_{name.upper()}" for name in WorkerSettings.model_fields}
    everything = settable(files.services())
    for name in ("command-api", "query-api", "processors", "publisher", "lathe"):
        assert settable(files.services()[name]["environment"]) == everything - workers_own - {"LATHE_HOST"}, name
    shared = {"LATHE_SERVICE_TOKEN", "LATHE_DURABILITY", "LATHE_LOG_LEVEL", "LATHE_OTLP_ENDPOINT"}
    assert settable(files.services()["ml-worker"]["environment"]) == (everything & workers_own) | shared


@pytest.mark.parametrize("durability", ["page-cache", "fsync"])
def test_the_broker_acknowledges_as_the_setting_says(durability: Literal["page-cache", "fsync"]) -> None:
    """The image's own program is replaced by one that shows what it is told."""
    config = replace(kafka_config(), durability=durability)
    kafka = files.services()["kafka"]
    assert files.filled(kafka["environment"]["LATHE_DURABILITY"]) == Settings.model_fields["durability"].default
    *shell, script = kafka["command"]
    (program,) = re.findall(r"exec (\S+)$", script)
    shown = subprocess.run(
        [*shell, script.replace(program, "env")],
        env={"PATH": os.environ["PATH"], "LATHE_DURABILITY": durability},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    told = dict(line.split("=", 1) for line in shown.splitlines())
    name = "log.flush.interval.messages"
    assert told.get(f"KAFKA_{name.upper().replace('.', '_')}") == config.properties().get(name)


def test_a_worker_is_told_no_secret_but_the_services_token() -> None:
    told = {**files.environment("ml-worker"), **files.services()["ml-worker"]["environment"]}
    assert not set(told) & {*(f"LATHE_{name}" for name in SECRETS), *ALIASES}
    untold = worker_part(HOME, dict.fromkeys(["LATHE_KAFKA_URL", "LATHE_SERVICE_TOKEN"], "x"), ADDRESSES).environment
    assert {name for name, value in untold.items() if value is not None} <= set(told)
    assert "data" not in files.services()["ml-worker"]["networks"]
    assert files.services()["postgres"]["networks"] == ["data"]


def gateway_arguments() -> list[str]:
    run = next(rest for rest in files.stages()["page"].all("RUN") if "cli.stack.caddyfile" in rest)
    return shlex.split(run.partition("cli.stack.caddyfile")[2].partition(">")[0])


def test_the_gateway_has_the_routes_of_the_embedded_one(tmp_path: Path) -> None:
    config = config_of(gateway_arguments())
    commands, queries = ("127.0.0.1:8001", "127.0.0.1:8002"), ("127.0.0.1:8003",)
    embedded = GatewayConfig(tmp_path, "127.0.0.1", 8080, config.page, page_policy(), commands, queries)
    ours, theirs = (adapted(caddyfile(one)) for one in (config, embedded))
    upstreams = {"command-api:8000": list(commands), "query-api:8000": list(queries)}
    assert with_upstreams(ours, upstreams) == with_upstreams(theirs, {})


def test_the_gateway_leads_to_services_that_listen_there() -> None:
    config = config_of(gateway_arguments())
    for address, target in ((config.command_api, "command-api"), (config.query_api, "query-api")):
        port = files.environment(target)["LATHE_BIND"].rpartition(":")[2]
        assert list(address) == [f"{target}:{port}"]
        assert f"{target}" in files.services()
    published = files.services()["gateway"]["ports"][0]
    assert published.endswith(f":{config.port}")
    assert str(config.page) in [rest.split()[-1] for rest in files.stages()["gateway"].all("COPY")]


def adapted(text: str) -> Any:
    done = subprocess.run(
        [packaged_program("caddy"), "adapt", "--adapter", "caddyfile", "--config", "-"],
        input=text, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def with_upstreams(found: Any, replaced: dict[str, list[str]]) -> Any:
    """The configuration with each proxy's upstreams replaced, and without the address that is listened on."""
    if isinstance(found, list):
        return [with_upstreams(item, replaced) for item in found]
    if not isinstance(found, dict):
        return found
    result = {name: with_upstreams(value, replaced) for name, value in found.items() if name != "listen"}
    if "upstreams" in result:
        dials = [dial for one in found["upstreams"] for dial in replaced.get(one["dial"], [one["dial"]])]
        result["upstreams"] = [{"dial": dial} for dial in dials]
    return result


def test_the_topics_are_made_by_the_embedded_stacks_code(kafka_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    topics = files.services()["topics"]
    program, *arguments = topics["entrypoint"]
    assert (program, topics["command"]) == ("python", [])
    monkeypatch.setenv("LATHE_KAFKA_URL", kafka_url)
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=files.PROJECT)
    assert (done.returncode, done.stderr) == (0, "")
    assert kafka_url in done.stdout
    monkeypatch.delenv("LATHE_KAFKA_URL")
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=files.PROJECT)
    assert done.returncode != 0
    assert "LATHE_KAFKA_URL must name" in done.stderr
