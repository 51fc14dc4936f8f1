"""From a prompt or a photo to a 3D model, through everything that runs."""

import io

import pytest
import trimesh
from PIL import Image, ImageDraw

from tests.system import logins
from tests.system.client import Client
from tests.system.stack import Stack

MEDIA_TYPES = {
    "glb": "model/gltf-binary",
    "obj": "application/zip",
    "stl": "model/stl",
    "fbx": "application/vnd.autodesk.fbx",
    "3mf": "model/3mf",
    "usdz": "model/vnd.usdz+zip",
}


def photo() -> bytes:
    """A red pear on white."""
    image = Image.new("RGB", (480, 480), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((120, 180, 360, 440), fill=(190, 50, 40))
    draw.ellipse((180, 80, 300, 280), fill=(190, 50, 40))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=92)
    return file.getvalue()


@pytest.mark.timeout(120)
def test_a_prompt_becomes_a_closed_textured_model(client: Client) -> None:
    task_id = client.generate(prompt="a red wooden chair with four legs", params={"formats": list(MEDIA_TYPES)})
    told, progress = client.follow(task_id)
    assert [event["type"] for event in told] == ["requested", "started", "completed"]
    fractions = [p["progress"] for p in progress]
    assert len(set(fractions)) >= 5
    assert fractions == sorted(fractions)
    result = client.result(task_id)
    assert {output["format"]: output["media_type"] for output in result["outputs"]} == MEDIA_TYPES
    assert result["report"]["watertight"]
    assert result["understood"]["family"] == "chair"
    glb = next(output for output in result["outputs"] if output["format"] == "glb")
    mesh = trimesh.load(io.BytesIO(client.download(glb["url"])), file_type="glb", force="mesh")
    assert isinstance(mesh, trimesh.Trimesh)
    mesh.merge_vertices(merge_tex=True, merge_norm=True)
    assert mesh.is_watertight
    assert len(mesh.faces) == result["report"]["faces"]
    with Image.open(io.BytesIO(client.download(result["preview_url"]))) as preview:
        assert min(preview.size) >= 512
    profile = client.profile()
    assert (profile["balance"], profile["reserved"]) == (99, 0)


@pytest.mark.timeout(120)
def test_a_photo_becomes_a_model(client: Client) -> None:
    uploaded = client.upload("pear.jpg", photo(), "image/jpeg")
    assert client.download(uploaded["url"]) == photo()
    task_id = client.generate(image_file_id=uploaded["file_id"])
    told, _ = client.follow(task_id)
    assert told[-1]["status"] == "completed", told
    assert client.result(task_id)["report"]["watertight"]
    assert client.profile()["balance"] == 98


def test_what_cannot_be_made_is_refused_and_refunded(client: Client) -> None:
    told, _ = client.follow(client.generate(prompt="a dragon breathing fire"))
    assert told[-1]["status"] == "failed"
    task = client.task(told[0]["task_id"]) if "task_id" in told[0] else None
    assert task is None or task["problem"]["code"] == "not-understood"
    assert client.profile()["balance"] == 100


def test_register_login_profile_without_delay(stack: Stack) -> None:
    """The long form, 1,000 times, is `python -m tests.system.logins`."""
    assert logins.play(stack.url, times=30) == 0


@pytest.mark.timeout(300)
def test_clients_in_parallel(stack: Stack) -> None:
    """The long form, with 50 clients, is `python -m tests.system.parallel`."""
    from tests.system.parallel import play

    report = play(stack.url, clients=6)
    print("\n".join(report))
    assert report[-1] == "errors: 0"
