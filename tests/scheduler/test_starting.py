"""A start on a long log: the role is ready at once, and tells how far it has read."""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
import structlog

from adapters.kafka import topics
from adapters.kafka.host import Host
from adapters.kafka.memory import MemoryLog, MemoryReader
from adapters.settings import load_settings
from domain.scheduling.events import RunAssigned
from processors.parts import Parts
from processors.scheduler import role, scheduler
from tests.scheduler.floor import Floor


class Endless(MemoryLog):
    """A log of which only announcements can be read: everything else takes for ever."""

    async def reader(self, start: Any) -> MemoryReader:
        if (topics.OWNERS.name, 0) not in start:
            await asyncio.Event().wait()
        return await super().reader(start)


async def test_it_is_ready_however_long_the_log_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def right_key(parts: Parts) -> None:
        pass

    monkeypatch.setattr(role, "Host", lambda *args, group, **more: Host(*args, group=None, **more))
    monkeypatch.setattr(role, "require_key", right_key)
    settings = load_settings(home=tmp_path)
    parts = Parts(settings, "nowhere:1", "", cast(Any, Endless()), lambda: cast(Any, None))
    ready = asyncio.Event()
    running = asyncio.create_task(role.run_scheduler(parts, ready.set))
    try:
        await asyncio.wait_for(ready.wait(), 30)
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_it_tells_how_far_it_has_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "_TELL_S", 0.0)
    async with Floor().accounts() as floor:
        account = await floor.account()
        await floor.request(account)
        with structlog.testing.capture_logs() as told:
            async with floor.scheduler(), floor.beating("w1"):
                await floor.until(RunAssigned)
    progress = [entry for entry in told if entry["event"].startswith("reading the log")]
    assert progress
    assert all(0 <= entry["read"] <= entry["records"] for entry in progress)
    assert progress[-1]["read"] == progress[-1]["records"] > 0
