"""What operators see of the projector."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

PROJECTED: Final = Counter("lathe_projected_records_total", "Records the read models advanced over", ["topic"])
PARKED: Final = Counter("lathe_parked_records_total", "Records set aside instead of being folded", ["topic"])
BATCH_SECONDS: Final = Histogram("lathe_projection_batch_seconds", "Time to fold and commit one batch")
PARKED_STREAMS: Final = Gauge("lathe_parked_streams", "Streams whose records are set aside until somebody ends it")
LEADING: Final = Gauge("lathe_projector_leading", "Read schemas that this process is the one to project into")
"""Lag is told by query_api, which knows the log's end and the projection's offsets."""


class Share:
    """What one term adds to a figure: after a rebuild two projectors lead in one process, one of each schema."""

    def __init__(self, figure: Gauge) -> None:
        self._figure, self._value = figure, 0

    def set(self, value: int) -> None:
        self._figure.inc(value - self._value)
        self._value = value
