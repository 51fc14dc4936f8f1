"""Counters of the log, for Prometheus."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

VOID_RECORDS: Final = Counter("lathe_void_records_total", "Records that the read rule skipped", ["topic"])
CLAIMS: Final = Counter("lathe_owner_claims_total", "Claims read as valid in this process", ["topic"])
TAKEOVERS: Final = Counter("lathe_owner_takeovers_total", "Claims that ended somebody's ownership", ["topic"])
PARTITIONS: Final = Gauge("lathe_topic_partitions", "Partitions that must be owned by somebody", ["topic"])
OWNED: Final = Gauge("lathe_owned_partitions", "Partitions that this process owns now", ["topic"])
STEP_DOWNS: Final = Counter("lathe_owner_step_downs_total", "Ownerships given up, by reason", ["topic", "reason"])
APPENDED: Final = Counter("lathe_appended_events_total", "Events acknowledged by the broker", ["topic"])
TAKEOVER_SECONDS: Final = Histogram(
    "lathe_owner_takeover_seconds",
    "From wanting a partition to owning it: reading, claiming, reading on",
    ["topic", "start"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300),
)
"""`start`: where it began to read, `snapshot` or `beginning`."""
SNAPSHOT_TIME: Final = Gauge(
    "lathe_snapshot_timestamp_seconds",
    "When the latest snapshot that this process knows was taken",
    ["topic", "partition"],
)
SNAPSHOT_BYTES: Final = Gauge("lathe_snapshot_bytes", "Its size", ["topic", "partition"])
SNAPSHOT_PAUSE: Final = Histogram(
    "lathe_snapshot_pause_seconds",
    "How long an owner decided nothing because a snapshot was taken",
    ["topic"],
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1),
)
SNAPSHOTS_FAILED: Final = Counter("lathe_snapshots_failed_total", "Snapshots that could not be written", ["topic"])
SNAPSHOTS_UNUSED: Final = Counter(
    "lathe_snapshots_unused_total",
    "Snapshots that an owner could not begin with: damaged, missing, foreign, version, log, store",
    ["topic", "reason"],
)
RECALLED: Final = Counter("lathe_recalled_events_total", "Old events that owners read again for a decision", ["topic"])
OPEN_OUTCOMES: Final = Counter("lathe_open_outcomes_total", "Appends whose outcome was open for a while", ["topic"])
OPEN_NOW: Final = Gauge("lathe_open_outcomes_pending", "Appends whose outcome is open now", ["topic"])
QUARANTINED: Final = Gauge(
    "lathe_quarantined_streams", "Streams that a record stops, as this process reads them", ["topic", "partition"]
)
PLACE_LOST: Final = Gauge(
    "lathe_place_lost", "1 while a reader waits because the log does not hold the place to go on from", ["reader"]
)
LAG_EVENTS: Final = Gauge(
    "lathe_projection_lag_events", "Records that the log has and this reader has not taken in", ["projection", "topic"]
)
LAG_SECONDS: Final = Gauge(
    "lathe_projection_lag_seconds", "How long the oldest of those has waited", ["projection", "topic"]
)
