"""Engines that Lathe does not know, run for a user: a foreign wheel and a model server, by a second worker."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
import trimesh

from ml_worker.engines.conformance.outputs import read_mesh
from ml_worker.mesh.gate import assert_printable
from tests.embedded import PORTS
from tests.plugins.packages import PROJECT, environment, lathe
from tests.plugins.remote import serving
from tests.system.client import Client
from tests.system.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
PATIENCE_S = 240.0


@pytest.fixture(scope="module")
def wheel_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package from the template, built as a wheel and installed into a folder of its own."""
    work = tmp_path_factory.mktemp("foreign")
    assert lathe("new", "acme/pebble", cwd=work).returncode == 0
    for command in (
        ["uv", "build", "--wheel", "acme-pebble"],
        ["uv", "pip", "install", "--target", "plugged-in", "acme-pebble/dist/acme_pebble-0.1.0-py3-none-any.whl"],
    ):
        done = subprocess.run(command, cwd=work, env=environment(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return work / "plugged-in"


@contextmanager
def second_worker(stack: Stack, folder: Path, wheels: Path, servers: Path) -> Iterator[None]:
    """Told what the stack's own worker is told, but with other engines."""
    own = psutil.Process(stack.pids()["ml_worker"]).environ()
    ready = folder / "second-worker.ready"
    told = own | {
        "PYTHONPATH": os.pathsep.join([str(PROJECT), str(wheels)]),
        "LATHE_ENGINES": "registered,remote",
        "LATHE_REMOTE_ENGINES": str(servers),
        "LATHE_READY_FILE": str(ready),
        "LATHE_WORKER_SLOTS": "1",
        "LATHE_METRICS_BIND": f"127.0.0.1:{PORTS.choose(0)}",
    }
    with (folder / "second-worker.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "ml_worker"], env=told, stdout=log, stderr=log)
    try:
        end = time.monotonic() + PATIENCE_S
        while not ready.exists():
            waited_for_nothing = process.poll() is not None or time.monotonic() > end
            assert not waited_for_nothing, (folder / "second-worker.log").read_text()[-3000:]
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(60)


def until_offered(stack: Stack, *models: str) -> dict[str, dict[str, object]]:
    end = time.monotonic() + PATIENCE_S
    while True:
        listed = httpx.get(f"{stack.url}/generate/models", timeout=30).json()["items"]
        offered = {model["id"]: model for model in listed}
        if set(models) <= set(offered):
            return offered
        assert time.monotonic() < end, sorted(offered)
        time.sleep(0.2)


def test_a_foreign_wheel_and_a_model_server_serve_a_user(
    stack: Stack, client: Client, wheel_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "ball.glb").write_bytes(trimesh.creation.icosphere(subdivisions=3).export(file_type="glb"))
    with serving("cog", model=tmp_path / "ball.glb", work_s=0.5) as server:
        servers = tmp_path / "servers.toml"
        servers.write_text(
            '[[engine]]\nid = "acme/ball"\nprotocol = "cog"\nkinds = ["text"]\nprice = 2.5\nsize = 0.1\n'
            f'url = "{server.url}"\n'
        )
        with second_worker(stack, tmp_path, wheel_folder, servers):
            offered = until_offered(stack, "acme/pebble", "acme/ball")
            assert "roundness" in str(offered["acme/pebble"]["params_schema"])
            balance = client.profile()["balance"]
            wanted = {"formats": ["glb", "stl"], "quality": "draft", "seed": 4}
            pebble = client.generate(prompt="a blue pebble", model="acme/pebble", params=wanted | {"roundness": 0.5})
            ball = client.generate(prompt="a ball", model="acme/ball", params=wanted)
            for task_id in (pebble, ball):
                told, progress = client.follow(task_id)
                assert told[-1]["status"] == "completed", told[-1]
                assert progress
            results = {task_id: client.result(task_id) for task_id in (pebble, ball)}
            assert client.profile()["balance"] == balance - 1 - 2.5
            (asked,) = server.seen("/predictions/")
            assert asked["body"]["input"] == {"prompt": "a ball", "seed": 4}
            refused = client.call(
                "POST", "/generate", json={"prompt": "x", "model": "acme/pebble", "params": {"roundness": 9}}
            )
            assert refused.status_code == 422
            assert refused.json()["errors"][0]["pointer"] == "/params/roundness"
    assert results[pebble]["understood"] == {"color": "blue"}
    assert results[ball]["report"]["size_mm"] == pytest.approx([100, 100, 100], rel=0.02)
    for result in results.values():
        outputs = {output["format"]: output for output in result["outputs"]}
        assert {"glb", "stl"} <= set(outputs)
        content = client.call("GET", outputs["glb"]["url"]).content
        (tmp_path / "result.glb").write_bytes(content)
        assert_printable(read_mesh(tmp_path / "result.glb", "glb"))
        assert result["report"]["watertight"]
