"""What a killed process has left of somebody's upload is removed when the next one starts."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from adapters.leftovers import SPOOL, own_prefix, remove_left


def test_what_the_dead_have_left_is_removed_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    dead = [tmp_path / f"{SPOOL}{child.pid}-photo", tmp_path / f"{SPOOL}{child.pid}-folder"]
    dead[0].write_bytes(b"somebody's photo")
    dead[1].mkdir()
    (dead[1] / "photo").write_bytes(b"another one")
    alive = [tmp_path / f"{own_prefix(SPOOL)}photo", tmp_path / f"{SPOOL}{os.getppid()}-photo", tmp_path / "other"]
    for path in alive:
        path.touch()
    assert remove_left(SPOOL) == 2
    assert sorted(tmp_path.iterdir()) == sorted(alive)
