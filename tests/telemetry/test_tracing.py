"""Traces are free when nobody collects them, and a trace that is passed on is one."""

import subprocess
import sys

import pytest

from adapters.telemetry import tracing

PARENT = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"


def test_without_a_collector_opentelemetry_is_not_even_imported() -> None:
    program = (
        "import sys, query_api.__main__, processors.__main__, ml_worker.bootstrap\n"
        "from adapters.settings import load_settings\n"
        "from adapters.telemetry import start, tracing\n"
        "start.start_telemetry('x', load_settings())\n"
        "with tracing.start('span', None): pass\n"
        "print(sorted(name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exp'))))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "[]"  # FastAPI imports the API, which does nothing without the SDK


def test_without_a_collector_a_clients_trace_still_goes_through() -> None:
    with tracing.start("span", PARENT) as span:
        assert span.traceparent == PARENT
        assert not span.recording
    assert not tracing.is_on()


@pytest.mark.parametrize(
    "header",
    [
        "",
        None,
        "00",
        PARENT + "\n",
        PARENT.upper(),
        "01" + PARENT[2:],
        "00-" + "0" * 32 + "-" + "cd" * 8 + "-01",
        "00-x",
    ],
)
def test_what_is_no_traceparent_does_not_pass(header: str | None) -> None:
    assert tracing.valid(header) is None
    assert tracing.valid(PARENT) == PARENT
