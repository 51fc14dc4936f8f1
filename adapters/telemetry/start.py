"""What every process does first: set up its logs and its traces."""

from prometheus_client import Info

from adapters.settings import Settings
from adapters.telemetry.logging import configure_logging
from adapters.telemetry.tracing import configure_tracing

_process = Info("lathe_process", "Which process of Lathe this is")


def start_telemetry(service: str, settings: Settings) -> None:
    """`service`: the name that logs, traces and figures of this process carry (`command_api`, …)."""
    configure_logging(service, settings)
    configure_tracing(service, settings)
    _process.info({"service": service})
