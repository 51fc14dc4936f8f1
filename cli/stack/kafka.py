"""The embedded Kafka broker: one process, broker and controller in one (KRaft, KIP-500), on the loopback address."""

import asyncio
import hashlib
import json
import os
import re
import subprocess
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

from cli.stack.errors import StackError
from cli.stack.jars import default_repository
from cli.stack.part import Part
from cli.stack.ports import LOOPBACK, accepts
from cli.stack.topics import ensure_topics

HEAP_MB: Final = 400
JVM_OPTIONS: Final = ("-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED")
LOCALE: Final = {"LC_ALL": "C.UTF-8"}
"""In one without UTF-8, Java cannot open a file whose path has letters beyond ASCII."""
CACHE_SINCE: Final = 25
"""The first Java that makes a start-up cache in one step."""
TRAINING: Final = ("-XX:+UnlockDiagnosticVMOptions", "-XX:-AOTAdapterCaching", "-XX:-AOTStubCaching")
"""Without its adapters: Java 25 finds some under the wrong name, and warns of each at every start."""


@dataclass(frozen=True, slots=True)
class KafkaConfig:
    folder: Path
    port: int
    controller_port: int
    java: Path
    class_path: str
    durability: Literal["page-cache", "fsync"] = "page-cache"

    @property
    def url(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def properties_file(self) -> Path:
        return self.folder / "server.properties"

    def properties(self) -> dict[str, str]:
        """The broker's settings; what is not here is Kafka's default. It runs in its folder, whose path may have any
        letters: in this file, and in Java's options, some would mean something else."""
        properties = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "listeners": f"PLAINTEXT://{LOOPBACK}:{self.port},CONTROLLER://{LOOPBACK}:{self.controller_port}",
            "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{self.port}",
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.bootstrap.servers": f"{LOOPBACK}:{self.controller_port}",
            "log.dirs": "data",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.num.partitions": "4",
            "group.initial.rebalance.delay.ms": "0",
            "auto.create.topics.enable": "false",
            "log.retention.ms": "-1",
        }
        if self.durability == "fsync":
            properties["log.flush.interval.messages"] = "1"
        return properties


def kafka_part(config: KafkaConfig, trains: Path | None = None) -> Part:
    """`trains`: the start-up cache that Java is to write when the broker stops (`cli.stack.broker_cache`)."""
    return Part(
        name="kafka",
        command=(
            str(config.java),
            *(_sharing(config) if trains is None else (*TRAINING, f"-XX:AOTCacheOutput={trains}")),
            *JVM_OPTIONS,
            f"-Xmx{HEAP_MB}m",
            f"-Xms{HEAP_MB // 2}m",
            "-Dlog4j2.configurationFile=log4j2.json",
            "-cp",
            config.class_path,
            "kafka.Kafka",
            config.properties_file.name,
        ),
        environment=LOCALE,
        prepare=lambda: _prepare(config),
        is_ready=lambda: accepts(LOOPBACK, config.port),
        once_ready=lambda: asyncio.run(ensure_topics(config.url, replication=1)),
        folder=str(config.folder),
        stop_seconds=30,
        ready_seconds=90,
    )


def _prepare(config: KafkaConfig) -> None:
    """Write the settings and, the first time, format the data folder."""
    config.folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{name}={value}\n" for name, value in config.properties().items()]
    config.properties_file.write_text("".join(lines))
    (config.folder / "log4j2.json").write_text(json.dumps(_LOGGING))
    if not (config.folder / "data" / "meta.properties").exists():
        _format(config)


def _format(config: KafkaConfig) -> None:
    """KIP-853: a standalone controller, whose quorum may grow later."""
    command = [
        str(config.java), *_sharing(config), *JVM_OPTIONS, "-cp", config.class_path, "kafka.tools.StorageTool",
        "format", "--standalone", "-t", new_cluster_id(), "-c", config.properties_file.name,
    ]  # fmt: skip
    result = subprocess.run(
        command, cwd=config.folder, env={**os.environ, **LOCALE}, capture_output=True, encoding="utf-8",
        errors="replace", check=False,
    )  # fmt: skip
    if result.returncode != 0:
        raise StackError(f"Kafka cannot format {config.folder / 'data'}:\n{result.stdout}{result.stderr}")


def cache_name(java: Path, class_path: str) -> str | None:
    """What the start-up cache for this Java and these jars is called before its digest; None if this Java has none."""
    try:
        release = (java.resolve().parents[1] / "release").read_text()
    except OSError:
        return None
    version = re.search(r'JAVA_VERSION="(\d+)', release)
    if version is None or int(version[1]) < CACHE_SINCE:
        return None
    return "broker-" + hashlib.sha256("\n".join((str(java), release, class_path)).encode()).hexdigest()[:16]


def find_cache(java: Path, class_path: str) -> Path | None:
    """The start-up cache, if it is there, and whole: Java looks at its length only."""
    name = cache_name(java, class_path)
    found = [] if name is None else sorted(default_repository().glob(f"{name}-*.aot"))
    return next(filter(_is_whole, found), None)


@cache
def _is_whole(file: Path) -> bool:
    try:
        return file.stem.rpartition("-")[2] == digest_of(file)
    except OSError:  # another process has just replaced it
        return False


def digest_of(file: Path) -> str:
    """The last part of a cache's name."""
    with file.open("rb") as read:
        return hashlib.file_digest(read, "sha256").hexdigest()[:16]


def _sharing(config: KafkaConfig) -> tuple[str, ...]:
    found = find_cache(config.java, config.class_path)
    return ("-Xshare:auto",) if found is None else (f"-XX:AOTCache={found}",)


def new_cluster_id() -> str:
    """A UUID in 22 characters, which never begins like an option (as Kafka's own Uuid.randomUuid does not)."""
    while (cluster_id := urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return cluster_id


_LOGGING: Final = {
    "configuration": {
        "status": "warn",
        "appenders": {
            "Console": {"name": "out", "PatternLayout": {"pattern": "%d{ISO8601} %-5p %c{1} %m%n"}},
        },
        "loggers": {
            "logger": [
                {"name": "kafka", "level": "info"},
                {"name": "org.apache.kafka", "level": "warn"},
            ],
            "root": {"level": "warn", "AppenderRef": {"ref": "out"}},
        },
    }
}
