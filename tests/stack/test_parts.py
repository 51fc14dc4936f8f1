"""Kafka, PostgreSQL and S3 keep what they hold over a second start, also on other ports and after a kill."""

import asyncio
import io
import os
import pwd
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from minio import Minio

from adapters.kafka.topics import IDENTITY
from cli.stack.errors import StackError
from cli.stack.java import find_java
from cli.stack.kafka import kafka_part, new_cluster_id
from cli.stack.part import Part
from cli.stack.postgres import PostgresConfig, ensure_database, postgres_part
from cli.stack.process import kill_session, start
from cli.stack.s3 import S3Config, s3_part
from cli.stack.topics import ensure_topics
from tests.embedded import PORTS, kafka_config, running


async def append(url: str, value: bytes) -> int:
    producer = AIOKafkaProducer(bootstrap_servers=url, acks="all", enable_idempotence=True)
    await producer.start()
    record = await producer.send_and_wait(IDENTITY.name, value, partition=0)
    await producer.stop()
    return int(record.offset)


async def read(url: str, offset: int) -> bytes:
    consumer = AIOKafkaConsumer(bootstrap_servers=url)
    await consumer.start()
    consumer.assign([TopicPartition(IDENTITY.name, 0)])
    consumer.seek(TopicPartition(IDENTITY.name, 0), offset)
    record = await consumer.getone()
    await consumer.stop()
    return bytes(record.value)


