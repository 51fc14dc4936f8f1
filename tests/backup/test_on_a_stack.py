"""A whole Lathe is backed up while users come and work, and goes on from there in another state folder."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Final

import pytest

from tests.system.client import Client
from tests.system.stack import Stack
from tests.telemetry.stack import wait_until


def said(home: Path, *arguments: str) -> str:
    """What `lathe ops … --json` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "ops", *arguments, "--json"], env=os.environ | {"LATHE_HOME": str(home)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def ops(home: Path, *arguments: str) -> dict[str, Any]:
    """The last line that `lathe ops … --json` says."""
    return dict(json.loads(said(home, *arguments).splitlines()[-1]))


def erasure(home: Path, account_id: str) -> dict[str, Any]:
    """What is known of it; empty when nobody ordered it."""
    listed = map(json.loads, said(home, "erasures", "list").splitlines())
    return next((found for found in listed if found["account_id"] == account_id), {})


ORDERS: Final = 3
"""They are still being made when the backup is."""


class Crowd:
    """Users who register, one after the other, until they are stopped. The first few order something."""

    def __init__(self, url: str) -> None:
        self.url, self.users = url, 0
        self.came = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._come)

    def __enter__(self) -> "Crowd":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _come(self) -> None:
        while not self._stop.is_set():
            client = Client(self.url)
            client.register()
            if self.users < ORDERS:
                client.generate(prompt="a chair")
            client.close()
            self.users += 1
            self.came.set()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_restored_elsewhere_and_gone_on(stack: Stack, tmp_path: Path) -> None:
    ada = Client(stack.url)
    ada.register()
    task = ada.generate(prompt="a red mug")
    told, _ = ada.follow(task)
    assert told[-1]["status"] == "completed"
    made = ada.download(next(o["url"] for o in ada.result(task)["outputs"] if o["format"] == "glb"))
    ada.close()
    eve = Client(stack.url)
    eve.register()
    eve.follow(eve.generate(prompt="a secret chair"))
    leaves = eve.profile()
    folder, home = tmp_path / "backup", tmp_path / "home"
    with Crowd(stack.url) as crowd:
        assert crowd.came.wait(120)
        first = ops(stack.home, "backup", str(folder), "--with-secrets")
        before = crowd.users
        while crowd.users < before + 2:
            assert crowd.came.wait(120)
            crowd.came.clear()
        second = ops(stack.home, "backup", str(folder))
    assert second["records"] > first["records"]
    assert [path for path in (folder, *folder.rglob("*")) if path.stat().st_mode & 0o077] == []

    # Who is deleted after the backup stays erased.
    assert eve.call("DELETE", f"/users/{leaves['id']}").status_code == 202
    wait_until(lambda: erasure(stack.home, leaves["uuid"]) != {}, "the list of erasures")
    newer = tmp_path / "erased.jsonl"
    newer.write_text(said(stack.home, "erasures", "list"))

    judged = ops(home, "restore", str(folder), "--erased", str(newer))  # it verifies at its end
    assert judged["state"] == "verified"
    assert judged["records"] == second["records"]

    elsewhere = Stack(home)
    try:
        elsewhere.start()
        again = Client(elsewhere.url, ada.name)
        again.log_in()
        assert again.task(task)["status"] == "completed"
        assert again.download(next(o["url"] for o in again.result(task)["outputs"] if o["format"] == "glb")) == made
        told, _ = again.follow(again.generate(prompt="a blue mug"))
        assert told[-1]["status"] == "completed"
        answer = eve.http.post(f"{elsewhere.url}/auth/login", json={"username": eve.name, "password": eve.password})
        assert answer.status_code == 401
        wait_until(lambda: erasure(home, leaves["uuid"])["emptied_at"] is not None, "the erasure")
        assert ops(home, "verify")["state"] == "verified"
        again.close()
        eve.close()
    finally:
        elsewhere.stop()
