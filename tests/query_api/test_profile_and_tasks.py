"""Profile, history and state of tasks, results: what their owner is told, and nobody else."""

import asyncio
import json
from typing import Any
from urllib.parse import quote

import pytest

from adapters.ids import new_id
from adapters.kafka import topics
from domain.account import events as e
from domain.identity import events as i
from tests.projections.handmade import CREDIT, cancelled, completed, failed, started
from tests.query_api.world import User, World


async def finished(here: World, user: User, **fields: Any) -> str:
    """A completed task with a model, a preview and a report."""
    task_id = await here.task(user, **fields)
    said = {"report": {"watertight": True}, "understood": {"family": "chair"}, "ignored": ["very"]}
    report = await here.object(user, json.dumps(said).encode(), "application/json")
    outputs = [
        e.Output(format=form, file_id=new_id(user.partition), media_type=kind, bytes=9, sha256=sha256)
        for form, kind, sha256 in (
            ("glb", "model/gltf-binary", "ab" * 32),
            ("preview", "image/png", "cd" * 32),
            ("report", "application/json", report),
        )
    ]
    await here.by_hand.append(user.account_id, started(task_id))
    end = completed(task_id, "")
    await here.by_hand.append(
        user.account_id,
        e.TaskCompleted(**{f: getattr(end, f) for f in end.__struct_fields__} | {"outputs": tuple(outputs)}),
    )
    return task_id


async def test_profile_of_a_new_user(here: World) -> None:
    ann = await here.user("änne", credits_=100)
    answer = await here.get("/auth/profile", ann)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["username"], told["name"], told["role"]) == ("änne", "Ann Ä.", "user")
    assert (told["balance"], told["reserved"], told["uuid"]) == (100, 0, ann.account_id)
    await here.task(ann, price=CREDIT * 3 // 2)
    later = (await here.get(f"/auth/profile?min_position=lathe.accounts:{ann.partition}@2", ann)).json()
    assert (later["balance"], later["reserved"]) == (98.5, 1.5)


async def test_nobody_is_answered_without_a_valid_token(here: World) -> None:
    ann = await here.user()
    task = await here.task(ann)
    for path in ("/auth/profile", "/generate", f"/generate/{task}", f"/generate/{task}/result",
                 f"/generate/{task}/events", "/files/x", "/generate/quote?model=lathe/form"):  # fmt: skip
        for headers in ({}, {"authorization": "Bearer nonsense"}, {"authorization": f"Basic {ann.token}"}):
            answer = await here.get(path, None, **headers)
            assert answer.status_code == 401, path
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["type"] == "/problems/unauthenticated"


async def test_a_deleted_user_is_out_at_once(here: World) -> None:
    ann = await here.user()
    assert (await here.get("/auth/profile", ann)).status_code == 200
    await here.by_hand.append(str(ann.user_id), i.UserDeleted(), topics.IDENTITY)
    await here.parts.users.read_to_end()
    assert (await here.get("/auth/profile", ann)).status_code == 401


async def test_a_task_from_request_to_result(here: World) -> None:
    ann = await here.user()
    task_id = await here.task(ann, "a red chair")
    told = (await here.get(f"/generate/{task_id}", ann)).json()
    assert (told["status"], told["progress"], told["stage"], told["attempt"]) == ("queued", 0, "queued", 1)
    assert (told["prompt"], told["price"], told["reserved"], told["charged"]) == ("a red chair", 1, 1, 0)
    early = await here.get(f"/generate/{task_id}/result", ann)
    assert (early.status_code, early.json()["task_status"]) == (409, "queued")

    done = await finished(here, ann)
    end = len(here.by_hand.log.partitions[("lathe.accounts", ann.partition)]) - 1
    told = (await here.get(f"/generate/{done}?min_position=lathe.accounts:{ann.partition}@{end}", ann)).json()
    assert (told["status"], told["progress"], told["reserved"], told["charged"]) == ("completed", 1, 0, 1)
    assert told["timings"] == {"queued_s": 0.25, "running_s": 0.25, "total_s": 0.5, "field_s": 0.5}
    result = (await here.get(f"/generate/{done}/result", ann)).json()
    assert [output["format"] for output in result["outputs"]] == ["glb"]
    assert result["outputs"][0]["url"] == f"/files/{result['outputs'][0]['file_id']}"
    assert result["report"] == {"watertight": True}
    assert (result["understood"], result["ignored"]) == ({"family": "chair"}, ["very"])
    assert result["preview_url"] == told["preview_url"] != None  # noqa: E711 - both at once


async def test_failed_and_cancelled_tasks_have_no_result_and_say_why(here: World) -> None:
    ann = await here.user()
    ill, gone = await here.task(ann), await here.task(ann)
    text = json.dumps({"message": "A chair has four legs."}).encode()
    sha256 = await here.object(ann, text, "application/json")
    end = failed(ill)
    problem = e.Problem(code="engine-failed", kind="bad-input", message_sha256=sha256)
    await here.by_hand.append(ann.account_id, started(ill))
    await here.by_hand.append(
        ann.account_id, e.TaskFailed(task_id=ill, attempt=1, problem=problem, released=end.released)
    )
    await here.by_hand.append(ann.account_id, cancelled(gone))
    position = f"lathe.accounts:{ann.partition}@6"
    answer = await here.get(f"/generate/{ill}/result?min_position={position}", ann)
    assert answer.status_code == 410
    assert answer.json()["problem"] == {
        "code": "engine-failed", "kind": "bad-input", "detail": "A chair has four legs."
    }  # fmt: skip
    assert (await here.get(f"/generate/{ill}", ann)).json()["problem"]["detail"] == "A chair has four legs."
    answer = await here.get(f"/generate/{gone}/result", ann)
    assert (answer.status_code, answer.json()["reason"]) == (410, "client")


async def test_others_tasks_are_answered_exactly_as_missing_ones(here: World) -> None:
    ann, bob = await here.user("ann"), await here.user("bob")
    theirs = await here.task(ann)
    assert (await here.get(f"/generate/{theirs}", ann)).status_code == 200
    asked = [theirs, new_id(ann.partition), new_id(bob.partition), "1", "%00", "a" * 300, theirs.upper()]
    for path in ("", "/result", "/events"):
        answers = [await here.get(f"/generate/{task_id}{path}", bob, x_request_id="the-same-1") for task_id in asked]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.content for answer in answers}) == 1


