"""The form of log lines, as a process writes them to a file, and what is kept out of them."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.telemetry.privacy import REMOVED, silent_trace, without_private_fields
from adapters.telemetry.subject import about, bind, headers

PROGRAM = """
import logging, warnings
import structlog
from adapters.settings import load_settings
from adapters.telemetry.start import start_telemetry
from adapters.telemetry.subject import about
start_telemetry("a-service", load_settings())
log = structlog.get_logger("a.module")
with about(correlation_id="the-id", task_id="the-task", traceparent="00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"):
    log.info("from structlog", password="secret-1", count=3)
    logging.getLogger("a.library").warning("from %s", "logging")
log.debug("too fine")
logging.getLogger("aiokafka.x").info("of no interest")
try:
    raise ValueError("why")
except ValueError:
    log.exception("failed")
warnings.warn("old", DeprecationWarning)
"""


def lines(**environment: str) -> str:
    variables = {**os.environ, "PYTHONWARNINGS": "default", **environment}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], env=variables, capture_output=True, text=True, check=True
    ).stdout


def test_lines_are_json_with_everything_that_is_bound() -> None:
    read = [orjson.loads(line) for line in lines().splitlines()]
    ours, foreign, failed, warned = read
    bound = {"correlation_id": "the-id", "task_id": "the-task", "trace_id": "ab" * 16, "service": "a-service"}
    assert bound.items() <= ours.items()
    assert (ours["event"], ours["logger"], ours["level"], ours["count"]) == ("from structlog", "a.module", "info", 3)
    assert ours["password"] == REMOVED
    assert bound.items() <= foreign.items()
    assert (foreign["event"], foreign["logger"], foreign["level"]) == ("from logging", "a.library", "warning")
    assert "ValueError: why" in failed["exception"]
    assert "correlation_id" not in failed
    assert "DeprecationWarning" in warned["event"]


def test_the_level_and_the_form_are_settings() -> None:
    fine = [orjson.loads(line) for line in lines(LATHE_LOG_LEVEL="debug").splitlines()]
    assert "too fine" in [line["event"] for line in fine]
    assert [orjson.loads(line)["event"] for line in lines(LATHE_LOG_LEVEL="error").splitlines()] == ["failed"]
    shown = lines(LATHE_LOG_FORMAT="console")
    assert "from structlog" in shown
    assert not shown.startswith("{")
    assert "secret-1" not in shown


@pytest.mark.parametrize("name", ["password", "prompt", "email", "token", "authorization", "username"])
def test_fields_with_telling_names_lose_their_value(name: str) -> None:
    assert without_private_fields(None, "info", {name: "x", "count": 1}) == {name: REMOVED, "count": 1}


def test_a_silent_trace_names_the_place_and_not_the_message() -> None:
    try:
        try:
            raise KeyError("purple walrus")
        except KeyError as error:
            raise ValueError("a purple walrus") from error
    except ValueError as error:
        told = silent_trace(error)
    assert told["error"] == ["ValueError", "KeyError"]
    assert "test_a_silent_trace" in told["at"][-1]
    assert "walrus" not in str(told)


def test_what_is_bound_goes_to_other_processes_as_headers() -> None:
    def bound() -> dict[str, Any]:
        bind(correlation_id="the-id", traceparent="00-" + "ab" * 16 + "-" + "cd" * 8 + "-01")
        return headers()

    import contextvars

    told = contextvars.copy_context().run(bound)
    assert told == {"x-request-id": "the-id", "traceparent": "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"}
    with about(correlation_id="another-id"):
        assert headers()["x-request-id"] == "another-id"
    assert headers() == {}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_loses_lines_and_nothing_else() -> None:
    """Whoever logs goes on: an owner that wrote that it steps down once ended by that."""
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-c", PROGRAM + "\nimport sys\nsys.stderr.write('went on')"],
            stdout=full,
            stderr=subprocess.PIPE,
            env={**os.environ, "LATHE_LOG_FORMAT": "json"},
            text=True,
            check=False,
        )
    assert "went on" in ran.stderr
