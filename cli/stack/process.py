"""A part that runs: its process, its log, its end."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from cli.stack.errors import StackError
from cli.stack.part import Part

LAUNCHER = Path(__file__).with_name("launcher.py")
POLL_SECONDS = 0.05
_LEFT_OUT = frozenset(("level", "event", "exception", "timestamp", "service", "logger"))


class RunningPart:
    """One start of a part. Made by `start`; ends by `stop`, or by itself."""

    def __init__(self, part: Part, process: subprocess.Popen[bytes], log: Path, log_start: int) -> None:
        self.part = part
        self.log = log
        self._process = process
        self._log_start = log_start
        self.started_at = time.monotonic()

    @property
    def pid(self) -> int:
        return self._process.pid

    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._process.poll()

    def check_ready(self) -> bool:
        """Whether the part is ready by now. Raises StackError when it has ended or has been silent too long."""
        answers = self.part.is_ready()
        code = self.exit_code()  # after the question: of one that has ended, nothing of this part answers
        if code == 0 and self.part.is_task:
            return True
        if code is not None:
            raise StackError(f"{self.part.name} {describe_end(code)} while starting.{self.last_words()}")
        if answers:
            return True
        if time.monotonic() - self.started_at > self.part.ready_seconds:
            waited = f"{self.part.ready_seconds:.0f} s"
            raise StackError(f"{self.part.name} was not ready after {waited}.{self.last_words()}")
        return False

    def wait_ready(self) -> None:
        """Return once the part is ready. Raises StackError as `check_ready` does."""
        while not self.check_ready():
            time.sleep(POLL_SECONDS)

    def last_words(self) -> str:
        """The end of what it wrote since this start, as the end of an error message."""
        return tail(self.log, self._log_start)

    def ask_to_stop(self) -> None:
        if self.exit_code() is None:
            self._process.send_signal(self.part.stop_signal)

    def finish(self) -> bool:
        """Wait for the end after `ask_to_stop`, then leave nothing of it behind. False when it had to be killed."""
        clean = True
        try:
            self._process.wait(self.part.stop_seconds)
        except subprocess.TimeoutExpired:
            clean = False
        kill_session(self.pid)
        self._process.wait()
        return clean

    def stop(self) -> bool:
        self.ask_to_stop()
        return self.finish()


def start(part: Part, log: Path) -> RunningPart:
    """Prepare and start a part; its output goes to the end of `log`. Raises StackError.

    To be called from a thread that lives as long as the stack: on Linux the part ends with it.
    """
    part.prepare()
    command = [
        sys.executable, "-I", "-S", str(LAUNCHER),
        str(os.getpid()), str(int(part.stop_signal)), part.user or "-", *part.command,
    ]  # fmt: skip
    environment = {**os.environ, **part.environment}
    with log.open("ab") as output:
        log_start = output.tell()
        process = subprocess.Popen(
            command,
            env={name: value for name, value in environment.items() if value is not None},
            cwd=part.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the supervisor only, which stops the parts in order
        )
    return RunningPart(part, process, log, log_start)


def kill_session(leader: int) -> None:
    """Kill what still lives of a part's session: its leader and children that stayed behind."""
    for member in session_members(leader):
        try:
            member.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue


def session_members(leader: int) -> list[psutil.Process]:
    """The live processes of the session that process `leader` opened (the leader itself too)."""
    members = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                members.append(process)
        except (ProcessLookupError, PermissionError, psutil.Error):
            continue
    return members


def describe_end(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


def tail(log: Path, begin: int = 0, lines: int = 12) -> str:
    """The last lines of a log from byte `begin` on (from its start, if it was rotated since)."""
    try:
        with log.open("rb") as file:
            size = log.stat().st_size
            file.seek(max(begin if begin <= size else 0, size - 8000))
            text = file.read().decode(errors="replace").strip()
    except OSError:
        return ""
    last = "\n".join(f"    {_readable(line)}" for line in text.splitlines()[-lines:])
    return f"\n{last}\n  The whole log: {log}" if last else f"\n  Its log is empty: {log}"


def _readable(line: str) -> str:
    """A line of a service's JSON log in words (of an exception what it was, not where); any other line as it is."""
    try:
        told = json.loads(line)
        level, event = told["level"], told["event"]
    except (ValueError, KeyError, TypeError):
        return line
    words = [str(event).partition("\n")[0]]
    words += [f"{name}={value}" for name, value in told.items() if name not in _LEFT_OUT]
    error = str(told.get("exception", "")).strip().splitlines()[-1:]
    return ": ".join([level, " ".join(words), *error])
