"""All processes of Lathe for these tests, as `lathe up` starts them, without the page and with a small engine."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from adapters.settings import load_settings
from cli.stack.home import Home, open_home
from cli.stack.kafka import kafka_part
from cli.stack.part import Part
from cli.stack.process import RunningPart, start
from cli.stack.secrets import load_secrets
from cli.stack.services import Addresses, own_addresses, service_parts, shared_environment, usage_part, worker_part
from tests import embedded
from tests.embedded import PORTS
from tests.telemetry.engine import MODEL


class Stack:
    """`addresses`: where every process is. `log(part)`: the lines that it wrote."""

    def __init__(self, home: Home, addresses: Addresses, parts: dict[str, RunningPart]) -> None:
        self.home, self.addresses, self.parts = home, addresses, parts

    @property
    def names(self) -> list[str]:
        return list(self.parts)

    def log(self, part: str) -> str:
        return (self.home.logs / f"{part}.log").read_text()

    def stop(self) -> None:
        """The services together, the broker after them."""
        services = [process for name, process in self.parts.items() if name != "kafka"]
        for process in services:
            process.ask_to_stop()
        for process in (*services, self.parts["kafka"]):
            process.stop()

    def restart(self, part: str) -> None:
        """Start a part anew that was killed; returns once it is ready."""
        self.parts[part].stop()
        self.parts[part] = start(self.parts[part].part, self.parts[part].log)
        self.parts[part].wait_ready()

    def metrics_urls(self) -> dict[str, str]:
        apis = {f"command_api-{n}": a for n, a in enumerate(self.addresses.command_api, start=1)}
        apis |= {"query_api": self.addresses.query_api[0]}
        return {name: f"http://{address}/metrics" for name, address in (apis | dict(self.addresses.metrics)).items()}


@contextmanager
def running_stack(folder: Path, environment: Mapping[str, str], *, usage: bool = True) -> Iterator[Stack]:
    with ExitStack() as running:
        home = open_home(folder / "home")
        settings = load_settings(home=home.path, port=PORTS.choose(8080))
        secrets = load_secrets(home, settings)
        kafka = embedded.kafka_config(folder)
        broker = start(kafka_part(kafka), folder / "kafka.log")
        running.callback(broker.stop)
        postgres_url = running.enter_context(embedded.postgres(folder))
        s3_url, access_key, secret_key = running.enter_context(embedded.s3(folder))
        broker.wait_ready()
        broker.part.once_ready()
        addresses = Addresses(
            kafka_url=kafka.url,
            postgres_url=postgres_url,
            s3_url=s3_url,
            gateway_url=f"http://127.0.0.1:{settings.port}",
            command_api=own_addresses((PORTS.choose(8001), PORTS.choose(8002))),
            query_api=own_addresses((PORTS.choose(8003),)),
            metrics={name: f"127.0.0.1:{PORTS.choose(9100)}" for name in ("processors", "ml_worker")},
            usage=f"127.0.0.1:{PORTS.choose(8090)}",
        )
        told = shared_environment(settings, home, secrets, addresses) | {
            "LATHE_S3_ACCESS_KEY": access_key,
            "LATHE_S3_SECRET_KEY": secret_key,
            "LATHE_ENGINES": "tests.telemetry.engine:SmallEngine",
            "LATHE_WORKER_SLOTS": "1",
            **environment,
        }
        parts = [*service_parts(home, told, addresses), worker_part(home, told, addresses)]
        if usage:
            parts.append(usage_part(home, told, addresses))
        started = _start_all(parts, home)
        stack = Stack(home, addresses, {"kafka": broker, **started})
        running.callback(stack.stop)
        for process in started.values():
            process.wait_ready()
        _wait_for_model(addresses.query_api[0])
        yield stack


def _start_all(parts: list[Part], home: Home) -> dict[str, RunningPart]:
    return {part.name: start(part, home.logs / f"{part.name}.log") for part in parts}


def _wait_for_model(read: str) -> None:
    """Until the worker's engine stands in the catalog."""
    with httpx.Client(base_url=f"http://{read}", timeout=30) as client:
        wait_until(lambda: MODEL in [m["id"] for m in client.get("/generate/models").json()["items"]], "the model")


def wait_until(condition: Callable[[], bool], what: str, patience_s: float = 90) -> None:
    """Look 10 times a second. Raises AssertionError when it did not come."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come within {patience_s} s"
        time.sleep(0.1)
