"""Ctrl-C, as a terminal sends it: to all processes in the foreground. Nobody sees a traceback."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CARRYING_OUT = """
import os, sys
from cli.ops.carrying_out import carry_out
from cli.ops.rebuild_screen import RebuildScreen
sys.exit(carry_out("tests.ops.interruptible", sys.argv[1:2], RebuildScreen, os.environ, "--json" in sys.argv))
"""


def interrupted(*arguments: str, **environment: str) -> str:
    """What a program says, which gets Ctrl-C as soon as it said its first line."""
    with subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=os.environ | environment, text=True, process_group=0,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        said, complained = process.communicate()
    assert (process.returncode, "Traceback" in complained) == (130, False), complained
    return said


@pytest.mark.parametrize("how", [(), ("--json",)])
def test_while_the_command_still_imports(how: tuple[str, ...]) -> None:
    assert "it was interrupted before it began" in interrupted("-c", CARRYING_OUT, "importing", *how)


@pytest.mark.parametrize("how", [(), ("--json",)])
def test_at_work_it_says_itself_what_comes_next(how: tuple[str, ...]) -> None:
    assert "run it again, and it goes on" in interrupted("-c", CARRYING_OUT, "working", *how)


def test_while_lathe_itself_still_imports(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("import signal\nprint('here', flush=True)\nsignal.pause()\n")
    assert interrupted("-c", "from cli.begin import main; main()", PYTHONPATH=str(tmp_path)) == ""
