"""What operators see of erasures."""

from typing import Final

from prometheus_client import Gauge

OPEN: Final = Gauge("lathe_erasures_open", "Deleted users whose erasure is not finished")
LATE: Final = Gauge("lathe_erasures_late", "Those whose account is not empty though it should be by now")
