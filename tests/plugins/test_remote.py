"""Model servers as engines, against small servers in other processes that follow the published protocols."""

import socket
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

from ml_worker.engines.conformance import CHECKS, Sample, Suite
from ml_worker.engines.conformance.outputs import read_mesh, require_clean_meshes
from ml_worker.engines.port import BadInput, Cancelled, EngineError, Permanent, Retryable
from tests.plugins.remote import SETTINGS, Watched, engine, made, refused, serving

TOKEN = "sekrit-token-of-the-operator"


@pytest.mark.parametrize("server", SETTINGS)
def test_a_server_s_model_goes_through_the_whole_pipeline(server: str, glb: Path, tmp_path: Path) -> None:
    with serving(server, model=glb, token=f"Bearer {TOKEN}", work_s=0.3) as there:
        (tmp_path / "token").write_text(TOKEN + "\n")
        run = Watched(tmp_path, engine(server, there.url).describe().stages)
        result = made(server, there.url, tmp_path, run, token_file=str(tmp_path / "token"), size=0.3)
        seen = there.seen()
    require_clean_meshes(result)
    low, high = read_mesh(result.files[0].path, "glb").bounds()
    assert high - low == pytest.approx([0.3, 0.3, 0.3], rel=0.02)
    assert (low[1], low[0] + high[0]) == (pytest.approx(0, abs=1e-6), pytest.approx(0, abs=1e-3))
    assert {file.format for file in result.files} == {"glb", "preview"}
    assert result.report["watertight"]
    assert result.metrics["remote_bytes"] == glb.stat().st_size
    assert result.metrics["remote_requests"] == len(seen)
    fractions = [told["progress"] for told in run.told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert len({told["progress"] for told in run.told if told["stage"] == "remote"}) > 2


def test_a_model_keeps_its_colour(glb: Path, tmp_path: Path) -> None:
    with serving("cog", model=glb) as there:
        result = made("cog", there.url, tmp_path)
    look = trimesh.load(result.files[0].path, force="mesh").visual.material.baseColorTexture.convert("RGB")
    covered = np.asarray(look).reshape(-1, 3)
    assert np.median(covered, axis=0) == pytest.approx([0, 255, 0], abs=6)


def test_what_hunyuan_is_asked(glb: Path, tmp_path: Path) -> None:
    with serving("hunyuan", model=glb) as there:
        made("hunyuan", there.url, tmp_path / "a", fixed={"texture": True}, params={})
        made("hunyuan", there.url, tmp_path / "b", wait=True)
        (send,) = there.seen("/send")
        (generate,) = there.seen("/generate")
    body = send["body"]
    assert (body["seed"], body["texture"], body["type"]) == (7, True, "glb")
    assert "text" not in body
    assert generate["body"]["image"] == body["image"]


def test_what_a_prediction_is_asked(glb: Path, tmp_path: Path) -> None:
    with serving("replicate", model=glb, work_s=0.2) as there:
        made("replicate", there.url, tmp_path / "a", inputs={"seed": ""})
        made(
            "replicate",
            there.url,
            tmp_path / "b",
            model="5c7d5dc6dd8bf75c1acaa8565735e7986bc5b66206b55cca93cb72c9bf15ccaa",
        )
        first, second = (item for item in there.seen() if item["method"] == "POST")
    assert (first["path"], first["body"]) == ("/v1/models/acme/blob/predictions", {"input": {"prompt": "a green ball"}})
    assert first["headers"]["prefer"] == "respond-async"
    assert (second["path"], second["body"]["version"][:4]) == ("/v1/predictions", "5c7d")
    assert second["body"]["input"]["seed"] == 7


def test_tensors_have_the_types_that_the_server_wants(glb: Path, tmp_path: Path) -> None:
    with serving("open_inference", model=glb, **{"as": "uint8"}) as there:
        run = Watched(tmp_path, engine("open_inference", there.url).describe().stages, seed=2**40 + 5)
        made("open_inference", there.url, tmp_path, run)
        (infer,) = there.seen("/infer")
    tensors = {item["name"]: (item["datatype"], item["shape"], item["data"]) for item in infer["body"]["inputs"]}
    assert tensors == {
        "prompt": ("BYTES", [1, 1], ["a green ball"]),
        "seed": ("INT32", [1, 1], [5]),
        "steps": ("FP32", [1, 1], [5.0]),
    }
    assert infer["path"] == "/v2/models/blob/versions/3/infer"


def test_a_remote_engine_keeps_its_promises(glb: Path) -> None:
    """The tests below have its cancellation and its deadline."""
    with (
        serving("cog", model=glb, work_s=0.1) as there,
        Suite(lambda: engine("cog", there.url, kinds=("text",)), Sample(prompt="a green ball")) as suite,
    ):
        for check in set(CHECKS) - {"cancellation", "deadline"}:
            suite.require(check)


@pytest.mark.parametrize("failures", [[503], [500, 502], [429, "drop"], ["cut", "drop"]])
def test_failures_that_pass_are_waited_out(failures: list[int | str], glb: Path, tmp_path: Path) -> None:
    with serving("cog", model=glb, failures=failures) as there:
        result = made("cog", there.url, tmp_path)
        seen = there.seen("/predictions/")
    assert result.report["watertight"]
    assert len(seen) == len(failures) + 1
    assert len({item["path"] for item in seen}) == 1  # The same id each time: nothing is begun twice.


def test_what_may_have_been_done_is_not_done_twice(glb: Path, tmp_path: Path) -> None:
    with serving("replicate", model=glb, failures=["drop"]) as there:
        refused(Retryable, "remote-unavailable", "replicate", there.url, tmp_path)
        assert len(there.seen("/predictions")) == 1
    with serving("replicate", model=glb, failures=[429, 503]) as there:
        made("replicate", there.url, tmp_path / "again")
        assert len([item for item in there.seen() if item["method"] == "POST"]) == 3


def test_a_busy_cog_is_waited_for(glb: Path, tmp_path: Path) -> None:
    with serving("cog", model=glb, failures=[409, 409]) as there:
        assert made("cog", there.url, tmp_path).metrics["remote_requests"] == 3


@pytest.mark.parametrize(
    ("behaviour", "kind", "code"),
    [
        ({"failures": [503] * 9}, Retryable, "remote-unavailable"),
        ({"failures": ["drop"] * 9}, Retryable, "remote-unavailable"),
        ({"failures": [400]}, BadInput, "remote-refused"),
        ({"failures": [404]}, Permanent, "remote-failed"),
        ({"failures": [403]}, Permanent, "remote-forbidden"),
        ({"failures": ["html"]}, Permanent, "remote-garbage"),
        ({"failures": ["deep"]}, Permanent, "remote-garbage"),
        ({"failures": ["deep-refusal"]}, BadInput, "remote-refused"),
        ({"output": None}, Permanent, "remote-garbage"),
        ({"output": "data:model/gltf-binary;base64,!!!"}, Permanent, "remote-garbage"),
        ({"output": "data:model/gltf-binary;base64,AAAA"}, Permanent, "remote-garbage"),
        ({"output": "http://169.254.169.254/latest/meta-data"}, Permanent, "remote-foreign-url"),
        ({"output": "file:///etc/passwd"}, Permanent, "remote-garbage"),
        ({"error": "CUDA out of memory. Tried to allocate 2 GiB"}, Retryable, "remote-failed"),
        ({"error": "Invalid input: the prompt is empty"}, BadInput, "remote-refused"),
        ({"error": "RuntimeError: shape mismatch"}, Permanent, "remote-failed"),
    ],
)
def test_what_goes_wrong_there_is_told_apart_here(
    behaviour: dict[str, Any], kind: type[EngineError], code: str, glb: Path, tmp_path: Path
) -> None:
    with serving("cog", model=glb, **behaviour) as there:
        refused(kind, code, "cog", there.url, tmp_path, tries=2)


def test_a_redirect_is_not_followed(glb: Path, tmp_path: Path) -> None:
    with serving("cog", model=glb) as other, serving("cog", failures=["redirect"], elsewhere=other.url) as there:
        refused(Permanent, "remote-redirected", "cog", there.url, tmp_path)
        assert not other.seen()


def test_a_file_of_another_host_is_not_fetched_with_the_token(glb: Path, tmp_path: Path) -> None:
    with serving("replicate", model=glb) as other:
        address = f"{other.url}/v1/files/model.glb"
        with serving("replicate", model=glb, output={"mesh": address}) as there:
            refused(Permanent, "remote-foreign-url", "replicate", there.url, tmp_path, download_hosts=("127.0.0.1",))
        assert not other.seen()


def test_a_surface_with_holes_and_an_answer_that_is_too_large_are_refused(glb: Path, tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(subdivisions=2)
    ball.update_faces(np.arange(len(ball.faces)) > 100)
    (tmp_path / "open.glb").write_bytes(ball.export(file_type="glb"))
    with serving("cog", model=tmp_path / "open.glb") as there:
        refused(Permanent, "mesh-invalid", "cog", there.url, tmp_path / "a")
    (tmp_path / "large.glb").write_bytes(b"glTF" + bytes(1_500_000))
    with serving("cog", model=tmp_path / "large.glb") as there:
        refused(Permanent, "remote-too-large", "cog", there.url, tmp_path / "b", max_mb=1)


def test_the_token_is_in_no_message_and_no_log(
    glb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BLOB_TOKEN", TOKEN)
    failures = [503, 503]
    with serving("cog", model=glb, failures=failures, error=f"you sent Bearer {TOKEN}") as there:
        error = refused(Permanent, "remote-failed", "cog", there.url, tmp_path, token_env="BLOB_TOKEN")
        assert there.seen()[-1]["headers"]["authorization"] == f"Bearer {TOKEN}"
    assert "you sent" in error.message
    out, err = capfd.readouterr()
    assert "503" in out + err
    assert TOKEN not in error.message + out + err


def test_a_server_that_is_not_there_is_retryable(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    refused(Retryable, "remote-unavailable", "cog", f"http://127.0.0.1:{port}", tmp_path, tries=2)


def test_a_server_that_takes_too_long_is_told_to_stop(glb: Path, tmp_path: Path) -> None:
    with serving("replicate", model=glb, work_s=60) as there:
        refused(Retryable, "remote-timeout", "replicate", there.url, tmp_path, timeout_seconds=1)
        there.until(lambda seen: any(item["path"].endswith("/cancel") for item in seen))


@pytest.mark.parametrize("server", SETTINGS)
def test_a_cancellation_is_passed_on(server: str, glb: Path, tmp_path: Path) -> None:
    with serving(server, model=glb, work_s=60) as there:
        run = Watched(tmp_path, engine(server, there.url).describe().stages)

        def cancel() -> None:
            there.until(lambda seen: any(item["method"] in ("POST", "PUT") for item in seen))
            run.cancelled.set()

        thread = threading.Thread(target=cancel)
        thread.start()
        with pytest.raises(Cancelled):
            made(server, there.url, tmp_path, run)
        thread.join()
        match server:
            case "replicate":
                there.until(lambda seen: any(item["path"].endswith("/cancel") for item in seen))
            case "cog" | "open_inference":
                there.until(lambda seen: any("cancelled" in item for item in seen))


def test_a_deadline_ends_the_wait(glb: Path, tmp_path: Path) -> None:
    with serving("hunyuan", model=glb, work_s=60) as there:
        deadline = datetime.now(UTC) + timedelta(seconds=1)
        run = Watched(tmp_path, engine("hunyuan", there.url).describe().stages, deadline=deadline)
        with pytest.raises(Cancelled):
            made("hunyuan", there.url, tmp_path, run)
