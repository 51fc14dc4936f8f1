"""Where a read schema stands, and in which log."""

from typing import Any

import msgspec

from adapters.kafka.cluster import LogIdentity
from adapters.kafka.position import TP

_LOAD = "SELECT topic, partition, next_offset, cluster_id, topic_id FROM {schema}.projection_offsets"


class Stands(msgspec.Struct, frozen=True):
    """Next offset of each partition; `logs`: (topic, cluster id, topic id) that it was folded from."""

    positions: dict[TP, int]
    logs: frozenset[tuple[str, str, str]]

    def are_of(self, log: LogIdentity) -> bool:
        """Whether something was folded, and all of it from this log."""
        return bool(self.logs) and all(
            cluster == log.cluster_id and log.topic_ids.get(topic) == topic_id for topic, cluster, topic_id in self.logs
        )

    def behind(self, other: "Stands") -> bool:
        """In some partition."""
        return any(self.positions.get(tp, 0) < offset for tp, offset in other.positions.items())


async def load_stands(connection: Any, schema: str) -> Stands:
    """Empty for a schema that is not there."""
    if await connection.fetchval("SELECT to_regclass($1)", f"{schema}.projection_offsets") is None:
        return Stands({}, frozenset())
    rows = await connection.fetch(_LOAD.format(schema=schema))
    return Stands(
        {(row["topic"], row["partition"]): row["next_offset"] for row in rows},
        frozenset((row["topic"], row["cluster_id"], row["topic_id"]) for row in rows),
    )
