"""A worker with a real engine process, against a log in memory and a command_api over HTTP."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from adapters.ids import new_id
from adapters.kafka.claims import Claim
from adapters.kafka.directory import announce
from adapters.kafka.port import AppendFailed
from adapters.kafka.topics import ASSIGNMENTS, account_partition
from domain.runs.events import (
    Engine,
    HeldRun,
    RunCancelled,
    RunFailed,
    RunProgressed,
    RunStarted,
    RunSucceeded,
    WorkerBeat,
)
from domain.scheduling.events import RunAssigned
from ml_worker.api import CommandApi
from ml_worker.assignments import Assignments
from ml_worker.catalog import publish_foreign
from tests.worker.workplace import TOKEN, Workplace

FINAL = (RunSucceeded, RunFailed, RunCancelled)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Workplace]:
    async with Workplace(tmp_path).open() as place:
        yield place


async def test_a_run_from_assignment_to_stored_result(place: Workplace, tmp_path: Path) -> None:
    photo = b"a photo"
    sha = hashlib.sha256(photo).hexdigest()
    place.api.objects[sha] = photo
    url = f"{place.api.url}/bucket/{sha}"
    item = {"role": "image", "url": url, "sha256": sha, "media_type": "image/png", "bytes": len(photo)}
    run = await place.give(inputs=[item], params={"step_s": 0.1, "picture": True})
    (done,) = await place.until(RunSucceeded)

    (started,) = place.events(RunStarted)
    assert (started.sequence, done.sequence) == (1, 2)
    assert started.worker_id == done.worker_id == place.worker.worker_id
    assert started.device == "cpu"
    by_format = {output.format: output for output in done.outputs}
    assert set(by_format) == {"glb", "preview", "report"}
    for output in done.outputs:
        assert hashlib.sha256(place.api.objects[output.sha256]).hexdigest() == output.sha256
        assert len(place.api.objects[output.sha256]) == output.bytes
        assert place.api.media_types[output.sha256] == output.media_type
    assert place.api.stored(by_format["glb"].sha256)["files"] == [["image", "image/png", photo.hex()]]
    assert place.api.stored(by_format["report"].sha256) == {
        "report": {"watertight": True},
        "understood": {"words": ["a", "mug"]},
        "ignored": ["very"],
    }
    assert done.metrics["faces"] == 12
    assert done.metrics["engine_s"] >= 0.8

    told = place.events(RunProgressed)
    fractions = [p.fraction for p in told]
    assert fractions == sorted(fractions)
    assert (told[0].stage, told[0].fraction) == ("prepare", 0.0)
    assert (told[-1].stage, told[-1].fraction) == ("upload", 1.0)
    seconds = sum(done.metrics[f"{part}_s"] for part in ("fetch", "engine", "upload"))
    assert 2 <= len(told) <= 4 + seconds / 0.25
    assert told[-1].preview_sha256 in place.api.objects
    keys = {r.key for r, e in place.decoded() if isinstance(e, (RunProgressed, *FINAL))}
    assert keys == {place.account_id.encode()}
    partitions = {r.partition for r, e in place.decoded() if isinstance(e, (RunProgressed, *FINAL))}
    assert partitions == {account_partition(place.account_id)}
    assert (run.task_id, 1) == (done.task_id, done.attempt)
    await place.until(WorkerBeat, running=())
    assert not list((tmp_path / "runs").glob("*"))


async def test_all_that_is_asked_for_a_run_is_asked_under_its_ids(place: Workplace) -> None:
    await place.give(params={"step_s": 0.05, "picture": True, "save": True})
    await place.until(RunSucceeded)
    asked = {(method, path.rpartition("/")[2]) for method, path, _, _ in place.api.heard}
    assert {("GET", "1"), ("POST", "stages"), ("POST", "outputs"), ("DELETE", "stages")} <= asked
    assert {request_id for *_, request_id, _ in place.api.heard} == {"request-1"}
    assert len({trace for *_, trace in place.api.heard}) == 1


async def test_heartbeats_say_what_is_held_and_loaded(place: Workplace) -> None:
    await place.until(WorkerBeat, 2, engines=(Engine("test/steps", "1", True),))
    run = await place.give(params={"step_s": 0.1})
    held = (HeldRun(run.task_id, 1),)
    (beat, *_) = await place.until(WorkerBeat, running=held)
    assert beat.engines == (Engine("test/steps", "1", True),)
    assert (beat.slots, beat.assignments_offset, beat.host) == (1, 0, "here")
    await place.until(RunSucceeded)
    async with asyncio.timeout(30):
        while place.beats()[-1].running:
            await asyncio.sleep(0.01)


async def test_runs_that_wait_for_a_slot_have_their_orders_fetched_together(place: Workplace) -> None:
    runs = [await place.give(params={"step_s": 0.0}) for _ in range(8)]
    done = await place.until(RunSucceeded, len(runs))
    assert {run.task_id for run in runs} == {event.task_id for event in done}
    assert place.api.asked_together
    for run in runs:
        said = [e for e in (*place.events(RunStarted), *place.events(RunSucceeded)) if e.task_id == run.task_id]
        assert [event.sequence for event in said] == [1, 2]
    order = [(type(e), e.task_id) for _, e in place.decoded() if isinstance(e, RunStarted | RunSucceeded)]
    for run in runs:
        assert order.index((RunStarted, run.task_id)) < order.index((RunSucceeded, run.task_id))


@pytest.mark.parametrize(
    ("fail", "code", "kind", "message"),
    [
        ("bad-input", "not-understood", "bad-input", "I do not know what a flurb is."),
        ("permanent", "gate", "permanent", "The mesh is not watertight."),
        ("retryable", "device-lost", "retryable", "The device was lost."),
        ("bug", "engine-error", "retryable", "The engine failed unexpectedly. It is not your fault."),
        (
            "empty-handed",
            "engine-error",
            "permanent",
            "The engine's result cannot be used: the formats ['glb'] were asked for and are not in the result ([]). "
            "It is not your fault.",
        ),
        ("segfault", "engine-died", "retryable", None),
    ],
)
async def test_failures_keep_their_kind_and_their_message_goes_into_an_object(
    place: Workplace, fail: str, code: str, kind: str, message: str | None
) -> None:
    await place.give(params={"fail": fail, "formats": ["glb"]})
    (failed,) = await place.until(RunFailed)
    assert (failed.problem.code, failed.problem.kind, failed.sequence) == (code, kind, 2)
    if message is None:
        assert failed.problem.message_sha256 is None
    else:
        assert failed.problem.message_sha256 is not None
        assert place.api.stored(failed.problem.message_sha256)["message"] == message
    await place.give()
    await place.until(RunSucceeded)


async def test_only_what_an_engine_or_a_worker_did_wrong_is_counted_as_failed(place: Workplace) -> None:
    def told() -> dict[str, float]:
        names = ("failed", "refused", "late", "given-back")
        labels = [{"model": "test/steps", "outcome": name} for name in names]
        return {each["outcome"]: REGISTRY.get_sample_value("lathe_runs_total", each) or 0.0 for each in labels}

    before = told()
    slow = {"steps": 100, "step_s": 0.05}
    await place.give(params={"fail": "bad-input"})
    await place.give(params={"fail": "permanent"})
    await place.give(params=slow, deadline=(datetime.now(UTC) + timedelta(seconds=1)).isoformat())
    await place.until(RunFailed, 3)
    last = await place.give(params=slow)
    await place.until(RunStarted, task_id=last.task_id)
    await place.worker.drain(0.1)
    assert {name: count - before[name] for name, count in told().items()} == dict.fromkeys(before, 1.0)


async def test_a_cancelled_run_pays_for_the_stages_done(place: Workplace) -> None:
    run = await place.give(params={"steps": 40, "step_s": 0.05})
    await place.until(RunProgressed, stage="paint")
    await place.scheduler.revoke(run, "cancelled")
    (cancelled,) = await place.until(RunCancelled)
    assert (cancelled.used_fraction, cancelled.sequence) == (0.75, 2)
    assert not place.events(RunSucceeded)
    assert not place.events(RunFailed)


async def test_an_engine_that_does_not_listen_is_killed_and_its_run_cancelled(place: Workplace) -> None:
    run = await place.give(params={"deaf": True, "step_s": 60})
    await place.until(RunStarted)
    await asyncio.wait_for(place.slots[0].ready.wait(), 30)
    await place.until(RunProgressed, stage="shape")
    await place.scheduler.revoke(run, "cancelled")
    (cancelled,) = await place.until(RunCancelled)
    assert cancelled.used_fraction == 0
    await place.give()
    await place.until(RunSucceeded)


async def test_a_run_that_is_revoked_otherwise_ends_silently(place: Workplace) -> None:
    run = await place.give(params={"steps": 50, "step_s": 0.05})
    await place.until(RunProgressed, stage="shape")
    await place.scheduler.revoke(run, "ended")
    await place.give()
    await place.until(RunSucceeded)
    assert [type(e) for e in place.endings() if e.task_id == run.task_id] == []


async def test_runs_wait_for_a_slot_and_can_be_revoked_there(place: Workplace) -> None:
    first = await place.give(params={"step_s": 0.1})
    waiting = await place.give()
    await place.until(WorkerBeat, running=(HeldRun(first.task_id, 1), HeldRun(waiting.task_id, 1)))
    await place.scheduler.revoke(waiting, "ended")
    await place.until(WorkerBeat, running=(HeldRun(first.task_id, 1),))
    await place.until(RunSucceeded)
    third = await place.give()
    await place.until(RunSucceeded, task_id=third.task_id)
    assert {e.task_id for e in place.events(RunStarted)} == {first.task_id, third.task_id}


async def test_an_attempt_that_is_not_wanted_is_dropped(place: Workplace) -> None:
    dropped = new_id()
    await place.scheduler.assign(place.worker.worker_id, place.account_id, dropped)
    run = await place.give()
    await place.until(RunSucceeded)
    assert {e.task_id for e in place.events(RunStarted)} == {run.task_id}


async def test_command_api_being_away_for_a_while_is_waited_out(place: Workplace) -> None:
    place.api.failures = [503, 500, 401, 503]
    await place.give()
    await place.until(RunSucceeded)
    assert not place.events(RunFailed)


async def test_an_input_that_is_not_what_it_should_be_is_a_retryable_failure(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml_worker.orders._TRIES", 2)
    place.api.objects["0" * 64] = b"something else"
    url = f"{place.api.url}/bucket/{'0' * 64}"
    item = {"role": "image", "url": url, "sha256": "0" * 64, "media_type": "image/png", "bytes": 14}
    await place.give(inputs=[item])
    (failed,) = await place.until(RunFailed)
    assert (failed.problem.code, failed.problem.kind) == ("input-unavailable", "retryable")


async def test_the_deadline_counts_inside_the_run(place: Workplace) -> None:
    deadline = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    await place.give(params={"steps": 100, "step_s": 0.05}, deadline=deadline)
    (failed,) = await place.until(RunFailed)
    assert (failed.problem.code, failed.problem.kind) == ("deadline-passed", "deadline")


async def test_an_order_for_another_version_is_refused(place: Workplace) -> None:
    await place.give(version="0.9")
    (failed,) = await place.until(RunFailed)
    assert (failed.problem.code, failed.problem.kind, failed.sequence) == ("engine-unusable", "permanent", 1)


async def test_without_heartbeats_for_8_s_the_runs_are_killed_and_nothing_more_is_said(place: Workplace) -> None:
    run = await place.give(params={"steps": 100, "step_s": 0.05})
    await place.until(RunProgressed, stage="shape")
    child = place.slots[0].pid

    async def refuse(*_: object, **__: object) -> int:
        raise AppendFailed("the broker is away")

    original, place.writer.write = place.writer.write, refuse  # type: ignore[method-assign]
    place.clock.ahead = 8.0
    async with asyncio.timeout(30):
        while place.worker.beat().running or place.slots[0].pid == child:
            await asyncio.sleep(0.02)
    place.writer.write = original  # type: ignore[method-assign]
    other = await place.give()
    await place.until(RunSucceeded, task_id=other.task_id)
    assert [e for e in place.endings() if e.task_id == run.task_id] == []


async def test_draining_lets_runs_finish_and_gives_back_what_does_not(place: Workplace) -> None:
    quick = await place.give(params={"step_s": 0.02})
    slow = await place.give(params={"steps": 100, "step_s": 0.05})
    await place.until(RunStarted, task_id=quick.task_id)
    draining = asyncio.create_task(place.worker.drain(4))
    await place.until(WorkerBeat, draining=True)
    await draining
    await place.until(RunSucceeded, task_id=quick.task_id)
    (failed,) = await place.until(RunFailed)
    assert (failed.task_id, failed.problem.code, failed.problem.kind) == (slow.task_id, "worker-stopping", "retryable")
    last = place.worker.beat()
    assert last.stopping
    assert last.running == ()


async def test_records_that_a_superseded_scheduler_wrote_are_void(place: Workplace) -> None:
    await place.scheduler.claim()
    old = new_id()
    place.api.order(old, place.account_id)
    await place.scheduler.say(
        RunAssigned(
            task_id=old,
            attempt=1,
            account_id=place.account_id,
            worker_id=place.worker.worker_id,
            model="test/steps",
            topic="lathe.accounts",
            partition=0,
            offset=0,
        ),
        epoch=1,
    )
    await place.scheduler.claim()
    run = await place.give()
    await place.until(RunSucceeded)
    assert {e.task_id for e in place.events(RunStarted)} == {run.task_id}


async def test_a_foreign_engine_is_published(place: Workplace) -> None:
    await asyncio.wait_for(place.slots[0].ready.wait(), 30)
    api = CommandApi((place.api.url,), TOKEN)
    await publish_foreign(api, place.slots[0].offers.values())
    await api.stop()
    assert [(m["model"], m["version"], m["price"]) for m in place.api.published] == [("test/steps", "1", 1_000_000)]


async def test_a_worker_starts_right_after_the_newest_claim(place: Workplace) -> None:
    await place.scheduler.assign("another-worker", place.account_id, new_id())
    await place.scheduler.claim()
    tp = (ASSIGNMENTS.name, 0)
    at = len(place.log.partitions[tp]) - 1
    headers = dict(place.log.partitions[tp][at].headers)
    claim = Claim(2, headers["ce_ownernonce"].decode(), "http://scheduler", at)
    await announce(place.writer, tp, claim)
    heard: list[RunAssigned] = []
    late = Assignments(place.log, "late", lambda run, _: heard.append(run), lambda _: None, lambda _: None)
    await late.start()
    following = asyncio.create_task(late.go())
    assert late.offset == at + 1
    run = await place.scheduler.assign("late", place.account_id, new_id())
    async with asyncio.timeout(30):
        while not heard:
            await asyncio.sleep(0.01)
    following.cancel()
    await late.stop()
    assert heard == [run]


async def test_a_run_whose_task_is_not_wanted_any_more_when_it_delivers_says_that_it_stopped(place: Workplace) -> None:
    run = await place.give(params={"steps": 20, "step_s": 0.1})
    await place.until(RunProgressed, stage="paint")
    del place.api.orders[run.task_id, 1]
    (cancelled,) = await place.until(RunCancelled)
    assert (cancelled.used_fraction, cancelled.sequence) == (1.0, 2)
    assert not place.events(RunSucceeded)