async def sql(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def start_then_kill(part: Part, folder: Path, work: Callable[[], object]) -> None:
    """Run the part, do the work, and kill the part without warning."""
    process = start(part, folder / f"{part.name}.log")
    try:
        process.wait_ready()
        part.once_ready()
        work()
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.stop()


def test_kafka_keeps_acknowledged_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its folder, whatever letters its path has: Java may take some for something else."""
    monkeypatch.setenv("LC_ALL", "C")
    config = kafka_config(tmp_path / r"Мои данные, ü\u;%20" / "kafka")
    offsets: list[int] = []
    start_then_kill(kafka_part(config), tmp_path, lambda: offsets.append(asyncio.run(append(config.url, b"kept"))))
    assert (config.folder / "data" / "meta.properties").exists()
    assert {file.name for file in tmp_path.iterdir()} == {config.folder.parent.name, "kafka.log"}

    elsewhere = replace(config, port=PORTS.choose(9092), controller_port=PORTS.choose(9093))
    with running(kafka_part(elsewhere), tmp_path):
        assert asyncio.run(read(elsewhere.url, offsets[0])) == b"kept"
        assert asyncio.run(append(elsewhere.url, b"more")) == offsets[0] + 1
        asyncio.run(add_a_partition(elsewhere.url))
        with pytest.raises(StackError, match=r"lathe.identity has 2 partitions, but .* needs exactly 1"):
            asyncio.run(ensure_topics(elsewhere.url, replication=1))


async def add_a_partition(url: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=url)
    await admin.start()
    await admin.create_partitions({IDENTITY.name: NewPartitions(2)})
    await admin.close()


def test_kafka_acknowledges_after_fsync_when_told_to(tmp_path: Path) -> None:
    config = kafka_config(tmp_path)
    assert replace(config, durability="fsync").properties()["log.flush.interval.messages"] == "1"
    assert "log.flush.interval.messages" not in replace(config, durability="page-cache").properties()


def test_postgres_keeps_committed_rows(tmp_path: Path) -> None:
    config = PostgresConfig(tmp_path / "postgres", PORTS.choose(5432), "secret")
    write = "CREATE TABLE kept AS SELECT 42 AS answer"
    start_then_kill(postgres_part(config), tmp_path, lambda: asyncio.run(sql(config.url, write)))

    elsewhere = replace(config, port=PORTS.choose(5432))
    with running(postgres_part(elsewhere), tmp_path):
        assert asyncio.run(sql(elsewhere.url, "SELECT answer FROM kept")) == 42
        other = replace(elsewhere, password="lost and made again").url
        with pytest.raises(asyncpg.InvalidPasswordError):
            asyncio.run(sql(other, "SELECT 1"))
        with pytest.raises(StackError, match="Put the old <LATHE_HOME>/secrets/postgres-password back"):
            asyncio.run(ensure_database(other))


def test_a_database_of_another_version_is_refused(tmp_path: Path) -> None:
    config = PostgresConfig(tmp_path / "postgres", PORTS.choose(5432), "secret")
    config.data.mkdir(parents=True)
    (config.data / "PG_VERSION").write_text("15\n")
    with pytest.raises(StackError, match="is of PostgreSQL 15"):
        start(postgres_part(config), tmp_path / "postgres.log")


PREPARES = """
import sys
from pathlib import Path
from cli.stack.postgres import PostgresConfig, postgres_part
postgres_part(PostgresConfig(Path(sys.argv[1]), 1, "secret")).prepare()
"""


def test_a_first_start_of_postgres_that_was_killed_is_repeated(tmp_path: Path) -> None:
    """Everything is killed at once, as by a power cut, when initdb has begun to write."""
    config = PostgresConfig(tmp_path / "postgres", PORTS.choose(5432), "secret", durable=False)
    first = subprocess.Popen([sys.executable, "-c", PREPARES, str(config.folder)], start_new_session=True)
    while not list(config.folder.glob("data*/PG_VERSION")):
        assert first.poll() is None
        time.sleep(0.001)
    kill_session(first.pid)
    first.wait()
    with running(postgres_part(config), tmp_path):
        assert asyncio.run(sql(config.url, "SELECT 1")) == 1
    assert [path.name for path in config.folder.iterdir()] == ["data"]


def test_a_damaged_database_is_left_as_it_is(tmp_path: Path) -> None:
    config = PostgresConfig(tmp_path / "postgres", PORTS.choose(5432), "secret")
    (config.data / "base").mkdir(parents=True)
    with pytest.raises(StackError, match="it has no PG_VERSION"):
        start(postgres_part(config), tmp_path / "postgres.log")
    assert (config.data / "base").exists()


def test_a_part_that_has_ended_is_not_ready_though_another_answers_in_its_place(tmp_path: Path) -> None:
    part = Part("loser", ("/bin/sh", "-c", "sleep 0.1; exit 3"), is_ready=lambda: time.sleep(4) is None)
    process = start(part, tmp_path / "loser.log")
    try:
        with pytest.raises(StackError, match="loser ended with exit code 3 while starting"):
            process.wait_ready()
    finally:
        process.stop()


def test_the_object_store_keeps_objects_but_not_their_media_types(tmp_path: Path) -> None:
    """rclone keeps S3 metadata in memory only: whoever hands out a presigned URL must name the type in it."""
    config = S3Config(tmp_path / "objects", PORTS.choose(9000), "key", "secret-key")

    def client(port: int) -> Minio:
        return Minio(f"127.0.0.1:{port}", config.access_key, config.secret_key, secure=False)

    def put() -> None:
        body = b"glTF" * 1000
        client(config.port).put_object(
            "lathe", "acct/1/a", io.BytesIO(body), len(body), content_type="model/gltf-binary"
        )

    start_then_kill(s3_part(config), tmp_path, put)
    elsewhere = replace(config, port=PORTS.choose(9000))
    with running(s3_part(elsewhere), tmp_path):
        assert client(elsewhere.port).get_object("lathe", "acct/1/a").read() == b"glTF" * 1000
        url = client(elsewhere.port).presigned_get_object(
            "lathe", "acct/1/a", response_headers={"response-content-type": "model/gltf-binary"}
        )
        with urllib.request.urlopen(url) as named:
            assert named.headers["Content-Type"] == "model/gltf-binary"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_postgres_started_by_root_has_one_right_of_root_only(tmp_path: Path) -> None:
    """It passes through folders that are closed to others (here: pytest's), and writes to none of them."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "file").write_text("content")
    said = tmp_path / "said.log"
    script = f"cat {closed}/file; touch {closed}/new || id -u"
    part = Part("intruder", ("/bin/sh", "-c", script), is_task=True, user="nobody")
    start(part, said).wait_ready()
    text = said.read_text()
    assert text.startswith("content")
    assert "Permission denied" in text
    assert text.split()[-1] == str(pwd.getpwnam("nobody").pw_uid)


def test_the_java_of_a_relative_folder_is_found_from_the_brokers_folder_too(monkeypatch: pytest.MonkeyPatch) -> None:
    java = find_java()
    monkeypatch.setenv("JAVA_HOME", os.path.relpath(java.parents[1]))
    found = find_java()
    assert found.is_absolute()
    assert found.resolve() == java.resolve()


def test_no_cluster_id_begins_like_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = iter([UUID(bytes=b"\xf8" + bytes(15)), UUID(bytes=b"\xfb" * 16), UUID(bytes=bytes(16))])
    monkeypatch.setattr("cli.stack.kafka.uuid.uuid4", lambda: next(ids))
    assert new_cluster_id() == "A" * 22
