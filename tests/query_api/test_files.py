"""Files: bytes, ranges, names, and whose they are."""

import json
from collections.abc import Callable

import pytest

from adapters.ids import new_id
from domain.account import events as e
from query_api.ranges import range_of
from tests.projections.handmade import CREDIT
from tests.query_api.world import World

CONTENT = bytes(range(256)) * 2000


async def test_a_file_whole_and_in_parts(here: World) -> None:
    ann = await here.user()
    file_id = await here.file(ann, 'mug "blue" ü.glb', CONTENT, "model/gltf-binary")
    whole = await here.get(f"/files/{file_id}", ann)
    assert whole.status_code == 200
    assert whole.content == CONTENT
    assert whole.headers["content-type"] == "model/gltf-binary"
    assert whole.headers["content-length"] == str(len(CONTENT))
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert whole.headers["content-disposition"] == (
        "attachment; filename=\"mug _blue_ _.glb\"; filename*=UTF-8''mug%20%22blue%22%20%C3%BC.glb"
    )
    cases = {
        "bytes=0-9": (0, 10),
        "bytes=1000-": (1000, len(CONTENT) - 1000),
        "bytes=-5": (len(CONTENT) - 5, 5),
        f"bytes=10-{10**15}": (10, len(CONTENT) - 10),
    }
    for wanted, (first, length) in cases.items():
        part = await here.get(f"/files/{file_id}", ann, range=wanted)
        assert part.status_code == 206, wanted
        assert part.content == CONTENT[first : first + length]
        assert part.headers["content-range"] == f"bytes {first}-{first + length - 1}/{len(CONTENT)}"
    beyond = await here.get(f"/files/{file_id}", ann, range=f"bytes={len(CONTENT)}-")
    assert beyond.status_code == 416
    assert beyond.headers["content-range"] == f"bytes */{len(CONTENT)}"
    for ignored in ("bytes=5-1", "bytes=-", "lines=1-2", "bytes=a-b"):
        assert (await here.get(f"/files/{file_id}", ann, range=ignored)).status_code == 200, ignored[:20]


async def test_27_several_ranges_are_refused(here: World) -> None:
    ann = await here.user()
    file_id = await here.file(ann, "photo.png", CONTENT)
    for several in ("bytes=" + ",".join(f"{n}-{n}" for n in range(3000)), "bytes=0-1,5-6", "bytes=0-,0-", "bytes=,0-1"):
        answer = await here.get(f"/files/{file_id}", ann, range=several)
        assert (answer.status_code, answer.json()["type"]) == (416, "/problems/range-not-satisfiable"), several[:20]
        assert "one range" in answer.json()["detail"]


async def test_conditions_and_head(here: World) -> None:
    ann = await here.user()
    file_id = await here.file(ann, "photo.png", CONTENT)
    first = await here.get(f"/files/{file_id}", ann)
    tag = first.headers["etag"]
    assert (await here.get(f"/files/{file_id}", ann, if_none_match=tag)).status_code == 304
    assert (await here.get(f"/files/{file_id}", ann, range="bytes=0-1", if_range=tag)).status_code == 206
    assert (await here.get(f"/files/{file_id}", ann, range="bytes=0-1", if_range='"other"')).status_code == 200
    head = await here.http.head(f"/files/{file_id}", headers=ann.headers)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(CONTENT)))
    assert head.headers["content-disposition"].startswith("inline;")


async def test_redirect_to_the_store(here: World) -> None:
    ann = await here.user()
    file_id = await here.file(ann, "photo.png", CONTENT)
    answer = await here.get(f"/files/{file_id}?redirect=1", ann)
    assert answer.status_code == 307
    assert answer.headers["location"].startswith(f"http://objects.test/acct/{ann.account_id}/")
    assert "no-store" in answer.headers["cache-control"]


