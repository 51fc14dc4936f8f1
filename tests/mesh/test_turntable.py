"""The animated picture of one turn, as another program opens it."""

import io
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from PIL import Image, ImageSequence

from ml_worker.engines.port import Cancelled
from ml_worker.mesh.params import Options
from ml_worker.mesh.pipeline import Built, build
from ml_worker.mesh.turntable import FRAME_MS, FRAMES, SIDE
from tests.mesh.runs import RecordedRun
from tests.mesh.solids import BLUE, RED, Parts, ball, block

OPTIONS = Options(formats=("webp",), quality="draft", texture_size=512, target_faces=2000)


def arrow() -> Parts:
    """Red, with a blue nose to its front: no two ways to turn it look alike."""
    parts = (block((0, 0.05, 0), (0.12, 0.05, 0.03)), ball((0.09, 0.06, 0.06), 0.04))
    return Parts(parts, ((-0.12, 0, -0.03), (0.13, 0.1, 0.1)), (RED, BLUE), (0, 1))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(arrow(), OPTIONS, RecordedRun(tmp_path_factory.mktemp("arrow")), name="arrow")


@pytest.fixture(scope="module")
def turntable(built: Built) -> Path:
    (made,) = (each for each in built.files if each.format == "webp")
    assert (made.path.name, made.media_type) == ("arrow.webp", "image/webp")
    return made.path


@pytest.fixture(scope="module")
def frames(turntable: Path) -> list[np.ndarray]:
    with Image.open(turntable) as picture:
        return [np.asarray(frame.convert("RGB"), np.int16) for frame in ImageSequence.Iterator(picture)]


def shape(picture: np.ndarray) -> np.ndarray:
    """(S, S): where the model is. Backdrop and shadow are grey, the arrow is red and blue."""
    return np.asarray(np.ptp(picture, axis=2) > 60)


def alike(one: np.ndarray, two: np.ndarray) -> float:
    """0..1: how much of two shapes is the same, brought to the same box (the turntable's camera stands back)."""
    boxed = []
    for mask in (one, two):
        rows, columns = np.nonzero(mask)
        cut = mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        boxed.append(np.asarray(Image.fromarray(cut).resize((200, 100))))
    return float((boxed[0] & boxed[1]).sum() / (boxed[0] | boxed[1]).sum())


def test_it_loops_for_ever_and_is_small(turntable: Path) -> None:
    with Image.open(turntable) as picture:
        assert (picture.format, picture.n_frames, picture.size) == ("WEBP", FRAMES, (SIDE, SIDE))
        assert picture.info["loop"] == 0
        shown = []
        for number in range(FRAMES):
            picture.seek(number)
            picture.load()
            shown.append(picture.info["duration"])
        assert shown == [FRAME_MS] * FRAMES
    assert turntable.stat().st_size < 400_000


def test_another_reader_sees_the_same_frames(turntable: Path, frames: list[np.ndarray]) -> None:
    done, read = cv2.imreadanimation(str(turntable))
    assert done
    assert (read.loop_count, list(read.durations)) == (0, [FRAME_MS] * FRAMES)
    assert all(np.array_equal(one[..., 2::-1], two) for one, two in zip(read.frames, frames, strict=True))


def test_the_model_is_whole_in_every_frame_and_moves_from_each_to_the_next(frames: list[np.ndarray]) -> None:
    for number, frame in enumerate(frames):
        rows, columns = np.nonzero(shape(frame))
        assert min(rows.min(), columns.min()) >= 6, number
        assert max(rows.max(), columns.max()) < SIDE - 6, number
        assert len(rows) > 0.02 * SIDE * SIDE, number
        before, after = shape(frames[number - 1]), shape(frame)
        assert (before != after).sum() > 100, number


def test_the_step_from_the_last_frame_to_the_first_is_as_small_as_the_others(frames: list[np.ndarray]) -> None:
    steps = [np.abs(frame - frames[number - 1]).mean() for number, frame in enumerate(frames)]
    assert 0.8 * min(steps[1], steps[-1]) < steps[0] < 1.2 * max(steps[1], steps[-1])


def test_it_begins_as_the_preview_shows_the_model(built: Built, frames: list[np.ndarray]) -> None:
    (preview,) = (each.path for each in built.files if each.format == "preview")
    picture = np.asarray(Image.open(preview).convert("RGB"), np.int16)
    near = [alike(shape(picture), shape(frame)) for frame in frames]
    assert near[0] > 0.93
    assert int(np.argmax(near)) == 0
    assert near[FRAMES // 4] < 0.8


def test_the_lamp_and_the_backdrop_stand_still(frames: list[np.ndarray]) -> None:
    corners = np.stack([frame[:40, :40].mean(axis=(0, 1)) for frame in frames])
    assert np.ptp(corners, axis=0).max() < 3
    for number, frame in enumerate(frames):  # the shadow falls to the right, whichever way the model looks
        shadow = (np.ptp(frame, axis=2) < 16) & (frame.max(axis=2) < 190)
        assert shadow.sum() > 500, number
        assert np.nonzero(shadow)[1].mean() > np.nonzero(shape(frame))[1].mean() + 20, number


def test_the_same_model_gives_the_same_bytes(turntable: Path, tmp_path: Path) -> None:
    again = build(arrow(), OPTIONS, RecordedRun(tmp_path), name="arrow")
    assert again.files[0].path.read_bytes() == turntable.read_bytes()


def test_cancelling_is_looked_for_between_the_frames(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path, cancel_at="files")
    with pytest.raises(Cancelled):
        build(arrow(), OPTIONS, run)
    whole = RecordedRun(tmp_path / "whole")
    build(arrow(), msgspec.structs.replace(OPTIONS, formats=("stl",)), whole)
    turning = RecordedRun(tmp_path / "turning")
    build(arrow(), OPTIONS, turning)
    assert turning.checks - whole.checks > 3 * FRAMES
    assert io.BytesIO((tmp_path / "turning" / "model.webp").read_bytes()).read(4) == b"RIFF"
