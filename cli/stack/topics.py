"""Makes the topics, and refuses a cluster whose topics are not as the code needs them.

`python -m cli.stack.topics` does it for the cluster that LATHE_KAFKA_URL names, before the services are started there.
"""

import asyncio
import sys
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from adapters.kafka import topics
from adapters.settings import SettingsError, load_settings
from cli.stack.errors import StackError

PATIENCE_SECONDS: Final = 30.0
LARGEST_RECORD_BYTES: Final = 1_048_576


async def ensure_topics(bootstrap: str, *, replication: int | None) -> None:
    """Create missing topics with `replication` copies (None: three, or as many as there are brokers); check the others.

    Raises StackError.
    """
    admin = await _connected(bootstrap)
    try:
        replication = replication or min(3, len((await admin.describe_cluster())["brokers"]))
        existing = set(await admin.list_topics())
        await _create([topic for topic in topics.ALL if topic.name not in existing], admin, replication)
        await _check(admin)
    except (KafkaError, OSError) as error:
        raise StackError(f"The topics cannot be made on {bootstrap}: {error}") from None
    finally:
        await admin.close()


async def _connected(bootstrap: str) -> AIOKafkaAdminClient:
    """A broker that accepts connections may still be electing its controller: ask until it answers."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_SECONDS
    while True:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        try:
            await admin.start()
        except (KafkaError, OSError) as error:
            await admin.close()
            if loop.time() > deadline:
                raise StackError(f"No Kafka broker answers at {bootstrap}: {error}") from None
            await asyncio.sleep(0.1)
        else:
            return admin


async def _create(missing: list[topics.Topic], admin: AIOKafkaAdminClient, replication: int) -> None:
    if not missing:
        return
    answer = await admin.create_topics(
        [
            NewTopic(topic.name, topic.partitions, replication, topic_configs=_configuration(topic, replication))
            for topic in missing
        ]
    )
    for name, code, message in answer.topic_errors:
        if code not in (0, TopicAlreadyExistsError.errno):
            raise StackError(f"Kafka does not make the topic {name}: {for_code(code).__name__} {message or ''}")


def _configuration(topic: topics.Topic, replication: int) -> dict[str, str]:
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(topic.retention_ms),
        "retention.bytes": "-1",
        "min.insync.replicas": str(max(1, replication - 1)),
        "unclean.leader.election.enable": "false",
        "max.message.bytes": str(LARGEST_RECORD_BYTES),
    }


async def _check(admin: AIOKafkaAdminClient) -> None:
    """The partition of an account is a function of the count, so a topic with another count would split histories."""
    expected = {topic.name: topic.partitions for topic in topics.ALL}
    for described in await _described(list(expected), admin):
        name, found = described["topic"], len(described["partitions"])
        if found != expected[name]:
            raise StackError(
                f"The topic {name} has {found} partitions, but this version of Lathe needs exactly {expected[name]}. "
                "Partition counts cannot change in the life of a cluster: use another Kafka cluster or state folder."
            )


async def _described(names: list[str], admin: AIOKafkaAdminClient) -> list[dict[str, Any]]:
    """The topics, once every partition has a leader: that takes a moment after they were made."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_SECONDS
    while True:
        described: list[dict[str, Any]] = await admin.describe_topics(names)
        if all(not topic["error_code"] and all(p["leader"] >= 0 for p in topic["partitions"]) for topic in described):
            return described
        if loop.time() > deadline:
            raise StackError("Some partitions of Lathe's topics have no leader: the Kafka cluster is not healthy.")
        await asyncio.sleep(0.05)


def main() -> None:
    try:
        bootstrap = load_settings().kafka_url
        if bootstrap is None:
            raise StackError("LATHE_KAFKA_URL must name the cluster that gets the topics.")
        asyncio.run(ensure_topics(bootstrap, replication=None))
    except (SettingsError, StackError) as problem:
        sys.exit(str(problem))
    print(f"The topics are as they should be on {bootstrap}.")


if __name__ == "__main__":
    main()
