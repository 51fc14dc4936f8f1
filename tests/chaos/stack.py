"""A whole Lathe under our hands: every line between its parts, every clock, every process, and its disk."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec

from cli.stack.errors import StackError
from tests.chaos.clock import Clocks
from tests.chaos.up import Line, Lines
from tests.chaos.wire import Wire
from tests.embedded import PORTS
from tests.system.stack import Stack

SERVICES: Final = ("command_api-1", "command_api-2", "query_api", "processors", "ml_worker")
"""Reach the broker and PostgreSQL through proxies."""
PARTS: Final = (*SERVICES, "kafka", "postgres", "s3")
STOPPING_S: Final = 240.0
VERIFYING_S: Final = 900.0


class ChaosStack(Stack):
    """Lathe in `folder`, on a small file system of its own where we may mount one."""

    def __init__(self, folder: Path, disk_mb: int) -> None:
        self.folder = folder
        self.disk = Disk(folder / "disk", disk_mb)
        super().__init__(folder / "disk" / "home")
        self.log = folder / "up.log"
        broker, database = PORTS.choose(0), PORTS.choose(0)
        services: dict[str, Line] = {}
        self.to_kafka: dict[str, Wire] = {}
        self.to_postgres: dict[str, Wire] = {}
        for name in SERVICES:
            line = Line(kafka=PORTS.choose(0), kafka_listener=PORTS.choose(0), postgres=PORTS.choose(0))
            services[name] = line
            self.to_kafka[name] = Wire(line.kafka, line.kafka_listener)
            self.to_postgres[name] = Wire(line.postgres, database)
        self.broker = f"127.0.0.1:{broker}"
        try:
            self.clocks: Clocks | None = Clocks(folder / "clocks")
        except FileNotFoundError:
            self.clocks = None
        clocks = str(folder / "clocks") if self.clocks else None
        lines = Lines(services=services, kafka=broker, postgres=database, clocks=clocks)
        (folder / "lines.json").write_bytes(msgspec.json.encode(lines))

    def command(self) -> list[str]:
        return ["tests.chaos.up", str(self.folder / "lines.json")]

    def settings(self) -> dict[str, str]:
        return super().settings() | {"LATHE_SIGN_UP_CREDITS": "100000", "LATHE_REGISTRATIONS_PER_MINUTE": "1000"}

    def verify(self) -> str:
        """What `lathe ops verify` says of the log, the read models and the objects: its last line and its exit code."""
        command = [sys.executable, "-m", "cli.main", "ops", "verify", "--objects", "size"]
        env = os.environ | self.settings()
        try:
            ran = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=VERIFYING_S)
        except subprocess.TimeoutExpired:
            return f"no answer after {VERIFYING_S:.0f} s"
        said = [line for line in (ran.stdout + ran.stderr).splitlines() if line.strip()]
        return f"exit code {ran.returncode}: " + (" / ".join(said[-12:]) if ran.returncode else said[-1])

    def stop(self) -> int:
        """SIGTERM, and SIGKILL for all that is left of it when it does not obey. The exit code."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOPPING_S)
        except subprocess.TimeoutExpired:
            self.kill_supervisor()  # first: it starts again what is killed
            for part in self.pids():
                self.kill(part)
            raise StackError(f"lathe up had not stopped {STOPPING_S:.0f} s after SIGTERM.") from None

    async def open_lines(self) -> None:
        """Start the proxies; before `start`."""
        for wire in self._wires():
            await wire.start()

    async def close_lines(self) -> None:
        """Returns when no connection is left."""
        for wire in self._wires():
            await wire.stop()
        while any(wire.connections for wire in self._wires()):
            await asyncio.sleep(0.01)

    def _wires(self) -> tuple[Wire, ...]:
        return (*self.to_kafka.values(), *self.to_postgres.values())


class Disk:
    """A small file system (tmpfs) that can be full; a plain folder where we may not mount one (`can_fill` is False)."""

    def __init__(self, path: Path, megabytes: int) -> None:
        self.path, self._megabytes = path, megabytes
        self.path.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(path)]
        mounted = os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0
        self.can_fill = mounted

    def fill(self) -> int:
        """Take all the space there is, by making the file system as small as what it holds; how many bytes that was."""
        if not self.can_fill:
            raise StackError("This file system is not ours to fill.")
        while True:
            state = os.statvfs(self.path)
            used, free = (state.f_blocks - state.f_bfree) * state.f_frsize, state.f_bfree * state.f_frsize
            if self._resize(f"{used}"):  # else more was written meanwhile
                return free

    def free(self) -> None:
        if self.can_fill:
            self._resize(f"{self._megabytes}m")

    def _resize(self, size: str) -> bool:
        command = ["mount", "-o", f"remount,size={size}", str(self.path)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def unmount(self) -> None:
        if self.can_fill:
            subprocess.run(["umount", "--lazy", str(self.path)], check=True, capture_output=True)
