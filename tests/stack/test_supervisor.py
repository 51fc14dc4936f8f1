"""The supervisor, run as its own process with small parts, as `lathe up` runs it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from cli.stack.home import Home, open_home
from cli.stack.ledger import Ledger

PROJECT = Path(__file__).parents[2]


def eventually(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until the condition holds; fail when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)


class SmallStack:
    """`small_stack.py` on one state folder, and what it has said."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.said = home.path / "said"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.stack.small_stack", str(self.home.path), *options],
                stdout=said,
                stderr=subprocess.STDOUT,
                cwd=PROJECT,
            )

    def wait_until_up(self) -> None:
        eventually(lambda: self.has_said("up") or self.has_ended())
        assert self.has_said("up"), self.said.read_text()

    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def has_said(self, line: str) -> bool:
        return line in self.said.read_text().splitlines()

    def pids(self, part: str) -> list[int]:
        """All processes that ever announced themselves as this part or as a child of it, in order."""
        file = self.home.path / f"{part}.pids"
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    def alive(self) -> list[int]:
        everything = [pid for name in ("first", "second", "child") for pid in self.pids(name)]
        return [pid for pid in everything if is_alive(pid)]

    def signal(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(30)


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[SmallStack]:
    stack = SmallStack(open_home(tmp_path / "home"))
    yield stack
    if stack.process is not None and stack.process.poll() is None:
        stack.process.kill()
        stack.process.wait()
    Ledger(stack.home.run / "processes.json").end_leftovers(patience=1)
    assert stack.alive() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stages_start_in_order_and_stop_in_reverse(stack: SmallStack, number: signal.Signals) -> None:
    stack.start()
    stack.wait_until_up()
    assert stack.signal(number) == 0
    said = stack.said.read_text().split("\n")
    order = [said.index(line) for line in ("first ready", "second starting", "second ready", "up")]
    assert order == sorted(order)
    assert said.index("second stopped") < said.index("first stopped")
    assert stack.alive() == []


def test_a_part_that_dies_is_started_again_and_the_others_stay(stack: SmallStack) -> None:
    stack.start()
    stack.wait_until_up()
    [first], [second] = stack.pids("first"), stack.pids("second")
    os.kill(first, signal.SIGKILL)
    eventually(lambda: len(stack.pids("first")) == 2)
    eventually(lambda: stack.said.read_text().count("first ready") == 2)
    assert "first down: first was ended by SIGKILL" in stack.said.read_text()
    assert is_alive(second)
    stack.signal(signal.SIGTERM)


def test_children_of_a_dead_part_do_not_outlive_it(stack: SmallStack) -> None:
    stack.start("--with-child")
    stack.wait_until_up()
    [child] = stack.pids("child")
    os.kill(stack.pids("second")[0], signal.SIGKILL)
    eventually(lambda: not is_alive(child))
    stack.signal(signal.SIGTERM)


def test_a_part_that_ignores_the_stop_is_killed(stack: SmallStack) -> None:
    stack.start("--stubborn")
    stack.wait_until_up()
    stack.signal(signal.SIGTERM)
    assert stack.alive() == []
    assert stack.has_said("killed second")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's death")
def test_kill_9_of_the_supervisor_ends_its_parts(stack: SmallStack) -> None:
    stack.start()
    stack.wait_until_up()
    assert len(stack.alive()) == 2
    assert stack.signal(signal.SIGKILL) == -signal.SIGKILL
    eventually(lambda: stack.alive() == [])


def test_the_next_start_ends_what_a_killed_one_left(stack: SmallStack) -> None:
    stack.start("--with-child", "--stubborn")  # the part ignores the signal of its parent's death
    stack.wait_until_up()
    stack.signal(signal.SIGKILL)
    left = set(stack.alive())
    assert {*stack.pids("second"), *stack.pids("child")} <= left
    stack.start()
    stack.wait_until_up()
    assert stack.has_said("left over: second")
    assert not [pid for pid in left if is_alive(pid)]
    stack.signal(signal.SIGTERM)


def test_a_process_that_only_has_the_number_of_an_old_part_is_left_alone(tmp_path: Path) -> None:
    innocent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    file = tmp_path / "processes.json"
    file.write_text(json.dumps([{"pid": innocent.pid, "name": "old", "started": time.time() - 1000}]))
    try:
        assert Ledger(file).end_leftovers() == []
        assert innocent.poll() is None
    finally:
        innocent.communicate(b"\n")


def test_a_vital_part_that_never_comes_up_ends_the_start_with_its_last_words(stack: SmallStack) -> None:
    stack.start("--broken")
    assert stack.process is not None
    assert stack.process.wait(30) == 1
    said = stack.said.read_text()
    assert "second ended with exit code 3 while starting" in said
    assert "I cannot go on" in said
    assert stack.alive() == []


def test_a_task_ends_before_the_next_stage_and_is_done(stack: SmallStack) -> None:
    stack.start("--task")
    stack.wait_until_up()
    said = stack.said.read_text().split("\n")
    assert said.index("task done") < said.index("second starting")
    stack.signal(signal.SIGTERM)
