"""Small model servers in processes of their own, and engines that speak to them."""

import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ml_worker.engines.conformance.sample import draw_photo
from ml_worker.engines.port import Cancelled, EngineError, Input, Inputs, Result
from ml_worker.engines.remote.config import Remote
from ml_worker.engines.remote.engine import RemoteEngine
from ml_worker.local_run import LocalRun


class Server:
    """One of `tests/plugins/servers` in a process of its own."""

    def __init__(self, url: str) -> None:
        self.url = url

    def seen(self, path: str = "") -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.url}/_seen", timeout=10) as answer:
            return [item for item in json.load(answer) if path in item["path"]]

    def until(self, there: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        end = time.monotonic() + 20
        while not there(seen := self.seen()):
            assert time.monotonic() < end, seen
            time.sleep(0.02)
        return seen


@contextmanager
def serving(protocol: str, **behaviour: Any) -> Iterator[Server]:
    command = [sys.executable, "-m", f"tests.plugins.servers.{protocol}", json.dumps(behaviour, default=str)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Server(process.stdout.readline().strip())
        finally:
            process.kill()


SETTINGS: dict[str, dict[str, Any]] = {
    "hunyuan": {"protocol": "hunyuan3d", "kinds": ("image",)},
    "cog": {"protocol": "cog", "kinds": ("text", "image")},
    "replicate": {"protocol": "replicate", "kinds": ("text",), "model": "acme/blob", "output": "mesh"},
    "open_inference": {
        "protocol": "open-inference",
        "kinds": ("text",),
        "model": "blob",
        "model_version": "3",
        "output": "mesh",
        "fixed": {"steps": 5},
    },
}


def engine(server: str, url: str, **more: Any) -> RemoteEngine:
    quick: dict[str, Any] = {"poll_seconds": 0.05, "typical_seconds": 1, "timeout_seconds": 60}
    prefix = "/v1" if server == "replicate" else ""
    return RemoteEngine(Remote(id="acme/blob", url=url + prefix, **{**SETTINGS[server], **quick, **more}))


class Watched(LocalRun):
    """Can be cancelled, and remembers its progress."""

    def __init__(self, folder: Path, stages: Any, seed: int = 7, deadline: datetime | None = None) -> None:
        self.told: list[dict[str, Any]] = []
        self.cancelled = threading.Event()
        super().__init__(seed, folder, stages, self.told.append, deadline=deadline)

    def check_cancel(self) -> None:
        super().check_cancel()
        if self.cancelled.is_set():
            raise Cancelled


def asked(server: str, folder: Path) -> Inputs:
    if server != "hunyuan":
        return Inputs(prompt="a green ball")
    return Inputs(files=(Input(role="image", path=draw_photo(folder / "photo.png"), media_type="image/png"),))


def made(server: str, url: str, folder: Path, run: Watched | None = None, **more: Any) -> Result:
    engine_ = engine(server, url, **more)
    folder.mkdir(parents=True, exist_ok=True)
    params = {"formats": ["glb"], "quality": "draft", "texture_size": 512, "target_faces": 1000}
    run = run or Watched(folder, engine_.describe().stages)
    return engine_.run(asked(server, folder), params, run)


def refused(kind: type[EngineError], code: str, server: str, url: str, folder: Path, **more: Any) -> EngineError:
    with pytest.raises(kind) as refusal:
        made(server, url, folder, **more)
    assert refusal.value.code == code, refusal.value.message
    return refusal.value