async def test_history_pages_filters_and_links(here: World) -> None:
    ann, bob = await here.user("ann"), await here.user("bob")
    made = [await here.task(ann, f"chair {n}") for n in range(5)]
    await here.task(bob)
    await here.by_hand.append(ann.account_id, cancelled(made[2]))
    position = f"min_position=lathe.accounts:{ann.partition}@7"
    first = await here.get(f"/generate?limit=2&{position}", ann)
    page = first.json()
    assert [task["task_id"] for task in page["items"]] == [made[4], made[3]]
    assert (page["total"], page["limit"], page["offset"]) == (5, 2, 0)
    links = first.headers["link"].split(", ")
    assert links == ['</generate?limit=2>; rel="first"', f'</generate?limit=2&cursor={page["next"]}>; rel="next"']
    second = (await here.get(f"/generate?limit=2&cursor={page['next']}", ann)).json()
    assert [task["prompt"] for task in second["items"]] == ["chair 2", "chair 1"]
    last = (await here.get(f"/generate?limit=2&cursor={second['next']}", ann)).json()
    assert ([task["task_id"] for task in last["items"]], last["next"]) == ([made[0]], None)
    some = (await here.get("/generate?status=cancelled&status=failed", ann)).json()
    assert [task["task_id"] for task in some["items"]] == [made[2]]
    for nobodys in ("model=lathe/relief", "model=", "kind="):
        assert (await here.get(f"/generate?{nobodys}", ann)).json()["total"] == 0, nobodys
    assert (await here.get("/generate?offset=4", ann)).json()["items"][0]["task_id"] == made[0]
    for path in ("/generate?limit=0", "/generate?limit=101", "/generate?status=lost", "/generate?offset=-1",
                 f"/generate?status=failed&cursor={page['next']}", f"/generate?cursor={page['next'].swapcase()}",
                 f"/generate?cursor={page['next']}&offset=1", "/generate?min_position=nonsense",
                 "/generate?min_position=lathe.accounts:99@1"):  # fmt: skip
        answer = await here.get(path, ann)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-input"), path
    assert (await here.get(f"/generate?cursor={page['next']}", bob)).status_code == 422


