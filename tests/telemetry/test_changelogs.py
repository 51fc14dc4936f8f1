"""Faust's changelogs are there before it joins: what it does not see then, it refuses to write to."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from adapters.ids import new_id
from adapters.kafka.changelogs import make_changelogs
from adapters.kafka.port import LogUnavailable
from adapters.kafka.topics import ACCOUNTS
from adapters.settings import Settings
from processors.metrics.bootstrap import CHANGELOGS, make_app


async def test_changelogs_are_seen_with_all_partitions_as_soon_as_they_are_made(kafka_url: str) -> None:
    names = [f"{new_id()}-changelog" for _ in range(2)]
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_url)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(names[0], 3, 1, topic_configs={"cleanup.policy": "compact"})])
        for _ in range(2):  # what is there already is left as it is
            await make_changelogs(kafka_url, names, 3, 1)
            told = await admin.describe_topics(names)
            assert {topic["topic"]: len(topic["partitions"]) for topic in told} == dict.fromkeys(names, 3)
    finally:
        await admin.delete_topics(names)
        await admin.close()


async def test_without_a_broker_it_is_told() -> None:
    with pytest.raises(LogUnavailable):
        await make_changelogs("127.0.0.1:1", ["x-changelog"], 1, 1)


async def test_they_are_those_of_the_tables() -> None:
    app, _ = make_app(Settings(), "127.0.0.1:1", 1)
    assert {table.changelog_topic.get_topic_name() for table in app.tables.values()} == set(CHANGELOGS)
    assert {table.partitions for table in app.tables.values()} == {ACCOUNTS.partitions}
