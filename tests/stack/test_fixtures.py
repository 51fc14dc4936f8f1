"""The fixtures that other tests stand on serve real parts."""

import io
import urllib.request
from collections.abc import Callable
from datetime import timedelta

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from minio import Minio

from adapters.kafka.topics import PROGRESS
from tests.conftest import S3


@pytest.fixture
def new_databases(fresh_database: Callable[[], str]) -> tuple[str, str]:
    return fresh_database(), fresh_database()


async def test_the_broker_keeps_what_it_acknowledged(kafka_url: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka_url, acks="all", enable_idempotence=True)
    await producer.start()
    record = await producer.send_and_wait(PROGRESS.name, b"value", key=b"key", partition=3)
    await producer.stop()

    consumer = AIOKafkaConsumer(bootstrap_servers=kafka_url)
    await consumer.start()
    partition = TopicPartition(PROGRESS.name, 3)
    consumer.assign([partition])
    consumer.seek(partition, record.offset)
    read = await consumer.getone()
    await consumer.stop()
    assert (read.key, read.value) == (b"key", b"value")


async def test_each_call_makes_an_empty_database(new_databases: tuple[str, str]) -> None:
    first, second = [await asyncpg.connect(url) for url in new_databases]
    try:
        await first.execute("CREATE TABLE only_here (a int)")
        assert await second.fetchval("SELECT to_regclass('only_here')") is None
    finally:
        await first.close()
        await second.close()


async def test_postgres_is_18_in_unicode_and_utc(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    try:
        assert (await connection.fetchval("SHOW server_version")).startswith("18")
        assert await connection.fetchval("SHOW server_encoding") == "UTF8"
        assert await connection.fetchval("SHOW timezone") == "UTC"
        assert await connection.fetchval("SELECT lower('ДЯТЕЛ')") == "дятел"
    finally:
        await connection.close()


def test_the_object_store_honours_presigned_urls(s3: S3) -> None:
    client = Minio(s3.url.removeprefix("http://"), s3.access_key, s3.secret_key, secure=False)
    upload = client.presigned_put_object("lathe", "staging/a", expires=timedelta(minutes=1))
    urllib.request.urlopen(urllib.request.Request(upload, data=b"0123456789", method="PUT")).close()
    download = urllib.request.Request(client.presigned_get_object("lathe", "staging/a"), headers={"Range": "bytes=2-4"})
    with urllib.request.urlopen(download) as answer:
        assert answer.read() == b"234"
    client.put_object("lathe", "b", io.BytesIO(b"x"), 1, content_type="model/gltf-binary")
    assert client.stat_object("lathe", "b").content_type == "model/gltf-binary"
