"""`lathe engines` before engines that print, hang, and end their process."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.plugins.packages import PROJECT, environment, lathe

ENDLESS = """
import os, sys
from ml_worker.command.watching import watched
def spin():
    while True:
        pass
def work(begin):
    begin("quick", 60)
    begin("shaping", 1)
    {}
print(watched(work))
"""


def test_what_an_engine_prints_is_no_result(tmp_path: Path) -> None:
    told = lathe("run", "tests.plugins.blocks:Chatty", "a mug", cwd=tmp_path)
    assert json.loads(told.stdout)["report"] == {"watertight": True}
    assert "printed: a mug" in told.stderr
    assert "printed by a library" in told.stderr


@pytest.mark.timeout(300)
def test_the_findings_are_all_that_a_check_prints(tmp_path: Path) -> None:
    told = lathe("check", "tests.plugins.blocks:Chatty", "--json", "--patience", "20", cwd=tmp_path)
    assert json.loads(told.stdout)["engine"] == "test/block"
    assert "printed: a red mug" in told.stderr


def test_an_engine_that_ends_its_process_is_told_of(tmp_path: Path) -> None:
    told = lathe("check", "tests.plugins.blocks:Quitting", cwd=tmp_path)
    assert told.returncode == 1
    assert "result: the engine ended its process (exit 3)." in told.stderr


@pytest.mark.parametrize(
    ("last", "words"),
    [
        ("spin()", "shaping: it did not end within 1 s; the stack above says where it stands."),
        ("os._exit(0)", "shaping: the engine ended its process (exit 0)."),
        ("os.abort()", "shaping: the engine ended its process (SIGABRT)."),
        ("return True", "True"),
    ],
)
def test_a_step_ends_one_way_or_another(last: str, words: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", ENDLESS.format(last)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert told.stdout.strip() == words
    assert ("in spin" in told.stderr) == (last == "spin()")


def test_nothing_goes_on_after_a_check_that_was_ended(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cli.main", "engines", "check", "tests.plugins.blocks:Endless"]
    path = environment(PYTHONPATH=str(PROJECT))
    with subprocess.Popen(command, cwd=tmp_path, env=path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "parameters" not in process.stdout.readline():
            assert process.poll() is None
        all_ = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        busy = max(all_, key=lambda one: one.cpu_times().user)
        wait(lambda: busy.cpu_percent(0.3) > 20)
        process.send_signal(signal.SIGTERM)
        wait(lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in all_))


def wait(there: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not there():
        assert time.monotonic() < end
        time.sleep(0.05)
