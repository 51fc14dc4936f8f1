"""`lathe up` as a process, with small parts: what it prints, where that goes, and who stops it."""

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from cli.stack.home import Home, open_home
from cli.stack.ledger import Ledger
from tests.stack.small_up import USAGE_ADDRESS
from tests.stack.test_supervisor import eventually, is_alive

PROJECT = Path(__file__).parents[2]
UP = "The page is at"


class Up:
    def __init__(self, home: Home) -> None:
        self.home = home
        self.errors = home.path / "errors"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str, to: int | IO[bytes], ignores: signal.Signals | None = None, **told: str) -> None:
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.stack.small_up", *options],
                env={**os.environ, "LATHE_HOME": str(self.home.path), **told},
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=to,
                stderr=errors,
                # Where the tests themselves run in the background, SIGINT is ignored, and children inherit that.
                preexec_fn=lambda: _signals(ignores),
            )

    def pids(self, part: str) -> list[int]:
        file = self.home.path / f"{part}.pids"
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    def wait_for(self, *parts: str) -> None:
        for part in parts:
            eventually(lambda part=part: self.pids(part) or self.ended())  # type: ignore[misc]
            assert self.pids(part), self.errors.read_text()

    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def signal(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(30)

    def assert_stopped_well(self, code: int) -> None:
        assert (code, self.errors.read_text()) == (0, "")
        assert not (self.home.run / "stack.json").exists()
        assert Ledger(self.home.run / "processes.json").alive() == []
        assert not [pid for part in ("first", "second", "worker") for pid in self.pids(part) if is_alive(pid)]


def _signals(ignored: signal.Signals | None) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if ignored is not None:
        signal.signal(ignored, signal.SIG_IGN)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    up = Up(open_home(tmp_path / "home"))
    yield up
    if up.process is not None and up.process.poll() is None:
        up.process.kill()
        up.process.wait()
    Ledger(up.home.run / "processes.json").end_leftovers(patience=1)


def read_until(descriptor: int, text: str) -> str:
    """What comes out of it, up to `text`."""
    seen = b""
    while text.encode() not in seen:
        new = os.read(descriptor, 10_000)
        assert new, seen
        seen += new
    return seen.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("opened", [os.pipe, pty.openpty], ids=["pipe", "terminal"])
def test_a_reader_that_has_gone_is_not_missed(
    up: Up, opened: Callable[[], tuple[int, int]], number: signal.Signals
) -> None:
    reader, writer = opened()
    up.start(to=writer)
    os.close(writer)
    read_until(reader, UP)
    os.close(reader)
    up.wait_for("worker")
    os.kill(up.pids("first")[0], signal.SIGKILL)
    eventually(lambda: len(up.pids("first")) == 2 or up.ended())
    up.assert_stopped_well(up.signal(number))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has this device")
def test_output_on_a_full_disk_is_lost_and_nothing_else(up: Up) -> None:
    with Path("/dev/full").open("wb") as full:
        up.start(to=full)
    up.wait_for("worker")
    up.assert_stopped_well(up.signal(signal.SIGTERM))


@pytest.mark.parametrize("opened", [os.pipe, pty.openpty], ids=["pipe", "terminal"])
def test_what_parts_say_is_shown_as_it_is(up: Up, opened: Callable[[], tuple[int, int]]) -> None:
    reader, writer = opened()
    up.start("--noisy", to=writer, COLUMNS="200", TERM="xterm")
    os.close(writer)
    read_until(reader, "[/data/x] cannot be opened :warning: [kafka-log] →")
    assert up.signal(signal.SIGTERM) == 0
    os.close(reader)


def test_an_encoding_without_a_letter_ends_nothing(up: Up) -> None:
    reader, writer = os.pipe()
    up.start("--noisy", to=writer, PYTHONIOENCODING="ascii")
    os.close(writer)
    read_until(reader, "[kafka-log] ?")
    up.assert_stopped_well(up.signal(signal.SIGTERM))
    os.close(reader)


def test_packages_that_cannot_be_installed_hold_up_the_worker_alone(up: Up) -> None:
    reader, writer = pty.openpty()
    up.start("--usage", "--no-packages", to=writer, COLUMNS="100", LINES="40", TERM="xterm")
    os.close(writer)
    said = read_until(reader, USAGE_ADDRESS) + read_until(reader, "there is no space")
    assert "packages ended with exit code 1 while starting." in said
    read_until(reader, "The whole log: ")
    assert up.signal(signal.SIGTERM) == 0
    assert up.pids("worker") == []
    os.close(reader)


def test_a_usage_page_that_does_not_come_up_is_not_announced_and_holds_up_nothing(up: Up) -> None:
    reader, writer = os.pipe()
    up.start("--silent-usage", to=writer)
    os.close(writer)
    said = read_until(reader, "worker ready")
    assert UP in said
    assert USAGE_ADDRESS not in said
    assert up.signal(signal.SIGTERM) == 0
    os.close(reader)


def test_a_hangup_that_was_ignored_before_stays_ignored(up: Up) -> None:
    """As `nohup` starts it: the terminal's end is none of its business."""
    up.start(to=subprocess.DEVNULL, ignores=signal.SIGHUP)
    up.wait_for("worker")
    assert up.process is not None
    up.process.send_signal(signal.SIGHUP)
    time.sleep(1)
    assert not up.ended()
    up.assert_stopped_well(up.signal(signal.SIGTERM))


def test_an_interrupt_stops_it_though_a_script_began_it_in_the_background(up: Up) -> None:
    """A shell without job control ignores SIGINT in what it starts with `&`."""
    up.start(to=subprocess.DEVNULL, ignores=signal.SIGINT)
    up.wait_for("worker")
    up.assert_stopped_well(up.signal(signal.SIGINT))


def test_the_end_of_the_terminal_stops_it_otherwise(up: Up) -> None:
    up.start(to=subprocess.DEVNULL)
    up.wait_for("worker")
    up.assert_stopped_well(up.signal(signal.SIGHUP))
