"""POST /generate/{task_id}/fork and retry: from any task of one's own, and what is given is checked."""

from typing import Any

from adapters.kafka import topics
from domain.account.events import FileStored, TaskRequested
from domain.catalog.commands import RetireModel
from tests.command_api.pictures import picture
from tests.command_api.test_batches import order
from tests.command_api.test_generate import broke, finished, succeeded
from tests.command_api.world import SERVICE_TOKEN, User, World, refused

PARENT: dict[str, Any] = {
    "prompt": "a red chair",
    "params": {"formats": ["glb", "stl"], "quality": "draft", "seed": 7},
    "priority": 3,
    "deadline": "2200-01-01T00:00:00Z",
}


async def completed(here: World, ann: User, **fields: Any) -> str:
    answer = await here.post("/generate", ann, json={**PARENT, **fields})
    assert answer.status_code == 202, answer.text
    task_id: str = answer.json()["task_id"]
    await finished(here, ann, task_id, "completed", succeeded(task_id))
    return task_id


async def forked(here: World, ann: User, task_id: str, **fields: Any) -> tuple[dict[str, Any], TaskRequested]:
    answer = await here.post(f"/generate/{task_id}/fork", ann, json=fields)
    assert answer.status_code == 202, answer.text
    event: TaskRequested = here.of(ann, TaskRequested)[-1]
    assert (event.parent, answer.headers["location"]) == (task_id, f"/generate/{event.task_id}")
    return answer.json(), event


async def test_a_fork_has_what_its_parent_had(here: World) -> None:
    ann = await here.user()
    task_id = await completed(here, ann)
    parent = here.of(ann, TaskRequested)[-1]
    told, event = await forked(here, ann, task_id)
    assert (event.params, event.seed, event.priority, event.deadline, event.model) == (
        parent.params, 7, 3, parent.deadline, "lathe/form",
    )  # fmt: skip
    assert (told["parent"], told["reserved"]) == (task_id, 1)
    assert (await order(here, ann.account_id, event.task_id))["prompt"] == "a red chair"
    assert event.prompt != parent.prompt, "it is sealed for its own event"
    bare = await here.post(f"/generate/{task_id}/fork", ann)
    assert bare.status_code == 202, bare.text


async def test_what_is_given_anew(here: World) -> None:
    ann = await here.user()
    task_id = await completed(here, ann)
    _, event = await forked(
        here, ann, task_id, prompt="a blue chair", params={"formats": ["obj"], "quality": None}, priority=0,
        deadline=None,
    )  # fmt: skip
    assert event.params["formats"] == ["obj"]
    assert (event.params["quality"], event.seed, event.priority, event.deadline) == ("standard", 7, 0, None)
    assert (await order(here, ann.account_id, event.task_id))["prompt"] == "a blue chair"
    _, event = await forked(here, ann, task_id, params={"seed": 8})
    assert (event.seed, event.params["quality"]) == (8, "draft")
    seeds = {(await forked(here, ann, task_id, params={"seed": None}))[1].seed for _ in range(3)}
    assert seeds != {7}


async def test_another_kind_of_input_takes_another_model(here: World) -> None:
    ann = await here.user()
    task_id = await completed(here, ann, params={"formats": ["stl"], "seed": 7, "size": 0.5})
    photo = (await here.post("/upload", ann, files={"file": ("a.png", picture(), "image/png")})).json()["file_id"]
    _, event = await forked(here, ann, task_id, image_file_id=photo)
    assert (event.model, event.prompt, [item.file_id for item in event.inputs]) == ("lathe/relief", None, [photo])
    assert event.params["formats"] == ["stl"]
    await finished(here, ann, event.task_id, "failed", broke(event.task_id))
    _, again = await forked(here, ann, event.task_id, params={"quality": "draft"})
    assert [item.sha256 for item in again.inputs] == [item.sha256 for item in event.inputs]
    with here.nothing_written():
        body = {"prompt": "a chair", "model": "lathe/relief"}
        refused(await here.post(f"/generate/{task_id}/fork", ann, json=body), 422, "invalid-input", "/model")
    assert len(here.of(ann, FileStored)) == 1


