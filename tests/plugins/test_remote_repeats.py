"""Model servers that go away for a while, and work that a server does while nobody asks for it."""

import itertools
import json
from pathlib import Path

import pytest

from ml_worker.backoff import delays
from ml_worker.engines.port import Permanent, Retryable
from ml_worker.engines.remote.config import Remote
from ml_worker.engines.remote.link import _FIRST_S, _MOST_S
from tests.plugins.remote import Watched, engine, made, refused, serving


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short pauses between repeats."""
    monkeypatch.setattr("ml_worker.engines.remote.link._FIRST_S", 0.05)
    monkeypatch.setattr("ml_worker.engines.remote.link._MOST_S", 0.05)


def test_a_request_outlasts_the_restart_of_a_server() -> None:
    """Five tries, with the pauses as they are at the shortest."""
    pauses = itertools.islice(delays(_FIRST_S, _MOST_S), Remote(id="a/b", url="", protocol="cog", kinds=()).tries - 1)
    assert sum(pauses) > 7


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("server", ["replicate", "hunyuan"])
def test_work_that_was_begun_is_asked_for_until_the_time_is_over(server: str, glb: Path, tmp_path: Path) -> None:
    away = [None, 502, "drop", *[503] * 8]
    with serving(server, model=glb, failures=away, work_s=0.1) as there:
        assert made(server, there.url, tmp_path, tries=2).report["watertight"]
        assert len([item for item in there.seen() if item["method"] == "POST"]) == 1
    with serving(server, model=glb, failures=[None, *[503] * 2000]) as there:
        refused(Retryable, "remote-timeout", server, there.url, tmp_path / "never", tries=2, timeout_seconds=1)


@pytest.mark.parametrize("server", ["replicate", "hunyuan"])
def test_the_next_attempt_takes_up_the_work_that_the_server_does(server: str, glb: Path, tmp_path: Path) -> None:
    with serving(server, model=glb, work_s=0.5) as there:
        stages = engine(server, there.url).describe().stages
        begun = Watched(tmp_path / "begun", stages)
        made(server, there.url, tmp_path / "begun", begun)
        next_one = Watched(tmp_path / "next", stages)
        saved = begun.load_stage("remote-work")
        assert saved is not None
        next_one.save_stage("remote-work", saved)
        assert made(server, there.url, tmp_path / "next", next_one).report["watertight"]
        assert len([item for item in there.seen() if item["method"] == "POST"]) == 1


@pytest.mark.parametrize("kept", ["elsewhere", "unknown", "garbage"])
def test_other_work_is_not_taken_up(kept: str, glb: Path, tmp_path: Path) -> None:
    with serving("replicate", model=glb) as there:
        run = Watched(tmp_path, engine("replicate", there.url).describe().stages)
        url = "http://elsewhere" if kept == "elsewhere" else f"{there.url}/v1"
        content = b"?" if kept == "garbage" else json.dumps({"url": url, "id": "p17"}).encode()
        run.save_stage("remote-work", content)
        made("replicate", there.url, tmp_path, run)
        posts = [item["path"] for item in there.seen() if item["method"] == "POST"]
        assert posts == ["/v1/models/acme/blob/predictions"]
        assert any("p17" in item["path"] for item in there.seen()) == (kept == "unknown")


@pytest.mark.parametrize("failure", ["html", 403])
def test_a_prediction_that_is_given_up_is_cancelled_and_not_taken_up(
    failure: int | str, glb: Path, tmp_path: Path
) -> None:
    with serving("replicate", model=glb, failures=[None, failure], work_s=60) as there:
        run = Watched(tmp_path, engine("replicate", there.url).describe().stages)
        with pytest.raises(Permanent):
            made("replicate", there.url, tmp_path, run)
        there.until(lambda seen: any(item["path"].endswith("/cancel") for item in seen))
        assert b'"id":null' in (run.load_stage("remote-work") or b"")
        with serving("cog", model=glb, failures=["drop"] * 9, work_s=60) as there:
            refused(Retryable, "remote-unavailable", "cog", there.url, tmp_path / "cog", tries=2)
            there.until(lambda seen: any(item["path"].endswith("/cancel") for item in seen))
