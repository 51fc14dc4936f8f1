"""The changelogs of Faust's tables: there, and seen to be there, before Faust joins its group.

Faust makes them too, but does not wait. What the broker does not show yet when a consumer joins has no partitions for
it until something changes, and every write to that table is refused (PartitionsMismatch): nothing would be counted.
"""

import asyncio
from collections.abc import Iterable
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from adapters.kafka.port import LogUnavailable

PATIENCE_S: Final = 30.0
_LOOK_S: Final = 0.1


async def make_changelogs(bootstrap: str, names: Iterable[str], partitions: int, replication: int) -> None:
    """Make those that are missing, and wait until the broker shows all of them with their partitions.

    Raises LogUnavailable.
    """
    wanted = {
        name: NewTopic(name, partitions, replication, topic_configs={"cleanup.policy": "compact"}) for name in names
    }
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        async with asyncio.timeout(PATIENCE_S):
            await admin.start()
            existing = set(await admin.list_topics())
            if missing := [topic for name, topic in wanted.items() if name not in existing]:
                for _, code, message in (await admin.create_topics(missing)).topic_errors:
                    if code not in (0, TopicAlreadyExistsError.errno):
                        raise for_code(code)(message)
            while True:
                if all(_has_leaders(told, partitions) for told in await admin.describe_topics(list(wanted))):
                    return
                await asyncio.sleep(_LOOK_S)
    except (KafkaError, OSError, TimeoutError) as error:
        raise LogUnavailable(f"the changelogs cannot be made: {error!r}") from error
    finally:
        await admin.close()


def _has_leaders(told: dict[str, object], partitions: int) -> bool:
    shown = told["partitions"]
    assert isinstance(shown, list)
    return not told["error_code"] and sum(one["leader"] >= 0 for one in shown) == partitions
