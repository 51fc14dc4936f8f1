"""Which processes this stack has started: lets the next start end what a killed supervisor left behind."""

import json
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import psutil

from cli.stack.process import kill_session, session_members

CLEAN_STOP_SECONDS: Final = 8.0
SAME_START_SECONDS: Final = 0.05
"""A process is the recorded one if number and start time agree (numbers are given again, also after a reboot)."""


class Ledger:
    """Process numbers and start times in one file, rewritten at every change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._started: dict[int, tuple[str, float]] = {}
        self._behind = False

    def record(self, name: str, pid: int) -> None:
        try:
            self._started[pid] = (name, psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return
        self._write()

    def forget(self, pid: int) -> None:
        if self._started.pop(pid, None) is not None:
            self._write()

    def catch_up(self) -> None:
        """Write what could not be written before."""
        if self._behind:
            self._write()

    def _write(self) -> None:
        """A full disk is no reason to end the stack: the file is written when there is space again."""
        rows = [{"pid": pid, "name": name, "started": started} for pid, (name, started) in self._started.items()]
        unfinished = self._path.with_name(f"{self._path.name}.new")
        try:
            unfinished.write_text(json.dumps(rows))
            unfinished.replace(self._path)
        except OSError:
            self._behind = True
        else:
            self._behind = False

    def end_leftovers(self, patience: float = CLEAN_STOP_SECONDS) -> list[str]:
        """End what a former supervisor recorded and still runs; return its parts' names.

        Cleanly, and after `patience` seconds by force.
        """
        leftovers = dict(_alive(self._read()))
        for process in leftovers:
            _send(process, signal.SIGTERM)
        _, stubborn = psutil.wait_procs(list(leftovers), timeout=patience)
        for process in stubborn:
            _send(process, signal.SIGKILL)
        psutil.wait_procs(stubborn, timeout=CLEAN_STOP_SECONDS)
        for pid, _, _ in self._read():
            if not psutil.pid_exists(pid):  # a session's number is not given again while it has members: these are ours
                kill_session(pid)
        self._write()
        return sorted(set(leftovers.values()))

    def alive(self) -> list[str]:
        """The parts that the last supervisor recorded and that still run, by name."""
        return sorted({name for _, name in _alive(self._read())})

    def _read(self) -> list[tuple[int, str, float]]:
        try:
            rows = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return []
        return [(int(row["pid"]), str(row["name"]), float(row["started"])) for row in rows]


def _alive(rows: Iterable[tuple[int, str, float]]) -> Iterable[tuple[psutil.Process, str]]:
    for pid, name, started in rows:
        try:
            process = psutil.Process(pid)
            same = abs(process.create_time() - started) < SAME_START_SECONDS
        except psutil.NoSuchProcess:
            continue
        if same:
            yield process, name
            for member in session_members(pid):
                if member.pid != pid:
                    yield member, name


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
