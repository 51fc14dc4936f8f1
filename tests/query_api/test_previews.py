"""Pictures of a model that is being made: for its owner, while it runs and after."""

import asyncio
import json

from adapters.ids import new_id
from domain.account import events as e
from domain.runs.events import RunProgressed
from tests.projections.handmade import CREDIT, started
from tests.query_api.test_events import tell
from tests.query_api.world import World


async def test_a_running_tasks_picture(here: World) -> None:
    ann, bob = await here.user("ann"), await here.user("bob")
    task_id = await here.task(ann)
    await here.by_hand.append(ann.account_id, started(task_id))
    none = await here.get(f"/generate/{task_id}/preview?min_position=lathe.accounts:{ann.partition}@3", ann)
    assert (none.status_code, none.json()["type"]) == (404, "/problems/not-found")
    pictures = [(await here.object(ann, content, "image/png"), content) for content in (b"PNG 1", b"PNG 2")]
    async with here.stream(f"/generate/{task_id}/events", ann) as stream:
        assert await stream.events(2) == [1, 2]
        for sha256, content in pictures:
            shown = RunProgressed(task_id=task_id, attempt=1, fraction=0.5, stage="surface", preview_sha256=sha256)
            await tell(here, ann, shown)
            while (message := await stream.message()) is not None:
                url = json.loads(message["data"]).get("preview_url")
                if url is not None and sha256[:16] in url:
                    break
            assert message is not None
            told = (await here.get(f"/generate/{task_id}", ann)).json()
            assert told["preview_url"] == url == f"/generate/{task_id}/preview?v={sha256[:16]}"
            picture = await here.get(url, ann)
            assert (picture.content, picture.headers["content-type"]) == (content, "image/png")
            assert (await here.get(url, ann, if_none_match=picture.headers["etag"])).status_code == 304
            assert (await here.get(url, bob)).status_code == 404
            assert (await here.get(url)).status_code == 401


async def test_the_picture_of_another_attempt_is_not_shown(here: World) -> None:
    ann = await here.user()
    task_id = await here.task(ann)
    await here.by_hand.append(ann.account_id, started(task_id))
    sha256 = await here.object(ann, b"PNG", "image/png")
    await tell(here, ann, RunProgressed(task_id=task_id, attempt=1, fraction=0.5, stage="x", preview_sha256=sha256))
    retried = e.TaskRetried(task_id=task_id, attempt=2, reason="lease-expired")
    await here.by_hand.append(ann.account_id, retried)
    await here.by_hand.append(ann.account_id, started(task_id, 2))
    told = await here.get(f"/generate/{task_id}?min_position=lathe.accounts:{ann.partition}@5", ann)
    assert told.json()["preview_url"] is None


async def test_the_picture_of_the_result(here: World) -> None:
    ann = await here.user()
    task_id = await here.task(ann)
    sha256 = await here.object(ann, b"final", "image/png")
    output = e.Output(format="preview", file_id=new_id(ann.partition), media_type="image/png", bytes=5, sha256=sha256)
    end = e.TaskCompleted(
        task_id=task_id, attempt=1, outputs=(output,), charged=CREDIT, released=0, source_offset=0
    )  # fmt: skip
    await here.by_hand.append(ann.account_id, end)
    picture = await here.get(f"/generate/{task_id}/preview?min_position=lathe.accounts:{ann.partition}@3", ann)
    assert picture.content == b"final"
    for key in await here.store.keys("acct/"):
        await here.store.delete(key)
    gone = await here.get(f"/generate/{task_id}/preview", ann)
    assert (gone.status_code, gone.json()["type"]) == (404, "/problems/not-found")


async def test_the_picture_of_a_task_that_ended_a_moment_ago(here: World) -> None:
    """The end was told live, and the read models do not have it yet: they are waited for."""
    ann = await here.user()
    task_id = await here.task(ann)
    await here.by_hand.append(ann.account_id, started(task_id))
    assert (await here.get(f"/generate/{task_id}?min_position=lathe.accounts:{ann.partition}@3", ann)).is_success
    sha256 = await here.object(ann, b"final", "image/png")
    output = e.Output(format="preview", file_id=new_id(ann.partition), media_type="image/png", bytes=5, sha256=sha256)
    await here.stop_projecting()
    end = e.TaskCompleted(task_id=task_id, attempt=1, outputs=(output,), charged=CREDIT, released=0, source_offset=0)
    await here.by_hand.append(ann.account_id, end)
    asking = asyncio.create_task(here.get(f"/generate/{task_id}/preview", ann))
    await asyncio.sleep(0.2)
    assert not asking.done()
    here.project()
    assert (await asking).content == b"final"
