"""Figures of the usage reader, for Prometheus."""

from typing import Final

from prometheus_client import Counter

TAKEN: Final = Counter("lathe_usage_records_total", "Records of lathe.accounts that usage has taken in")
SKIPPED: Final = Counter("lathe_usage_skipped_records_total", "Valid records that usage could not read")
REREADS: Final = Counter("lathe_usage_rereads_total", "Times the tables were behind Faust's offsets and read again")