async def test_forks_that_are_refused(here: World) -> None:
    ann, bob = await here.user(), await here.user("bob")
    task_id = await completed(here, ann)
    bad: list[tuple[dict[str, Any], int, str, str | None]] = [
        ({"prompt": "a mug", "image_file_id": "x"}, 422, "invalid-input", "/image_file_id"),
        ({"params": {"formats": ["exe"]}}, 422, "invalid-input", "/params/formats/0"),
        ({"params": {"nothing": 1}}, 422, "invalid-input", "/params/nothing"),
        ({"params": {"seed": -1}}, 422, "invalid-input", "/params/seed"),
        ({"model": "none"}, 422, "invalid-input", "/model"),
        ({"parent": "x"}, 422, "invalid-input", "/parent"),
        ({"deadline": "2001-01-01T00:00:00Z"}, 422, "invalid-input", "/deadline"),
        ({"deadline": "2200-01-01T00:00:00"}, 422, "invalid-input", "/deadline"),
        ({"max_credits": 0.5}, 409, "price-changed", None),
        ({"image_file_id": "not-a-file"}, 422, "invalid-input", "/image_file_id"),
    ]
    with here.nothing_written():
        for body, status, code, pointer in bad:
            refused(await here.post(f"/generate/{task_id}/fork", ann, json=body), status, code, pointer)
        foreign = refused(await here.post(f"/generate/{task_id}/fork", bob), 404, "not-found")
        missing = refused(await here.post("/generate/nonsense/fork", bob), 404, "not-found")
        assert foreign["detail"] == missing["detail"]
        refused(await here.post(f"/generate/{task_id}/fork"), 401, "unauthenticated")


async def test_a_fork_again_is_the_same_task(here: World) -> None:
    ann = await here.user()
    task_id = await completed(here, ann)
    key = {"idempotency-key": "fork-1"}
    first = await here.post(f"/generate/{task_id}/fork", ann, json={"params": {"seed": 8}}, headers=key)
    again = await here.post(f"/generate/{task_id}/fork", ann, json={"params": {"seed": 8}}, headers=key)
    assert first.json()["task_id"] == again.json()["task_id"]
    other = await here.post(f"/generate/{task_id}/fork", ann, json={"params": {"seed": 9}}, headers=key)
    refused(other, 422, "idempotency-key-reused")
    await here.decided(topics.CATALOG, 0, RetireModel(model="lathe/form"))
    await here.parts.catalog.read_to_end()
    later = await here.post(f"/generate/{task_id}/fork", ann, json={"params": {"seed": 8}}, headers=key)
    assert later.json()["task_id"] == first.json()["task_id"]
    with here.nothing_written():
        refused(await here.post(f"/generate/{task_id}/fork", ann), 409, "wrong-state")


async def test_a_retry_is_checked_against_todays_schema(here: World) -> None:
    ann = await here.user()
    schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"size": {"type": "integer", "maximum": 9}},
    }
    model = {"model": "test/cubes", "version": "1", "title": "Cubes", "kinds": ["text"], "price": 0,
             "typical_seconds": 1.0, "params_schema": schema}  # fmt: skip
    service = {"authorization": f"Bearer {SERVICE_TOKEN}"}
    assert (await here.post("/internal/models", json=model, headers=service)).status_code == 200
    await here.parts.catalog.read_to_end()
    task_id = await here.task(ann, model="test/cubes", params={"size": 8})
    await finished(here, ann, task_id, "failed", broke(task_id))
    schema["properties"] = {"size": {"type": "integer", "maximum": 5}}
    assert (await here.post("/internal/models", json=model | {"version": "2"}, headers=service)).status_code == 200
    await here.parts.catalog.read_to_end()
    with here.nothing_written():
        refused(await here.post(f"/generate/{task_id}/retry", ann), 422, "invalid-input", "/params/size")
    _, event = await forked(here, ann, task_id, params={"size": 5})
    assert (event.model_version, event.params) == ("2", {"size": 5})


async def test_an_input_that_is_given_and_empty_is_refused(here: World) -> None:
    ann = await here.user()
    task_id = await completed(here, ann)
    with here.nothing_written():
        for given in ({"prompt": ""}, {"images": {}}, {"image_file_id": ""}):
            refused(await here.post(f"/generate/{task_id}/fork", ann, json=given), 422, "invalid-input")
