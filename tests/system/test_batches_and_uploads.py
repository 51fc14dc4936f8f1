"""Batches, forks, waiting and presigned uploads, through everything that runs."""

import httpx
import pytest

from tests.system.client import Client
from tests.system.test_main_job import photo

DRAFT = {"quality": "draft", "target_faces": 500, "texture_size": 512}


@pytest.mark.timeout(180)
def test_a_batch_a_fork_and_a_file_put_into_the_store(client: Client) -> None:
    wishes = [{"prompt": f"a {colour} mug", "params": DRAFT} for colour in ("red", "green", "blue")]
    key = {"idempotency-key": "batch", "prefer": "wait=60"}
    accepted = client.call("POST", "/generate/batch", json={"items": wishes}, headers={"idempotency-key": "batch"})
    assert accepted.status_code == 202, accepted.text
    http = httpx.Client(base_url=client.http.base_url, headers=client.http.headers, timeout=90)
    with http:
        done = http.post("/generate/batch", json={"items": wishes}, headers=key)
        assert done.status_code == 200, done.text
        assert done.json()["batch_id"] == accepted.json()["batch_id"]
        items = done.json()["items"]
        assert [(item["status"], item["reserved"]) for item in items] == [("completed", 0)] * 3
        for item in items:
            assert client.result(item["task_id"])["report"]["watertight"]
            told, _ = client.follow(item["task_id"])
            assert [event["type"] for event in told] == ["requested", "started", "completed"]
            assert told[0]["batch_id"] == accepted.json()["batch_id"]
        assert client.profile()["balance"] == 97

        fork = http.post(f"{items[1]['url']}/fork", json={"params": {"formats": ["stl"]}}, headers=key)
        assert fork.status_code == 200, fork.text
        assert [output["format"] for output in fork.json()["outputs"]] == ["stl"]
        task = client.task(fork.json()["task_id"])
        assert (task["parent"], task["prompt"]) == (items[1]["task_id"], "a green mug")

        content = photo()
        wanted = {"name": "pear.jpg", "media_type": "image/jpeg", "bytes": len(content)}
        told_upload = http.post("/uploads", json=wanted).json()
        assert httpx.put(told_upload["url"], content=content + b"x").status_code in (400, 403)
        assert httpx.put(told_upload["url"], content=content, headers=told_upload["headers"]).status_code == 200
        file = http.post(told_upload["complete_url"])
        assert file.status_code == 201, file.text
        assert client.download(file.json()["url"]) == content
        relief = http.post(
            "/generate", json={"image_file_id": file.json()["file_id"], "params": DRAFT}, headers={"prefer": "wait=60"}
        )
        assert relief.status_code == 200, relief.text