@pytest.mark.parametrize("here", [{"uploads_by_gateway": True}], indirect=True)
async def test_behind_a_gateway_the_redirect_is_where_the_client_came(here: World) -> None:
    ann = await here.user()
    file_id = await here.file(ann, "photo.png", CONTENT)
    answer = await here.get(f"/files/{file_id}?redirect=1", ann, host="10.0.0.7:8080")
    assert answer.headers["location"].startswith(f"http://10.0.0.7:8080/acct/{ann.account_id}/")


async def test_by_id_stored_name_or_unique_name(here: World) -> None:
    ann = await here.user()
    one = await here.file(ann, "chair.png", b"1")
    two = await here.file(ann, "twice.png", b"2")
    three = await here.file(ann, "twice.png", b"3")
    assert (await here.get(f"/files/{one}.png", ann)).content == b"1"
    assert (await here.get("/files/chair.png", ann)).content == b"1"
    assert (await here.get(f"/files/{one}.jpg", ann)).status_code == 404
    ambiguous = await here.get("/files/twice.png", ann)
    assert (ambiguous.status_code, ambiguous.json()["type"]) == (409, "/problems/ambiguous-name")
    assert set(ambiguous.json()["file_ids"]) == {two, three}


async def test_others_files_are_answered_exactly_as_missing_ones(here: World) -> None:
    ann, bob = await here.user("ann"), await here.user("bob")
    theirs = await here.file(ann, "secret.png", CONTENT)
    assert (await here.get(f"/files/{theirs}", ann)).status_code == 200
    asked = [theirs, f"{theirs}.png", "secret.png", new_id(ann.partition), new_id(bob.partition), "a%00b"]
    answers = [await here.get(f"/files/{name}", bob, x_request_id="the-same-1") for name in asked]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


async def test_results_have_a_name_and_a_deleted_file_is_gone(here: World) -> None:
    ann = await here.user()
    task_id = await here.task(ann, price=CREDIT)
    file_id = new_id(ann.partition)
    sha256 = await here.object(ann, b"glTF", "model/gltf-binary")
    output = e.Output(format="glb", file_id=file_id, media_type="model/gltf-binary", bytes=4, sha256=sha256)
    end = e.TaskCompleted(
        task_id=task_id, attempt=1, outputs=(output,), charged=CREDIT, released=0, source_offset=0
    )  # fmt: skip
    await here.by_hand.append(ann.account_id, end)
    answer = await here.get(f"/files/{file_id}", ann)
    assert answer.content == b"glTF"
    assert f'filename="{task_id}.glb"' in answer.headers["content-disposition"]
    assert (await here.get(f"/files/{task_id}.glb", ann)).content == b"glTF"
    await here.by_hand.append(ann.account_id, e.FileDeleted(file_id=file_id))
    position = f"lathe.accounts:{ann.partition}@4"
    assert (await here.get(f"/files/{file_id}?min_position={position}", ann)).status_code == 404


async def test_an_object_that_is_not_in_the_store(here: World) -> None:
    ann = await here.user()
    file_id = await here.file(ann, "photo.png", b"gone")
    for key in await here.store.keys("acct/"):
        await here.store.delete(key)
    answer = await here.get(f"/files/{file_id}", ann)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


async def test_a_report_is_json(here: World) -> None:
    ann = await here.user()
    file_id = await here.file(ann, "report.json", json.dumps({"a": 1}).encode(), "application/json")
    answer = await here.get(f"/files/{file_id}", ann)
    assert answer.json() == {"a": 1}
    assert answer.headers["content-disposition"].startswith("attachment;")


@pytest.mark.parametrize(
    ("header", "wanted"),
    [(None, None), ("bytes=0-0", (0, 1)), ("bytes=9-", (9, 1)), ("bytes=-99", (0, 10)), ("bytes= 2-3 ", (2, 2))],
)
def test_ranges_of_ten_bytes(header: str | None, wanted: tuple[int, int] | None) -> None:
    assert range_of(header, 10) == wanted


@pytest.mark.parametrize("call", [lambda: range_of("bytes=10-", 10), lambda: range_of("bytes=-0", 10)])
def test_ranges_outside(call: Callable[[], object]) -> None:
    with pytest.raises(Exception, match="10 bytes"):
        call()
