"""Live updates: a task's life over SSE, without gaps whenever one comes, and as a list."""

import asyncio
import json

import pytest

from adapters.ids import new_id
from adapters.kafka import topics
from adapters.kafka.port import NewRecord
from adapters.kafka.record import encode_headers, encode_value, type_of
from domain.account import events as e
from domain.envelope import Envelope
from domain.identity import events as i
from domain.runs.events import QueueChanged, QueuedTask, RunProgressed
from query_api import live, sse
from tests.projections.handmade import cancelled, completed, requested, started
from tests.query_api.world import User, World


async def tell(here: World, user: User, event: RunProgressed | QueueChanged) -> None:
    """A record of lathe.progress."""
    envelope = Envelope(
        id=new_id(), type=type_of(event), source="lathe/test", time=here.by_hand.time, subject="x", actor="system",
        correlation_id="by-hand",
    )  # fmt: skip
    record = NewRecord(user.account_id.encode(), encode_value(event), encode_headers(envelope), 0)
    await here.by_hand.log.put((topics.PROGRESS.name, user.partition), [record])


def progress(task_id: str, fraction: float, attempt: int = 1, stage: str = "surface") -> RunProgressed:
    return RunProgressed(task_id=task_id, attempt=attempt, fraction=fraction, stage=stage)


async def test_a_whole_life_live(here: World) -> None:
    ann = await here.user()
    task_id = await here.task(ann)
    async with here.stream(f"/generate/{task_id}/events", ann) as stream:
        assert stream.response.headers["content-type"].startswith("text/event-stream")
        first = await stream.message()
        assert first is not None
        assert (first["event"], first["id"]) == ("task", "1")
        data = json.loads(first["data"])
        assert (data["type"], data["status"], data["reserved"], data["actor"]) == ("requested", "queued", 1, "user")
        queued = await stream.message()
        assert queued is not None
        assert (queued["event"], json.loads(queued["data"])["stage"]) == ("progress", "queued")
        assert "id" not in queued
        await tell(here, ann, QueueChanged(tasks=(QueuedTask(task_id, 3, 12.0),), total=9))
        place = await stream.message()
        assert place is not None
        assert json.loads(place["data"])["queue_position"] == 3
        await here.by_hand.append(ann.account_id, started(task_id))
        assert await stream.events(1) == [2]
        told = []
        for fraction in (0.1, 0.5, 0.3, 0.7):
            await tell(here, ann, progress(task_id, fraction))
            if fraction == 0.3:
                continue  # never back within an attempt
            while (message := await stream.message()) is not None:
                data = json.loads(message["data"])
                if data["progress"] == fraction:
                    told.append(data["progress"])
                    break
        assert told == [0.1, 0.5, 0.7]
        await here.by_hand.append(ann.account_id, completed(task_id, new_id()))
        assert await stream.events() == [3]


async def test_a_late_reader_gets_everything_and_the_end(here: World) -> None:
    ann = await here.user()
    task_id = await here.task(ann)
    await here.by_hand.append(ann.account_id, started(task_id))
    await here.by_hand.append(ann.account_id, completed(task_id, new_id()))
    async with here.stream(f"/generate/{task_id}/events", ann) as stream:
        assert await stream.events() == [1, 2, 3]
    async with here.stream(f"/generate/{task_id}/events", ann, last_event_id="1") as stream:
        assert await stream.events() == [2, 3]
    seen = await here.get(f"/generate/{task_id}/events", ann, last_event_id="3", accept="text/event-stream")
    assert (seen.status_code, seen.content) == (204, b"")


async def test_coming_back_again_and_again_loses_and_doubles_nothing(here: World) -> None:
    """Events flow while the client reconnects after every one or two: attempts start and are retried 60 times."""
    ann = await here.user()
    task_id = await here.task(ann)
    total = 122

    async def write() -> None:
        for attempt in range(1, 61):
            await here.by_hand.append(ann.account_id, started(task_id, attempt))
            await here.by_hand.append(
                ann.account_id, e.TaskRetried(task_id=task_id, attempt=attempt + 1, reason="lease-expired")
            )
            await asyncio.sleep(0.005)
        await here.by_hand.append(ann.account_id, cancelled(task_id, attempt=61))

    writing = asyncio.create_task(write())
    seen: list[int] = []
    while not seen or seen[-1] < total:
        last = {"last_event_id": str(seen[-1])} if seen else {}
        async with here.stream(f"/generate/{task_id}/events", ann, **last) as stream:
            seen += await stream.events(1 + len(seen) % 3)
    await writing
    assert seen == list(range(1, total + 1))


