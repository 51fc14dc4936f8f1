"""One stack of real processes, seen from outside: its logs, its figures, its traces, its usage page."""

import re
import secrets
import signal
from collections.abc import Iterator
from typing import Any, Final

import httpx
import orjson
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.system.client import Client
from tests.telemetry.collector import Collector
from tests.telemetry.engine import MODEL
from tests.telemetry.stack import Stack, wait_until

PASSWORD: Final = "hunter2-but-longer-9137"
PROMPT: Final = "a violet walrus with epaulettes"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
WORKING: Final = {"command_api", "processors", "ml_worker", "ml_worker.child"}


class Person:
    """A registered user who makes things."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.client = Client(f"http://{stack.addresses.command_api[0]}", f"Zebulon-{secrets.token_hex(4)}")
        self.client.password = PASSWORD
        self.email = f"{self.client.name.lower()}@example.org"
        body = {"username": self.client.name, "password": PASSWORD, "email": self.email}
        assert self.client.call("POST", "/auth/register", json=body).status_code == 201
        self.client.log_in()

    def make(self, request_id: str, *, fail: bool = False, process: int = 0) -> str:
        """A task's id, once it ended. `process`: which command_api gets the request."""
        answer = self.client.call(
            "POST",
            f"http://{self.stack.addresses.command_api[process]}/generate",
            json={"prompt": PROMPT, "model": MODEL, "params": {"fail": fail}},
            headers={"x-request-id": request_id},
        )
        assert answer.status_code == 202, answer.text
        task_id = str(answer.json()["task_id"])
        wait_until(lambda: self.status(task_id) == ("failed" if fail else "completed"), "the task's end")
        return task_id

    def status(self, task_id: str) -> str:
        url = f"http://{self.stack.addresses.query_api[0]}/generate/{task_id}"
        answer = httpx.get(url, headers=dict(self.client.http.headers), timeout=30)
        return str(answer.json().get("status"))


@pytest.fixture(scope="module")
def person(stack: Stack) -> Iterator[Person]:
    found = Person(stack)
    yield found
    found.client.close()


def lines_of(stack: Stack, request_id: str) -> list[dict[str, Any]]:
    """What all processes logged under a correlation id, each line as it was: JSON."""
    return [
        {"part": part, **orjson.loads(line)}
        for part in stack.names
        if part != "kafka"
        for line in stack.log(part).splitlines()
        if request_id in line
    ]


