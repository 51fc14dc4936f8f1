"""Engines of other packages: found by their entry points, each one's faults its own."""

import asyncio
import os
import re
import subprocess
from pathlib import Path

import pytest

from ml_worker.slot import Slot
from tests.plugins.packages import PROJECT, broken, environment, lathe, quick

GUIDE = PROJECT / "docs" / "how-to" / "plug-in-a-model.md"


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "plugged-in"
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), str(PROJECT)]))
    return folder


async def offered(patience_s: float = 90) -> tuple[set[str], Slot]:
    """What a slot offers in the end, with the registered engines alone."""
    slot = Slot(device="cpu", threads=1, engines=("registered",))
    slot.start()
    try:
        async with asyncio.timeout(patience_s):
            await slot.ready.wait()
        return set(slot.offers), slot
    finally:
        await slot.stop()


async def test_broken_packages_leave_the_others_alone(target: Path, capfd: pytest.CaptureFixture[str]) -> None:
    broken(target, "acme-good", "acme/good", quick("acme/good"))
    broken(target, "acme-absent", "acme/absent", "import no_such_library_at_all\n")
    broken(target, "acme-quits", "acme/quits", "import sys\nsys.exit(3)\n")
    broken(
        target,
        "acme-raises",
        "acme/raises",
        "class Engine:\n    def __init__(self):\n        raise OSError('no weights')\n",
    )
    broken(target, "acme-alias", "acme/alias", quick("acme/other"))
    broken(target, "acme-thief", "lathe/form", quick("lathe/form"))
    broken(target, "acme-empty", "acme/empty", "")
    broken(target, "acme-vague", "acme/vague", quick("acme/vague").replace('"all", 1', '"all", 3'))
    engines, _ = await offered()
    assert engines == {"acme/good"}
    out, err = capfd.readouterr()
    told = [line for line in (out + err).splitlines() if "an engine cannot be used" in line]
    for name, why in {
        "acme/absent": "no_such_library_at_all",
        "acme/quits": "SystemExit",
        "acme/raises": "no weights",
        "acme/alias": "calls itself acme/other",
        "lathe/form": "is left out",
        "acme/empty": "AttributeError",
        "acme/vague": "sum to 3",
    }.items():
        assert any(name in line and why in line for line in told), (name, told)


async def test_a_package_that_kills_its_process_is_left_out(target: Path, capfd: pytest.CaptureFixture[str]) -> None:
    broken(target, "acme-good", "acme/good", quick("acme/good"))
    broken(target, "acme-killer", "acme/killer", "import os\nos._exit(9)\n")
    engines, _ = await offered()
    assert engines == {"acme/good"}
    out, err = capfd.readouterr()
    assert "an engine is left out from now on" in out + err


async def test_an_import_that_never_ends_is_ended(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml_worker.slot._IMPORT_S", 2.0)
    broken(target, "acme-good", "acme/good", quick("acme/good"))
    broken(target, "acme-hangs", "acme/hangs", "import threading\nthreading.Event().wait()\n")
    engines, _ = await offered()
    assert engines == {"acme/good"}


def test_a_list_says_what_there_is_and_what_is_wrong(target: Path, tmp_path: Path) -> None:
    broken(target, "acme-good", "acme/good", quick("acme/good"))
    broken(target, "acme-absent", "acme/absent", "import no_such_library_at_all\n")
    (tmp_path / "servers.toml").write_text(
        '[[engine]]\nid = "acme/far"\nprotocol = "cog"\nurl = "ftp://x"\nkinds = []\n'
    )
    names = {"LATHE_ENGINES": "registered,remote", "LATHE_REMOTE_ENGINES": str(tmp_path / "servers.toml")}
    told = lathe("list", cwd=tmp_path, PYTHONPATH=str(target), **names)
    assert told.returncode == 0
    assert "acme/good 1: Quick (takes text; package acme-good 1.0)" in told.stdout
    assert "acme/absent: cannot be used" in told.stdout
    assert "acme/far: url: http(s)://host" in told.stdout
    asked = lathe("run", "acme/far", "a mug", cwd=tmp_path, PYTHONPATH=str(target), **names)
    assert asked.returncode == 1
    assert "url: http(s)://host" in asked.stderr


def test_bad_names_and_full_folders_are_refused(tmp_path: Path) -> None:
    assert lathe("new", "../evil", cwd=tmp_path).returncode == 2
    assert lathe("new", "Acme/Pebble", cwd=tmp_path).returncode == 2
    (tmp_path / "acme-pebble").mkdir()
    (tmp_path / "acme-pebble" / "mine.txt").write_text("precious")
    assert lathe("new", "acme/pebble", cwd=tmp_path).returncode == 2
    assert not list(tmp_path.rglob("pyproject.toml"))


@pytest.mark.timeout(400)
def test_a_check_that_fails_says_so_by_its_exit_code(tmp_path: Path) -> None:
    told = lathe("check", "tests.plugins.blocks:Open", "--patience", "20", cwd=tmp_path)
    assert told.returncode == 1, told.stderr
    assert "FAIL meshes" in told.stdout
    assert "test/block fails 1 checks." in told.stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_guide_s_commands_work(tmp_path: Path) -> None:
    """Everything in its `sh` blocks, in order: from a new package to a wheel, installed, run and checked."""
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL))
    assert script.count("lathe engines") == 4
    script = script.replace("lathe engines check", "lathe engines check --patience 20")
    done = subprocess.run(
        ["bash", "-euxc", script], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "acme/pebble 0.1.0: Pebble (takes text; package acme-pebble 0.1.0)" in done.stdout
    assert "acme/pebble conforms." in done.stdout
    assert (tmp_path / "pebble.glb").read_bytes()[:4] == b"glTF"


def test_the_guide_s_servers_can_be_read(tmp_path: Path) -> None:
    from ml_worker.engines.descriptions import description_faults
    from ml_worker.engines.remote.config import load_remote

    tables = re.findall(r"^```toml\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    path = tmp_path / "servers.toml"
    path.write_text(next(table for table in tables if "[[engine]]" in table))
    told = load_remote(path)
    assert {remote.protocol for remote in told} == {"hunyuan3d", "cog", "replicate", "open-inference"}
    assert [description_faults(remote.describe()) for remote in told] == [[]] * 4