async def test_no_gap_when_the_read_models_are_behind(here: World) -> None:
    """The live feed is ahead of the projection: the past is told only when the projection has passed it."""
    ann = await here.user()
    task_id = await here.task(ann)
    assert (await here.get(f"/generate/{task_id}", ann)).status_code == 200
    await here.stop_projecting()
    await here.by_hand.append(ann.account_id, started(task_id))
    tp = (topics.ACCOUNTS.name, ann.partition)
    while here.parts.live.next_offset(tp) < len(here.by_hand.log.partitions[tp]):
        await asyncio.sleep(0.01)
    async with here.stream(f"/generate/{task_id}/events", ann) as stream:
        await here.by_hand.append(ann.account_id, e.TaskCancelRequested(task_id=task_id, attempt=1))
        reading = asyncio.create_task(stream.events(3))
        await asyncio.sleep(0.3)
        assert not reading.done()
        here.project()
        assert await reading == [1, 2, 3]


async def test_the_first_listener_wakes_the_feed(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nobody listens the feed rests between two fetches; whoever comes does not wait for it."""
    monkeypatch.setattr(live, "UNWATCHED_S", 3600.0)
    ann = await here.user()
    task_id = await here.task(ann)
    tp = (topics.ACCOUNTS.name, ann.partition)
    while here.parts.live.next_offset(tp) == 0:
        await asyncio.sleep(0.01)
    await here.by_hand.append(ann.account_id, started(task_id))
    assert here.parts.live.next_offset(tp) < len(here.by_hand.log.partitions[tp])
    async with here.stream(f"/generate/{task_id}/events", ann) as stream:
        assert await stream.events(2) == [1, 2]
        await here.by_hand.append(ann.account_id, cancelled(task_id))
        assert await stream.events(1) == [3]


async def test_the_life_as_a_list(here: World) -> None:
    ann = await here.user()
    task_id = await here.task(ann)
    await here.by_hand.append(ann.account_id, started(task_id))
    path = f"/generate/{task_id}/events?min_position=lathe.accounts:{ann.partition}@3"
    told = (await here.get(path, ann, accept="application/json")).json()
    assert [(item["seq"], item["type"]) for item in told["items"]] == [(1, "requested"), (2, "started")]
    assert told["items"][0]["price"] == 1
    told = (await here.get(f"/generate/{task_id}/events?after=1", ann, accept="application/json")).json()
    assert [item["seq"] for item in told["items"]] == [2]


@pytest.mark.parametrize("last", ["-1", "abc", "99999999999999999999", "7"])
async def test_ids_that_were_never_told_are_refused(here: World, last: str) -> None:
    ann = await here.user()
    task_id = await here.task(ann)
    answer = await here.get(f"/generate/{task_id}/events", ann, last_event_id=last)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-input")


async def test_a_slow_client_is_dropped_and_resumes(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "WAITING_EVENTS", 3)
    subscription = here.parts.live.subscribe("task")
    ann = await here.user()
    await here.by_hand.append(ann.account_id, requested("task"))
    for attempt in range(1, 6):
        await here.by_hand.append(ann.account_id, started("task", attempt))
    while not subscription.dropped:
        await subscription.wait(1)
    assert [entry.seq for entry in subscription.take()[0]] == [1, 2, 3]
    here.parts.live.unsubscribe("task", subscription)


async def test_a_stream_ends_with_its_users_rights(here: World) -> None:
    ann = await here.user()
    task_id = await here.task(ann)
    async with here.stream(f"/generate/{task_id}/events", ann) as stream:
        assert await stream.events(1) == [1]
        await here.by_hand.append(str(ann.user_id), i.UserDeleted(), topics.IDENTITY)
        assert await stream.events() == []


async def test_heartbeats_keep_a_quiet_stream_alive(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT_S", 1.0)
    ann = await here.user()
    task_id = await here.task(ann)
    async with here.stream(f"/generate/{task_id}/events", ann) as stream:
        assert await stream.events(1) == [1]
        while (message := await stream.message()) is not None and "comment" not in message:
            pass
        assert message == {"comment": "keep-alive"}


async def test_streams_end_when_the_service_stops(here: World) -> None:
    ann = await here.user()
    task_id = await here.task(ann)
    async with here.stream(f"/generate/{task_id}/events", ann) as stream:
        assert await stream.events(1) == [1]
        here.parts.closing.set()
        here.parts.live.drop_all()
        assert await stream.events() == []


async def test_progress_is_in_the_task_and_after_a_restart(here: World) -> None:
    ann = await here.user()
    task_id = await here.task(ann)
    await here.by_hand.append(ann.account_id, started(task_id))
    await tell(here, ann, progress(task_id, 0.4, stage="bake-texture"))
    restarted = live.LiveFeed(here.by_hand.log)
    await restarted.start({})
    now = restarted.latest.of(ann.account_id, task_id, "running", 1, "lathe/form")
    assert (now.progress, now.stage, now.message) == (0.4, "bake-texture", "Bake texture")
    assert restarted.latest.of(ann.account_id, task_id, "running", 2, "lathe/form").progress == 0
    await restarted.stop()
    position = f"lathe.accounts:{ann.partition}@3"
    told = (await here.get(f"/generate/{task_id}?min_position={position}", ann)).json()
    assert told["status"] == "running"
    tp = (topics.PROGRESS.name, ann.partition)
    assert len(here.by_hand.log.partitions[tp]) == 1
