"""The files in docker/ by themselves: pinned, confined, healthy, complete."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docker import files
from tests.docker.test_same_as_embedded import KNOWN

OURS = {"domain", "adapters", "command_api", "query_api", "processors", "ml_worker", "cli"}
TARGETS = ("command-api", "query-api", "processors", "ml-worker", "lathe", "gateway")
RUNS_ONCE = {"topics", "lathe"}


def test_there_is_a_target_for_each_image_of_ours() -> None:
    assert {service["build"]["target"] for service in files.built().values()} == set(TARGETS)
    for service in files.built().values():
        assert service["image"] == f"lathe/{service['build']['target']}"
        assert (files.FOLDER / service["build"]["context"] / service["build"]["dockerfile"]).samefile(
            files.FOLDER / "Dockerfile"
        )


def test_docker_is_no_package() -> None:
    """It would shadow the one that testcontainers imports."""
    assert not (files.FOLDER / "__init__.py").exists()


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_runs_as_nobody_special_and_says_how_it_is(target: str) -> None:
    line = files.lineage(target)
    users = [rest for stage in line for rest in stage.all("USER")]
    assert users[-1:] == ["10001:10001"]
    keywords = [keyword for keyword, _ in line[-1].instructions]
    assert "RUN" not in keywords[keywords.index("USER") :]
    checks = [rest for stage in line for rest in stage.all("HEALTHCHECK")]
    assert checks
    assert (checks[-1] == "NONE") == (target == "lathe")


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_is_put_together_from_what_was_installed_by_hash(target: str) -> None:
    installed = [rest for stage in files.stages().values() for rest in stage.all("RUN") if "pip install" in rest]
    assert len(installed) == 5
    assert all("--require-hashes" in rest for rest in installed)
    copied = {rest for stage in files.lineage(target) for rest in stage.all("COPY") if rest.startswith("--from=")}
    packages = {rest.split()[0].removeprefix("--from=") for rest in copied}
    own = {"gateway": "page", "ml-worker": "worker-packages", "lathe": "commands-packages"}
    assert packages == {own.get(target, "services-packages")}
    assert "requirements/services.txt" in files.stages()["services-packages"].all("RUN")[0]
    assert "requirements/worker.txt" in files.stages()["worker-packages"].all("RUN")[0]


@pytest.mark.parametrize("target", [target for target in TARGETS if target != "gateway"])
def test_an_image_has_the_code_that_its_service_imports_and_no_more(target: str) -> None:
    copied = {
        rest.split()[0].rstrip("/")
        for stage in files.lineage(target)
        for rest in stage.all("COPY")
        if not rest.startswith("--from=")
    }
    own = {"cli", "processors"} if target == "lathe" else {target.replace("-", "_")}
    assert copied == {"domain", "adapters"} | own
    for package in copied:
        assert imported(files.PROJECT / package) <= copied


@cache
def imported(folder: Path) -> frozenset[str]:
    """Packages of ours that the code below `folder` imports."""
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return frozenset(found & OURS)


def test_whatever_is_copied_is_there_and_is_let_through() -> None:
    lines = (files.PROJECT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    for stage in files.stages().values():
        for rest in stage.all("COPY"):
            if not rest.startswith("--from="):
                for source in rest.split()[:-1]:
                    assert (files.PROJECT / source).exists(), source
                    assert not ignored(source.rstrip("/"), rules), source
    for secret in (".env", "docker/.env", ".lathe/master.key", ".git/config", "web/node_modules/x.js"):
        assert ignored(secret, rules), secret


def ignored(path: str, rules: list[str]) -> bool:
    """Docker's rules: the last one that matches the path or a folder above it counts; `!` lets it through."""
    above = ["/".join(path.split("/")[: n + 1]) for n in range(path.count("/") + 1)]
    result = False
    for rule in rules:
        pattern = rule.removeprefix("!")
        if any(fnmatch(part, pattern) or fnmatch(part, pattern.removeprefix("**/")) for part in above):
            result = not rule.startswith("!")
    return result