async def test_etags_answer_304_until_something_changes(here: World) -> None:
    ann = await here.user()
    task_id = await here.task(ann)
    first = await here.get(f"/generate/{task_id}", ann)
    again = await here.get(f"/generate/{task_id}", ann, if_none_match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    await here.by_hand.append(ann.account_id, started(task_id))
    position = f"lathe.accounts:{ann.partition}@3"
    third = await here.get(f"/generate/{task_id}?min_position={position}", ann, if_none_match=first.headers["etag"])
    assert (third.status_code, third.json()["status"]) == (200, "running")


async def test_what_was_just_written_is_waited_for(here: World) -> None:
    """The projector starts only after the question came."""
    ann = await here.user()
    await here.get("/auth/profile", ann)
    await here.stop_projecting()
    task_id = await here.task(ann)
    asking = asyncio.create_task(here.get(f"/generate/{task_id}", ann))
    await asyncio.sleep(0.2)
    assert not asking.done()
    here.project()
    assert (await asking).status_code == 200


@pytest.mark.parametrize("path", ["/generate/{missing}", "/files/{missing}"])
async def test_missing_is_answered_at_once_when_nothing_is_behind(here: World, path: str) -> None:
    ann = await here.user()
    await here.get("/auth/profile", ann)
    asked = asyncio.get_running_loop().time()
    answer = await here.get(path.format(missing=new_id(ann.partition)), ann)
    assert answer.status_code == 404
    assert asyncio.get_running_loop().time() - asked < 1.5


async def test_a_position_that_is_not_reached_is_503_and_one_that_never_was_is_422(here: World) -> None:
    ann = await here.user()
    task_id = await here.task(ann)
    await here.stop_projecting()
    await here.by_hand.append(ann.account_id, started(task_id))
    end = len(here.by_hand.log.partitions[("lathe.accounts", ann.partition)])
    answer = await here.get(f"/generate?min_position=lathe.accounts:{ann.partition}@{end - 1}", ann)
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/projection-behind")
    assert answer.headers["retry-after"] == "1"
    answer = await here.get(f"/generate?min_position=lathe.accounts:{ann.partition}@{end}", ann)
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "min_position")


async def test_an_erased_account_shows_no_texts(here: World) -> None:
    ann = await here.user()
    task_id = await here.task(ann)
    await here.parts.sealer.keys.destroy(ann.account_id)
    told = (await here.get(f"/generate/{task_id}", ann)).json()
    assert (told["prompt"], told["status"]) == (None, "queued")


async def test_what_can_be_searched_and_what_cannot(here: World) -> None:
    ann = await here.user()
    made = [await here.task(ann, f"a purple chair {n}") for n in range(3)]
    other = await here.task(ann, model="lathe/relief", kind="generate")
    await here.by_hand.append(ann.account_id, started(made[0]))
    await here.by_hand.append(ann.account_id, failed(made[0]))
    position = f"min_position=lathe.accounts:{ann.partition}@7"
    whole = (await here.get(f"/generate?{position}", ann)).json()["items"]

    async def found(query: str) -> list[str]:
        answer = await here.get(f"/generate?{query}", ann)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["total"] == len(told["items"])
        return [task["task_id"] for task in told["items"]]

    newest = made[::-1]
    assert await found("q=RELIEF") == [other]
    assert await found("q=engine-failed") == [made[0]]
    assert await found(f"q={made[1].upper()}") == [made[1]]
    assert await found("q=purple") == await found("q=%25") == await found("kind=job") == []
    assert await found("kind=generate&model=lathe/form") == newest
    times = {task["task_id"]: quote(task["created_at"]) for task in whole}
    assert await found(f"created_after={times[made[1]]}&created_before={times[other]}") == [made[2], made[1]]
    for wrong in ("q=%00", "model=%00", "created_after=2030-01-01T00:00:00", "created_before=soon", f"q={'x' * 101}"):
        answer = await here.get(f"/generate?{wrong}", ann)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-input"), wrong


async def test_a_tasks_tag_begins_with_its_sequence(here: World) -> None:
    ann = await here.user()
    task_id = await here.task(ann)
    answer = await here.get(f"/generate/{task_id}", ann)
    assert answer.json()["seq"] == 1
    assert answer.headers["etag"].startswith('"1-')
    await here.by_hand.append(ann.account_id, started(task_id))
    later = await here.get(f"/generate/{task_id}?min_position=lathe.accounts:{ann.partition}@3", ann)
    assert later.headers["etag"].startswith('"2-')


async def test_nobody_learns_of_the_log_or_waits_before_it_is_known_who_asks(here: World) -> None:
    for path in ("/auth/profile", "/generate", "/generate/x", "/generate/x/events", "/files/x", "/generate/x/result"):
        answer = await here.get(f"{path}?min_position=lathe.accounts:0@99999999999")
        assert answer.status_code == 401
        assert "offset" not in answer.text


async def test_times_that_leave_the_calendar_are_refused(here: World) -> None:
    ann = await here.user()
    for path in ("/generate", "/api/v1/billing/transactions"):
        for wrong in ("created_after=0001-01-01T00:00:00%2B14:00", "created_before=9999-12-31T23:59:59-14:00"):
            answer = await here.get(f"{path}?{wrong}", ann)
            assert answer.status_code == 422
            assert answer.json()["errors"][0]["parameter"] == wrong.partition("=")[0]
        assert (await here.get(f"{path}?created_after=0001-01-01T00:00:00Z", ann)).status_code == 200
