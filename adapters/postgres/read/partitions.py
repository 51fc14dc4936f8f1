"""Which partitions the read models are a fold of."""

from typing import Final

from adapters.kafka import topics
from adapters.kafka.position import TP

TOPICS: Final = (topics.IDENTITY, topics.CATALOG, topics.ACCOUNTS)
PARTITIONS: Final[tuple[TP, ...]] = tuple((topic.name, p) for topic in TOPICS for p in range(topic.partitions))
