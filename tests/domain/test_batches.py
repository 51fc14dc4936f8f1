"""Batches: one event, one reservation, all or nothing; then every item goes its own way."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from domain.account import commands as c
from domain.account import events as e
from domain.account.beginnings import beginnings_of
from domain.account.timeline import entries_of
from domain.decider import Reply
from domain.errors import (
    AlreadyExists,
    InsufficientCredits,
    InvalidInput,
    KeyReused,
    NotFound,
    NotInState,
    PriceChanged,
    TooManyQueued,
)
from domain.personal import Sealed, SealedAt
from tests.domain.given_account import (
    ACCOUNT,
    CREDIT,
    FILE,
    PROMPT,
    account,
    opened,
    request,
    run_failed,
    run_started,
    run_succeeded,
    stored_file,
)
from tests.domain.given_scheduler import World
from tests.domain.scenario import NOW, Scenario, new_id

BATCH = new_id(910_000)
ITEMS = tuple(new_id(910_001 + i) for i in range(3))
KEY = {"idempotency_key": "a1" * 16, "idempotency_digest": "b2" * 16}


def batch(*items: c.RequestTask, **fields: Any) -> c.RequestBatch:
    wanted = items or tuple(request(task_id=task_id) for task_id in ITEMS)
    return c.RequestBatch(**({"account_id": ACCOUNT, "batch_id": BATCH, "items": wanted} | fields))


def accepted() -> Scenario:
    return account(opened()).when(batch(), **KEY)


def test_a_batch_is_one_event_with_one_reservation() -> None:
    scenario = accepted()
    event = scenario.event
    assert isinstance(event, e.BatchRequested)
    assert (event.reserved, [item.task_id for item in event.items]) == (3 * CREDIT, list(ITEMS))
    view = scenario.view(BATCH)
    assert view["reserved"] == 3
    assert [item["status"] for item in view["items"]] == ["queued"] * 3
    assert [item["queue_position"] for item in view["items"]] == [1, 2, 3]
    assert [item["task_seq"] for item in view["items"]] == [1, 1, 1]
    assert scenario.view(ACCOUNT)["balance"] == 2
    assert scenario.refolded() == scenario.state


def test_items_settle_one_by_one() -> None:
    scenario = accepted()
    for i, task_id in enumerate(ITEMS):
        begun = msgspec.structs.replace(run_started(source_offset=2 * i), task_id=task_id)
        scenario.when(begun).then(e.TaskStarted(task_id=task_id, attempt=1, worker_id="worker-1", source_offset=2 * i))
    scenario.when(msgspec.structs.replace(run_succeeded(source_offset=7), task_id=ITEMS[0]))
    scenario.when(msgspec.structs.replace(run_failed("permanent", source_offset=8), task_id=ITEMS[1]))
    scenario.when(c.CancelTask(account_id=ACCOUNT, task_id=ITEMS[2]))
    assert [item["status"] for item in scenario.view(BATCH)["items"]] == ["completed", "failed", "cancelling"]
    assert scenario.log[-1][2].task_seq == 3
    assert scenario.view(BATCH)["reserved"] == 1
    assert scenario.view(ACCOUNT)["balance"] == 3


def test_a_repeat_is_answered_with_the_batch_as_it_is_now() -> None:
    scenario = accepted().when(c.CancelTask(account_id=ACCOUNT, task_id=ITEMS[1]))
    scenario.when(batch(batch_id=new_id(1)), **KEY).replies(batch_id=BATCH, reserved=2)
    scenario.when(batch(), **(KEY | {"idempotency_digest": "c3" * 16})).fails(KeyReused)
    scenario.when(c.DescribeBatch(account_id=ACCOUNT, batch_id=BATCH)).replies(batch_id=BATCH)
    scenario.when(c.DescribeBatch(account_id=ACCOUNT, batch_id=ITEMS[0])).fails(NotFound)


def test_all_or_nothing() -> None:
    poor = account(opened(granted=2 * CREDIT))
    poor.when(batch()).fails(InsufficientCredits, price=3, balance=2)
    late = request(task_id=ITEMS[1], deadline=NOW - timedelta(seconds=1))
    rich = account(opened())
    rich.when(batch(request(task_id=ITEMS[0]), late)).fails(InvalidInput, pointer="/items/1/deadline")
    nothing = request(task_id=ITEMS[1], prompt=None, prompt_length=0)
    rich.when(batch(request(task_id=ITEMS[0]), nothing)).fails(InvalidInput, pointer="/items/1/prompt")
    lost = request(task_id=ITEMS[1], prompt=None, inputs=(("front", FILE),))
    rich.when(batch(request(task_id=ITEMS[0]), lost)).fails(InvalidInput, pointer="/items/1/images/front")
    rich.when(batch(max_credits=3 * CREDIT - 1)).fails(PriceChanged, max_credits=2.999999)
    dear = request(task_id=ITEMS[1], max_credits=CREDIT - 1)
    rich.when(batch(request(task_id=ITEMS[0]), dear)).fails(PriceChanged, pointer="/items/1")
    rich.when(batch(request(task_id=ITEMS[0]), request(task_id=ITEMS[0]))).fails(AlreadyExists)
    assert rich.view(ACCOUNT)["balance"] == 5


@pytest.mark.parametrize("many", [0, 101])
def test_a_batch_has_1_to_100_items(many: int) -> None:
    items = tuple(request(task_id=new_id(920_000 + i), price=0) for i in range(many))
    command = c.RequestBatch(account_id=ACCOUNT, batch_id=BATCH, items=items)
    account(opened()).when(command).fails(InvalidInput, pointer="/items")


def test_a_queue_below_its_limit_takes_a_whole_batch() -> None:
    scenario = accepted()
    scenario.when(batch(request(task_id=new_id(930_000)), batch_id=new_id(930_001), max_queued=3)).fails(
        TooManyQueued, queued=3, limit=3
    )
    scenario.when(c.CancelTask(account_id=ACCOUNT, task_id=ITEMS[0]))
    more = batch(
        request(task_id=new_id(930_000)), request(task_id=new_id(930_002)), batch_id=new_id(930_001), max_queued=3
    )
    assert scenario.when(more).event.reserved == 2 * CREDIT


def test_ids_of_batches_and_tasks_are_never_used_twice() -> None:
    scenario = accepted()
    scenario.when(batch()).fails(AlreadyExists)
    scenario.when(request(task_id=BATCH)).fails(AlreadyExists)
    scenario.when(batch(batch_id=ITEMS[0])).fails(AlreadyExists)


def test_files_are_told_once_and_reach_every_item_that_takes_them() -> None:
    other = new_id(940_000)
    given = account(opened(), e.FileStored(file=stored_file()), e.FileStored(file=stored_file(other, sha256="ef" * 32)))
    first = request(task_id=ITEMS[0], prompt=None, inputs=(("image", FILE),))
    second = request(task_id=ITEMS[1], prompt=None, inputs=(("front", other), ("left", FILE)))
    event = given.when(batch(first, second)).event
    assert [file.file_id for file in event.files] == [FILE, other]
    assert [item.inputs for item in event.items] == [(("image", 0),), (("front", 1), ("left", 0))]
    order = c.DescribeRequest(account_id=ACCOUNT, task_id=ITEMS[1])
    reply = given.when(order).outcome
    assert isinstance(reply, Reply)
    inputs = reply.view["inputs"]
    assert [(item["role"], item["sha256"]) for item in inputs] == [("front", "ef" * 32), ("left", "ab" * 32)]
    given.when(c.DeleteFile(account_id=ACCOUNT, file_id=other)).fails(NotInState)


def test_prompts_are_sealed_for_their_place_or_stand_in_an_object() -> None:
    event = accepted().event
    assert [b.prompt for b in beginnings_of(event, "event")] == [
        SealedAt("event", f"items.{i}.prompt", PROMPT.enc) for i in range(3)
    ]
    items = (request(task_id=ITEMS[0], prompt=None), request(task_id=ITEMS[1], prompt=Sealed(enc="v1:eA")))
    scenario = account(opened()).when(batch(*items, prompts_sha256="ab" * 32))
    first, second = beginnings_of(scenario.event, "event")
    assert first.prompt == SealedAt("event", "items.0.prompt", "", "ab" * 32)
    assert second.prompt == SealedAt("event", "items.1.prompt", "v1:eA")
    scenario.when(c.DescribeRequest(account_id=ACCOUNT, task_id=ITEMS[0])).replies(
        prompt={
            "event_id": scenario.log[-1][2].id, "field": "items.0.prompt", "enc": "", "object": "ab" * 32,
        }
    )  # fmt: skip
    assert scenario.refolded() == scenario.state


def test_a_batch_is_the_first_event_in_the_life_of_each_of_its_tasks() -> None:
    _, event, envelope = accepted().log[-1]
    entries = entries_of(envelope, event)
    assert [(entry.task_id, entry.seq, entry.type, entry.status) for entry in entries] == [
        (task_id, 1, "requested", "queued") for task_id in ITEMS
    ]
    assert entries[0].data["batch_id"] == BATCH
    with pytest.raises(ValueError, match="ce_taskseq"):
        entries_of(msgspec.structs.replace(envelope, task_seq=None), event)


def test_the_scheduler_gives_the_items_of_a_batch_to_workers() -> None:
    event = account(opened()).when(batch(*(request(task_id=t, model_version="1") for t in ITEMS))).event
    world = World().beat("w1", slots=2).tell("ann", event)
    world.carry_out()
    assert sorted(world.state.runs) == sorted(ITEMS[:2])
    assert {task.offset for task in world.state.tasks.values()} == {0}
