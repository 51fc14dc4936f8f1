"""What the images ask of their services, and how many cores a container may use."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ml_worker.cores import usable_cores
from tests.docker import files


@contextmanager
def service(status: int) -> Iterator[str]:
    """host:port of one that answers /readyz with `status`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"0.0.0.0:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def asked(**environment: str) -> int:
    """Exit code of the images' own health check."""
    check = next(rest for stage in files.lineage("query-api") for rest in stage.all("HEALTHCHECK"))
    assert check.endswith('CMD ["python", "-m", "adapters.healthcheck"]')
    command = [sys.executable, "-m", "adapters.healthcheck"]
    done = subprocess.run(command, env=environment, cwd=files.PROJECT, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode


def test_an_api_is_healthy_when_it_is_ready() -> None:
    with service(200) as bind:
        assert asked(LATHE_BIND=bind) == 0
    with service(503) as bind:
        assert asked(LATHE_BIND=bind) == 1
    assert asked(LATHE_BIND=bind) == 1


def test_a_process_without_an_api_is_healthy_when_it_has_said_so(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    assert asked(LATHE_READY_FILE=str(ready), LATHE_BIND="0.0.0.0:1") == 1
    ready.touch()
    assert asked(LATHE_READY_FILE=str(ready), LATHE_BIND="0.0.0.0:1") == 0


@pytest.mark.parametrize(
    ("limit", "most"), [("max 100000", None), ("100000 100000", 1), ("50000 100000", 1), ("nonsense", None)]
)
def test_a_container_uses_its_own_share_of_the_cores(tmp_path: Path, limit: str, most: int | None) -> None:
    path = tmp_path / "cpu.max"
    path.write_text(limit)
    assert usable_cores(path) == (most or usable_cores(tmp_path / "absent"))
