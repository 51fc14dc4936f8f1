"""The whole of Lathe for a test: `lathe up` in a state folder of its own, with ways to hurt it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import psutil

from tests.embedded import PORTS

ADMIN_PASSWORD: Final = "the-admin-of-the-tests"
PATIENCE_S: Final = 240.0


class Stack:
    """A running `lathe up`. `url` is the gateway's."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = PORTS.choose(0)
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = home.parent / f"{home.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def kafka_url(self) -> str:
        """Where the broker of this stack listens."""
        config = (self.home / "kafka" / "server.properties").read_text()
        return config.partition("advertised.listeners=PLAINTEXT://")[2].partition("\n")[0]

    def command(self) -> list[str]:
        """A Python module and its arguments: what runs the stack."""
        return ["cli.main", "up"]

    def settings(self) -> dict[str, str]:
        """Environment variables that it is told."""
        return {
            "LATHE_HOME": str(self.home),
            "LATHE_PORT": str(self.port),
            "LATHE_ADMIN_PASSWORD": ADMIN_PASSWORD,
            "LATHE_REQUESTS_PER_SECOND": "100000",
            "LATHE_MAX_QUEUED": "1000",
            "LATHE_WEBHOOK_NETWORKS": "127.0.0.0/8",
        }

    def start(self) -> None:
        """Returns once the API and a worker are ready."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *self.command()],
                env={**os.environ, **self.settings()},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.wait_ready()

    def wait_ready(self) -> None:
        """Until commands and queries are served and a worker has loaded its engines."""
        deadline = time.monotonic() + PATIENCE_S
        seen = "nothing"
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                raise AssertionError(f"lathe up ended: {self.log.read_text()[-3000:]}")
            try:
                answer = httpx.get(f"{self.url}/readyz", timeout=5)
                seen = answer.text
                if answer.status_code == 200 and "lathe/form" in answer.json()["engines"]:
                    return
            except (httpx.HTTPError, KeyError, ValueError) as error:
                seen = repr(error)
            time.sleep(0.2)
        raise AssertionError(f"not ready: {seen}\n{self.log.read_text()[-3000:]}")

    def stop(self) -> int:
        """SIGTERM, as an operator would; the exit code."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(90)

    def kill_supervisor(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def pids(self) -> dict[str, int]:
        """Process numbers by part's name, of parts that run now."""
        rows = json.loads((self.home / "run" / "processes.json").read_text())
        return {row["name"]: row["pid"] for row in rows if psutil.pid_exists(row["pid"])}

    def send(self, part: str, number: int) -> bool:
        """Send a signal to all processes of a part. False when it is not running just now."""
        pid = self.pids().get(part)
        if pid is None:
            return False
        try:
            members = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        except psutil.NoSuchProcess:
            return False
        for member in members:
            try:
                member.send_signal(number)
            except psutil.NoSuchProcess:
                continue
        return True

    def kill(self, part: str) -> bool:
        return self.send(part, signal.SIGKILL)


@contextmanager
def lathe_up(home: Path) -> Iterator[Stack]:
    stack = Stack(home)
    try:
        stack.start()
        yield stack
    finally:
        code = stack.stop()
    assert code == 0, f"lathe up ended with {code}: {stack.log.read_text()[-2000:]}"