@pytest.mark.parametrize("name", files.services())
def test_a_service_is_confined(name: str) -> None:
    service = files.services()[name]
    assert "no-new-privileges:true" in service["security_opt"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert service["logging"]["options"]["max-size"]
    if name != "postgres":
        assert service["cap_drop"] == ["ALL"]
    if name not in ("postgres", "kafka"):
        assert service["read_only"] is True
    assert service["restart"] == ("no" if name in RUNS_ONCE else "unless-stopped")
    assert "build" in service or re.search(r":v?\d+\.\d+(\.\d+)?$", service["image"]), "pinned"


@pytest.mark.parametrize("name", files.services())
def test_a_service_waits_for_what_it_needs_until_that_is_ready(name: str) -> None:
    known = files.services()
    for other, how in known[name].get("depends_on", {}).items():
        if other in RUNS_ONCE:
            assert how == {"condition": "service_completed_successfully"}
        else:
            assert how == {"condition": "service_healthy"}
            assert "build" in known[other] or known[other]["healthcheck"]["test"][0] == "CMD"
        assert set(known[name]["networks"]) & set(known[other]["networks"]) or other in RUNS_ONCE


def test_a_task_that_ends_is_awaited_by_a_service_that_stays() -> None:
    """Otherwise `docker compose up --wait` takes its end for a failure."""
    awaited = {other for service in files.services().values() for other in service.get("depends_on", {})}
    ends = {name for name in RUNS_ONCE if "profiles" not in files.services()[name]}
    assert ends <= awaited


def test_only_the_gateway_may_be_opened_to_the_network() -> None:
    """Besides services with ports, processors has a way out: it posts to webhooks."""
    for name, service in files.services().items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:" if name != "gateway" else "${LATHE_HOST:-127.0.0.1}:")
            assert "outside" in service["networks"]
    outside = {name for name, service in files.services().items() if "outside" in service["networks"]}
    assert outside == {name for name, service in files.services().items() if "ports" in service} | {"processors"}
    inner = {name: network for name, network in files.compose()["networks"].items() if name != "outside"}
    assert all(network == {"internal": True} for network in inner.values())


def test_prometheus_asks_services_that_there_are_where_they_listen() -> None:
    """The jobs are named by DNS names of services; each listens where its variables say."""
    jobs = yaml.safe_load((files.FOLDER / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    asked = {name: job["port"] for jobs_ in jobs for job in jobs_.get("dns_sd_configs", []) for name in job["names"]}
    variable = dict.fromkeys(("processors", "publisher", "ml-worker"), "LATHE_METRICS_BIND") | {
        "usage": "LATHE_USAGE_BIND"
    }
    for name, port in asked.items():
        service = files.services()[name]
        told = {**files.environment(service["build"]["target"]), **service["environment"]}
        assert told[variable.get(name, "LATHE_BIND")] == f"0.0.0.0:{port}", name
        assert set(service["networks"]) & set(files.services()["prometheus"]["networks"])
    ours = {name for name in files.built() if name not in RUNS_ONCE | {"gateway"}}
    assert set(asked) == ours


def test_grafana_gets_what_is_in_the_repository() -> None:
    mounts = [mount.split(":")[0] for mount in files.services()["grafana"]["volumes"]]
    mounts += [mount.split(":")[0] for mount in files.services()["prometheus"]["volumes"]]
    for path in (mount for mount in mounts if mount.startswith("./")):
        assert any((files.FOLDER / path).rglob("*.y*ml")) or any((files.FOLDER / path).rglob("*.json")), path
    provider = yaml.safe_load((files.FOLDER / "grafana/provisioning/dashboards/lathe.yaml").read_text())["providers"][0]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in files.services()["grafana"]["volumes"]
    source = yaml.safe_load((files.FOLDER / "grafana/provisioning/datasources/prometheus.yaml").read_text())
    assert source["datasources"][0]["url"] == "http://prometheus:9090"


def test_what_must_outlive_a_container_lies_in_a_volume() -> None:
    volumes = files.compose()["volumes"]
    mounts = {
        name: mount.partition(":")[2]
        for service in files.services().values()
        for mount in service.get("volumes", [])
        if (name := mount.partition(":")[0]) in volumes
    }
    assert set(mounts) == set(volumes) == {"kafka", "postgres", "objects", "backups", "prometheus", "grafana"}
    log = files.services()["kafka"]["environment"]["KAFKA_LOG_DIRS"]
    assert log.startswith(mounts["kafka"] + "/")
    assert mounts["postgres"] == "/var/lib/postgresql", "PostgreSQL 18 and newer keep their data in a folder below"
    assert files.services()["s3"]["command"] == ["posix", mounts["objects"]]


def test_every_variable_of_compose_is_a_setting_or_a_port_and_every_demanded_one_is_made() -> None:
    text = "".join((files.FOLDER / name).read_text() for name in ("compose.yaml", "compose.gpu.yaml"))
    names = set(re.findall(r"\$\{(\w+)", text))
    assert names - KNOWN == {"KAFKA_CLUSTER_ID", "S3_PORT", "USAGE_PORT", "PROMETHEUS_PORT", "GRAFANA_PORT"}
    assert set(re.findall(r"\$\{(\w+):\?", text)) == set(secrets_module()["SECRETS"])


def test_every_setting_counts_in_docker_env_or_is_named_as_one_that_does_not() -> None:
    counts = set(re.findall(r"\$\{(LATHE_\w+)", (files.FOLDER / "compose.yaml").read_text()))
    page = (files.PROJECT / "docs/how-to/containers.md").read_text()
    rows = re.findall(r"^\| (`LATHE_.*?) \|", page, re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"LATHE_\w+", row)]
    assert sorted([*counts, *named]) == sorted(KNOWN - {"LATHE_LIMITS"})


def test_the_gpu_file_changes_services_that_there_are() -> None:
    changes = files.compose("compose.gpu.yaml")["services"]
    assert set(changes) <= set(files.services())
    assert set(changes["ml-worker"]["environment"]) <= set(files.services()["ml-worker"]["environment"])
    devices = changes["ml-worker"]["deploy"]["resources"]["reservations"]["devices"]
    assert devices == [{"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}]


def secrets_module() -> dict[str, Any]:
    found: dict[str, Any] = {"__file__": str(files.FOLDER / "make_secrets.py"), "__name__": "make_secrets"}
    exec((files.FOLDER / "make_secrets.py").read_text(), found)
    return found


def test_secrets_are_made_once_and_for_their_owner_only(tmp_path: Path) -> None:
    made = secrets_module()
    path = tmp_path / ".env"
    path.write_text("# mine\nLATHE_PORT=9000\nLATHE_DB_PASSWORD=kept")
    assert set(made["complete"](path)) == set(made["SECRETS"]) - {"LATHE_DB_PASSWORD"}
    text = path.read_text()
    assert text.startswith("# mine\nLATHE_PORT=9000\nLATHE_DB_PASSWORD=kept\n")
    assert path.stat().st_mode & 0o777 == 0o600
    assert made["complete"](path) == []
    assert path.read_text() == text
    values = dict(line.split("=", 1) for line in text.splitlines() if not line.startswith("#"))
    assert len(set(values.values())) == len(values)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder for PATH with what make needs, and no Docker."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("make", "sh", "python3", "true", "env"):
        (folder / name).symlink_to(sys.executable if name == "python3" else shutil.which(name) or name)
    return folder


def make(target: str, programs: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    told = {"PATH": str(programs), "HOME": str(programs), **environment}
    command = ["make", "-C", str(files.PROJECT), target]
    return subprocess.run(command, env=told, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("target", ["compose-up", "compose-down"])
def test_without_docker_make_says_what_to_do(target: str, programs: Path) -> None:
    done = make(target, programs)
    assert done.returncode != 0
    assert "Docker is not installed" in done.stdout
    assert "make up" in done.stdout


def test_with_a_docker_that_does_not_run_make_says_so(programs: Path) -> None:
    fake = programs / "docker"
    fake.write_text('#!/bin/sh\n[ "$1" = compose ]\n')
    fake.chmod(0o755)
    done = make("compose-up", programs)
    assert done.returncode != 0
    assert "does not answer" in done.stdout


def examples() -> list[str]:
    """The compose files in the documents."""
    pages = [files.PROJECT / "docs/how-to" / name for name in ("containers.md", "plug-in-a-model.md")]
    return [
        block
        for page in pages
        for block in re.findall(r"^```yaml\n(# docker/compose\..*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    ]


def test_the_compose_files_in_the_documents_fit_ours() -> None:
    assert len(examples()) == 3
    for text in examples():
        for name, service in yaml.safe_load(text.replace("!override ", ""))["services"].items():
            known = files.services().get(name, {})
            assert known or "image" in service
            assert set(service.get("networks", [])) <= set(files.compose()["networks"])
            told = {variable for variable in service.get("environment", {}) if variable.startswith("LATHE_")}
            assert told <= set(known.get("environment", {}))


def test_the_image_in_the_guide_is_ours_with_a_wheel_in_it() -> None:
    guide = (files.PROJECT / "docs/how-to/plug-in-a-model.md").read_text()
    lines = guide.partition("```dockerfile\n")[2].partition("```")[0].splitlines()
    assert f"FROM {files.services()['ml-worker']['image']}" in lines
    environment = re.search(r"uv venv .*?(/\S+)$", files.stages()["installer"].all("RUN")[0])
    assert environment is not None
    assert any(line.startswith(f"RUN pip --python {environment[1]}/bin/python install ") for line in lines)
    assert lines[-1] == f"USER {files.stages()['ml-worker'].last('USER')}"


def test_compose_itself_accepts_the_files(tmp_path: Path) -> None:
    """Where the plugin `docker compose` is installed; it needs no running engine for this."""
    found = configured(tmp_path)
    assert set(found["services"]) == set(files.services())
    configured(tmp_path, (files.FOLDER / "compose.gpu.yaml").read_text())


def test_compose_itself_accepts_the_files_in_the_documents(tmp_path: Path) -> None:
    workers = [configured(tmp_path, text)["services"]["ml-worker"] for text in examples()]
    own = next(worker for worker in workers if worker["image"] == "acme/lathe-worker")
    assert own["build"] == {"context": str(files.PROJECT / "acme-pebble"), "dockerfile": "Dockerfile"}
    remote = next(worker for worker in workers if "outside" in worker["networks"])
    assert remote["environment"]["LATHE_KAFKA_URL"]
    assert "inside" in remote["networks"]


def configured(folder: Path, *more: str) -> dict[str, Any]:
    """What `docker compose config` makes of our file and of `more`, if it is installed."""
    if not shutil.which("docker") or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker compose is not installed")
    secrets = folder / ".env"
    secrets_module()["complete"](secrets)
    command = ["docker", "compose", "--env-file", str(secrets), "--file", str(files.FOLDER / "compose.yaml")]
    for number, text in enumerate(more):
        (folder / f"{number}.yaml").write_text(text)
        command += ["--file", str(folder / f"{number}.yaml")]
    command += ["--profile", "*", "config", "--format", "json"]
    environment = os.environ | {"REPLICATE_API_TOKEN": "token"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result