def figures(stack: Stack, part: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Samples by name."""
    text = httpx.get(stack.metrics_urls()[part], timeout=30).text
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def total(stack: Stack, part: str, name: str, **labels: str) -> float:
    samples = figures(stack, part).get(name, [])
    return sum(value for given, value in samples if labels.items() <= given.items())


def test_one_correlation_id_stands_in_the_logs_of_all_processes_that_worked(stack: Stack, person: Person) -> None:
    request_id = f"corr-{secrets.token_hex(8)}"
    task_id = person.make(request_id)

    def projected() -> list[str]:
        return [line["event_type"] for line in lines_of(stack, request_id) if line["event"] == "projected"]

    wait_until(lambda: {line["service"] for line in lines_of(stack, request_id)} >= WORKING, "a line of each process")
    wait_until(lambda: "lathe.task.completed.v1" in projected(), "the projection")
    lines = lines_of(stack, request_id)
    assert all(line["correlation_id"] == request_id for line in lines)
    assert {line["task_id"] for line in lines if "task_id" in line} == {task_id}
    account = {line["account"] for line in lines if line.get("account")}
    assert len(account) == 1
    assert len({line["trace_id"] for line in lines}) == 1
    assert projected() == [f"lathe.task.{what}.v1" for what in ("requested", "started", "completed")]


def test_a_forwarded_request_has_one_id_in_both_processes(stack: Stack, person: Person) -> None:
    ids = [f"forward-{n}-{secrets.token_hex(8)}" for n in range(2)]
    for process, request_id in enumerate(ids):
        person.make(request_id, process=process)
    asked = {request_id: {line["part"] for line in lines_of(stack, request_id)} for request_id in ids}
    assert any({"command_api-1", "command_api-2"} <= parts for parts in asked.values())
    forwards = sum(total(stack, f"command_api-{n}", "lathe_forward_duration_seconds_count") for n in (1, 2))
    assert forwards > 0


def test_no_personal_text_stands_in_any_log(stack: Stack, person: Person) -> None:
    person.make(f"private-{secrets.token_hex(8)}", fail=True)
    wrong = "not-the-password-4711"
    body = {"username": person.client.name, "password": wrong}
    assert person.client.call("POST", "/auth/login", json=body).status_code == 401
    assert person.client.call("GET", f"/{person.email}/{wrong}").status_code == 404
    token = person.client.http.headers["authorization"].removeprefix("Bearer ")
    everything = "\n".join(stack.log(part) for part in stack.names if part != "kafka")
    assert "an engine failed unexpectedly" in everything
    for secret in (PROMPT, *PROMPT.split()[1:3], PASSWORD, wrong, person.client.name, token, token.split(".")[2]):
        assert secret.lower() not in everything.lower()


def test_every_line_is_json_and_names_its_service(stack: Stack, person: Person) -> None:
    for part in stack.names:
        if part != "kafka":
            for line in stack.log(part).splitlines():
                read = orjson.loads(line)
                assert {"event", "service", "logger", "level", "timestamp"} <= read.keys(), line


def test_one_trace_leads_from_the_request_to_the_projection(stack: Stack, person: Person, collector: Collector) -> None:
    request_id = f"trace-{secrets.token_hex(8)}"
    trace_id = secrets.token_hex(16)
    person.client.http.headers["traceparent"] = f"00-{trace_id}-{secrets.token_hex(8)}-01"
    try:
        person.make(request_id)
    finally:
        del person.client.http.headers["traceparent"]
    wanted = [
        ("command_api", "POST /generate"),
        ("command_api", "decide RequestTask"),
        ("processors", "schedule"),
        ("processors", "decide AssignRun"),
        ("ml_worker", f"run {MODEL}"),
        ("ml_worker.child", f"engine {MODEL}"),
        ("ml_worker.child", "stage shape"),
        ("ml_worker.child", "stage paint"),
        ("command_api", "decide ApplyRunSucceeded"),
        ("processors", "project lathe.task.completed.v1"),
    ]
    wait_until(lambda: {(s.service, s.name) for s in collector.trace(trace_id)} >= set(wanted), "all spans")
    spans = {s.span_id: s for s in collector.trace(trace_id)}
    by_name = {s.name: s for s in spans.values()}

    def line_of(name: str) -> list[str]:
        span, names = by_name[name], []
        while span.parent_id in spans:
            names.append(span.name)
            span = spans[span.parent_id]
        return [*names, span.name]

    request, scheduled = ["decide RequestTask", "POST /generate"], ["decide AssignRun", "schedule"]
    run = [f"run {MODEL}", *scheduled]
    between = ("forward", "POST /internal/commands")
    above = [name for name in line_of("project lathe.task.completed.v1") if name not in between]
    assert above == ["project lathe.task.completed.v1", "decide ApplyRunSucceeded", *run, *request]
    assert line_of("stage paint")[:3] == ["stage paint", f"engine {MODEL}", f"run {MODEL}"]
    assert all(span.end_ns >= span.start_ns for span in spans.values())


def test_every_process_tells_its_figures(stack: Stack, person: Person) -> None:
    person.make(f"figures-{secrets.token_hex(8)}")
    assert set(stack.metrics_urls()) == {"command_api-1", "command_api-2", "query_api", "processors", "ml_worker"}
    for part in stack.metrics_urls():
        assert figures(stack, part)["lathe_process_info"][0][0]["service"] == re.sub(r"-\d$", "", part)
        assert "process_cpu_seconds_total" in figures(stack, part)
    apis = ("command_api-1", "command_api-2")
    assert sum(total(stack, n, "lathe_accept_duration_seconds_count", route="/generate") for n in apis) > 0
    assert sum(total(stack, n, "lathe_owned_partitions", topic="lathe.accounts") for n in apis) == 12
    assert total(stack, apis[0], "lathe_http_request_duration_seconds_count", route="/auth/login", status="200") > 0
    assert total(stack, "ml_worker", "lathe_runs_total", model=MODEL, outcome="succeeded") > 0
    assert total(stack, "ml_worker", "lathe_run_stage_duration_seconds_count", model=MODEL, stage="shape") > 0
    assert total(stack, "ml_worker", "lathe_worker_slots") == 1
    assert total(stack, "ml_worker", "lathe_worker_engine_memory_bytes", slot="0") > 1_000_000
    assert total(stack, "processors", "lathe_queue_wait_seconds_count", model=MODEL) > 0
    assert total(stack, "processors", "lathe_projector_leading") == 1
    wait_until(lambda: bool(figures(stack, "query_api").get("lathe_projection_lag_events")), "the lag")
    lag = "lathe_projection_lag_events"
    wait_until(lambda: total(stack, "query_api", lag, projection="read_models") == 0, "no lag")
    for part in ("processors", "ml_worker"):
        address = stack.metrics_urls()[part].removesuffix("/metrics")
        assert httpx.get(f"{address}/healthz", timeout=30).json() == {"status": "alive"}


def test_a_stream_counts_while_it_is_open(stack: Stack, person: Person) -> None:
    # A task whose model has no worker stays queued, and its stream open.
    answer = person.client.call("POST", "/generate", json={"prompt": PROMPT, "model": "lathe/form"})
    assert answer.status_code == 202, answer.text
    reader = Client(f"http://{stack.addresses.query_api[0]}")
    reader.http.headers["authorization"] = person.client.http.headers["authorization"]
    try:
        url = f"/generate/{answer.json()['task_id']}/events"
        with reader.http.stream("GET", url, headers={"accept": "text/event-stream"}) as events:
            lines = events.iter_lines()
            while next(lines) != "id: 1":
                """Until the first event is there."""
            assert total(stack, "query_api", "lathe_sse_connections") == 1
        wait_until(lambda: total(stack, "processors", "lathe_queue_length", model="lathe/form") == 1, "the queue")
        assert total(stack, "processors", "lathe_queue_without_worker") == 1
        wait_until(lambda: total(stack, "query_api", "lathe_sse_connections") == 0, "the stream's end")
    finally:
        reader.close()


def usage(stack: Stack) -> dict[str, float]:
    answer = httpx.get(f"http://{stack.addresses.usage}/usage/", params={"minutes": 60}, timeout=30)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["models"].get(MODEL, {}).get("total", {"requested": 0, "completed": 0, "credits": 0}))


def test_usage_is_counted_once_across_a_death_and_goes_on(stack: Stack, person: Person) -> None:
    done = total(stack, "ml_worker", "lathe_runs_total", model=MODEL, outcome="succeeded")
    wait_until(lambda: usage(stack)["completed"] == done, "usage of what was done")
    before = usage(stack)
    assert before["credits"] == done
    assert before["requested"] >= before["completed"] + before["failed"]
    page = httpx.get(f"http://{stack.addresses.usage}/", timeout=30)
    assert page.status_code == 200
    assert "Usage by model and minute" in page.text
    answer = httpx.get(f"http://{stack.addresses.usage}/usage/", params={"minutes": "0"}, timeout=30)
    assert answer.status_code == 422

    part = stack.parts["processors.metrics"]
    for process in (psutil.Process(part.pid), *psutil.Process(part.pid).children(recursive=True)):
        process.send_signal(signal.SIGKILL)
    person.make(f"usage-{secrets.token_hex(8)}")
    stack.restart("processors.metrics")
    wait_until(lambda: usage(stack)["completed"] == done + 1, "usage after the restart")
    assert usage(stack)["credits"] == done + 1
    assert usage(stack)["requested"] == before["requested"] + 1


def test_usage_goes_on_after_the_broker_was_restarted(stack: Stack, person: Person) -> None:
    before = usage(stack)
    stack.restart("kafka")
    person.make(f"broker-{secrets.token_hex(8)}")
    wait_until(lambda: usage(stack)["completed"] == before["completed"] + 1, "usage after the broker's restart", 300)
    assert usage(stack)["credits"] == before["credits"] + 1
