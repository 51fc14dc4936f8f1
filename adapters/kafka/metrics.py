"""Counters of the log, for Prometheus."""

from typing import Final

from prometheus_client import Counter

VOID_RECORDS: Final = Counter("lathe_void_records_total", "Records that the read rule skipped", ["topic"])
CLAIMS: Final = Counter("lathe_owner_claims_total", "Claims read as valid in this process", ["topic"])
STEP_DOWNS: Final = Counter("lathe_owner_step_downs_total", "Ownerships given up, by reason", ["topic", "reason"])
APPENDED: Final = Counter("lathe_appended_events_total", "Events acknowledged by the broker", ["topic"])
OPEN_OUTCOMES: Final = Counter("lathe_open_outcomes_total", "Appends whose outcome was open for a while", ["topic"])
