"""Tasks that were born in a batch read like any others: state, prompt, life, live."""

import json

from adapters.ids import new_id
from domain.account import events as e
from tests.projections.handmade import batch, started
from tests.query_api.world import User, World


async def born(here: World, user: User, *, in_object: bool) -> tuple[list[str], str]:
    """Three tasks of one batch, their prompts sealed in the event or in an object."""
    event_id, task_ids = new_id(), [here.by_hand.new_id(user.partition) for _ in range(3)]
    texts = {f"items.{i}.prompt": f"a chair with {i + 3} legs" for i in range(3)}
    sealed = await here.parts.sealer.seal_fields(user.account_id, event_id, texts)
    sha256 = await here.parts.sealer.objects.put(user.account_id, sealed) if in_object else None
    event = batch(here.by_hand.new_id(user.partition), *task_ids)
    items = tuple(
        e.BatchItem(
            task_id=item.task_id,
            model=item.model,
            model_version=item.model_version,
            price=item.price,
            prompt=None if in_object else sealed[f"items.{i}.prompt"],
            prompt_length=19,
            seed=item.seed,
        )
        for i, item in enumerate(event.items)
    )
    told = e.BatchRequested(
        batch_id=event.batch_id, kind=event.kind, reserved=event.reserved, items=items, prompts_sha256=sha256
    )
    await here.by_hand.append(user.account_id, told, id=event_id)
    return task_ids, event.batch_id


async def test_states_and_prompts(here: World) -> None:
    ann = await here.user()
    inside, _ = await born(here, ann, in_object=False)
    outside, _ = await born(here, ann, in_object=True)
    for task_ids in (inside, outside):
        for i, task_id in enumerate(task_ids):
            told = (await here.get(f"/generate/{task_id}", ann)).json()
            assert (told["status"], told["prompt"], told["reserved"]) == ("queued", f"a chair with {i + 3} legs", 1)
    history = (await here.get("/generate", ann)).json()
    assert [item["task_id"] for item in history["items"]] == [*reversed(outside), *reversed(inside)]
    assert [item["prompt"] for item in history["items"][:3]] == [f"a chair with {n} legs" for n in (5, 4, 3)]
    profile = (await here.get("/auth/profile", ann)).json()
    assert (profile["balance"], profile["reserved"]) == (94, 6)


async def test_each_has_its_own_life(here: World) -> None:
    ann = await here.user()
    (first, second, _), batch_id = await born(here, ann, in_object=False)
    async with here.stream(f"/generate/{second}/events", ann) as stream:
        message = await stream.message()
        assert message is not None
        assert (message["event"], message["id"]) == ("task", "1")
        data = json.loads(message["data"])
        assert (data["task_id"], data["type"], data["reserved"], data["batch_id"]) == (second, "requested", 1, batch_id)
        await here.by_hand.append(ann.account_id, started(first))
        await here.by_hand.append(ann.account_id, started(second))
        assert await stream.events(1) == [2]
    items = (await here.get(f"/generate/{first}/events", ann, accept="application/json")).json()["items"]
    assert [(item["seq"], item["type"]) for item in items] == [(1, "requested"), (2, "started")]


async def test_who_follows_before_the_batch_is_read_misses_nothing(here: World) -> None:
    ann = await here.user()
    await here.stop_projecting()
    (task_id, *_), _ = await born(here, ann, in_object=False)
    here.project()
    async with here.stream(f"/generate/{task_id}/events", ann) as stream:
        await here.by_hand.append(ann.account_id, started(task_id))
        assert await stream.events(2) == [1, 2]
